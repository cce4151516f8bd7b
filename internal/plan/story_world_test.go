package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// story is a world told line by line. A line is a kind, a name and attributes:
//
//	offer small cpu=2 memory=4096 price=12.00
//	group web min=0 max=5 offers=small,medium mixed preferred=medium
//	node n1 group=web type=small state=Ready
//	pod api x3 cpu=500m memory=1Gi node=n1
//	daemonset logs cpu=100m
//	budget api app=api allows=1
//	option cutoff=-10
type story struct{ state State }

var storyNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newStory() *story {
	return &story{State{Now: storyNow, Options: Options{ExpendablePriorityCutoff: -10}}}
}

// attrs are the attributes of a line, taken out as they are read.
type attrs struct {
	values map[string][]string
	err    error
}

func (s *story) line(text string) error {
	if text == "" || strings.HasPrefix(text, "#") {
		return nil
	}
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return fmt.Errorf("want a kind and a name")
	}
	kind, name, rest := fields[0], fields[1], fields[2:]
	if kind == "option" {
		rest = fields[1:]
	}
	a := &attrs{values: map[string][]string{}}
	for _, f := range rest {
		key, value, _ := strings.Cut(f, "=")
		a.values[key] = append(a.values[key], value)
	}
	switch kind {
	case "offer":
		s.offer(name, a)
	case "group":
		s.group(name, a)
	case "node":
		s.node(name, a)
	case "pod":
		s.pod(name, a)
	case "daemonset":
		s.daemonset(name, a)
	case "budget":
		s.budget(name, a)
	case "deployment":
		s.deployment(name, a)
	case "namespace":
		s.state.Namespaces = append(s.state.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: a.pairs("labels")}})
	case "gone":
		s.state.Nodes = slices.DeleteFunc(s.state.Nodes, func(n *Node) bool { return n.Name == name })
		s.state.Pods = slices.DeleteFunc(s.state.Pods, func(p *Pod) bool { return p.node == name || p.meta.Name == name })
	case "option":
		if left := a.number("account-left", -1); left >= 0 {
			s.state.Limit = &Limit{Left: left, Reason: Backoff, Message: "the account is tried with one order"}
		}
		s.state.Options.ExpendablePriorityCutoff = int32(a.number("cutoff", -10))
		s.state.Options.SkipNodesWithLocalStorage = a.flag("skip-local-storage")
		for _, text := range a.all("startup-taint") {
			t, err := ParseStartupTaint(text)
			a.note(err)
			s.state.Options.StartupTaints = append(s.state.Options.StartupTaints, t)
		}
	default:
		if !s.volumeLine(kind, name, a) {
			return fmt.Errorf("unknown kind %q", kind)
		}
	}
	for key := range a.values {
		return fmt.Errorf("unknown attribute %q", key)
	}
	return a.err
}

func (a *attrs) all(key string) []string {
	v := a.values[key]
	delete(a.values, key)
	return v
}

func (a *attrs) text(key, otherwise string) string {
	if v := a.all(key); len(v) > 0 {
		return v[0]
	}
	return otherwise
}

func (a *attrs) flag(key string) bool {
	_, ok := a.values[key]
	delete(a.values, key)
	return ok
}

func (a *attrs) number(key string, otherwise int) int {
	text := a.text(key, "")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	a.note(err)
	return n
}

func (a *attrs) duration(key string) time.Duration {
	text := a.text(key, "")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	a.note(err)
	return d
}

// ago is a time before the story's, zero when the attribute is absent.
func (a *attrs) ago(key string) time.Time {
	if _, ok := a.values[key]; !ok {
		return time.Time{}
	}
	return storyNow.Add(-a.duration(key))
}

func (a *attrs) note(err error) {
	if err != nil && a.err == nil {
		a.err = err
	}
}

// pairs reads labels: key=a=b,c=d.
func (a *attrs) pairs(key string) map[string]string {
	out := map[string]string{}
	for _, v := range a.all(key) {
		for pair := range strings.SplitSeq(v, ",") {
			k, value, _ := strings.Cut(pair, "=")
			out[k] = value
		}
	}
	return out
}

func (a *attrs) quantities(keys map[string]corev1.ResourceName) corev1.ResourceList {
	list := corev1.ResourceList{}
	for key, name := range keys {
		if text := a.text(key, ""); text != "" {
			q, err := resource.ParseQuantity(text)
			a.note(err)
			list[name] = q
		}
	}
	return list
}

func (s *story) offer(name string, a *attrs) {
	price, err := ParseMoney(a.text("price", "10"))
	a.note(err)
	cpu, memory, disk := a.number("cpu", 2), a.number("memory", 4096), a.number("disk", 80)
	o := &Offer{
		InstanceType: name, DatacenterID: a.text("dc", "dc1"), Price: price,
		Allocatable: EstimateAllocatable(cpu, memory, disk), Labels: a.pairs("labels"),
		Available: !a.flag("unavailable"), Stock: a.number("stock", -1),
		BackoffReason: a.text("backoff-reason", "quota"), Spot: a.flag("spot"),
	}
	if d := a.duration("backoff"); d > 0 {
		o.BackoffUntil = storyNow.Add(d)
	}
	if zone := a.text("zone", ""); zone != "" {
		o.Labels[corev1.LabelTopologyZone] = zone
	}
	if gpu := a.number("gpu", 0); gpu > 0 {
		o.Allocatable["example.com/gpu"] = *resource.NewQuantity(int64(gpu), resource.DecimalSI)
	}
	s.state.Offers = append(s.state.Offers, o)
}

func (s *story) group(name string, a *attrs) {
	g := &Group{
		Name: name, Min: a.number("min", 0), Max: a.number("max", 100),
		Paused: a.flag("paused"), Drain: a.flag("drain"), Scheduled: strings.ReplaceAll(a.text("scheduled", ""), "_", " "), Deleting: a.flag("deleting"),
		DatacenterID: a.text("dc", "dc1"), Preferred: a.text("preferred", ""), AllowMixed: a.flag("mixed"), Priority: int32(a.number("priority", 0)),
		Labels: a.pairs("labels"), Taints: a.taints("taint"),
		ScaleUp:   ScaleUp{Enabled: !a.flag("no-up"), Window: a.duration("up-window"), CPU: a.number("up-cpu", 100), Memory: a.number("up-memory", 100)},
		ScaleDown: ScaleDown{Enabled: !a.flag("no-down"), Window: a.duration("down-window"), CPU: a.number("down-cpu", 50), Memory: a.number("down-memory", 50), UnneededTime: a.duration("unneeded")},
		LastScale: a.ago("scaled"), Blocked: strings.ReplaceAll(a.text("blocked", ""), "_", " "), Undeletable: strings.ReplaceAll(a.text("undeletable", ""), "_", " "),
	}
	if cost := a.text("cap", ""); cost != "" {
		most, err := ParseMoney(cost)
		a.note(err)
		g.Limits.Cost = &most
	}
	g.Spot = SpotPolicy(a.text("spot", ""))
	if percent := a.number("spot-percent", 100); percent < 100 {
		g.Limits.SpotPercent = &percent
	}
	g.Disruption = Disruption{Consolidation: Consolidation(a.text("consolidation", "")), MinLifetime: a.duration("min-lifetime"), PaidPeriod: a.duration("paid-period"), MinSavings: a.number("min-savings", 15), Payback: time.Duration(a.number("payback", 24)) * time.Hour, Budgets: a.disruptionBudgets(),
		ReplaceDrifted: a.flag("replace-drifted"), DrainSurge: a.flag("drain-surge"), SparePaid: a.flag("spare-paid"), MaxAge: a.duration("max-age"), Stopped: strings.ReplaceAll(a.text("rollout-stopped", ""), "_", " ")}
	if left := a.number("unproven-left", -1); left >= 0 {
		g.Limit = &Limit{Left: left, Reason: Unproven, Message: "no machine has joined yet"}
	}
	if offers := a.text("offers", ""); offers != "" {
		g.Offers = strings.Split(offers, ",")
	}
	a.datacenters(g)
	s.state.Groups = append(s.state.Groups, g)
}

// datacenters reads in=dc1,dc2, closed=dc1[:why], place-left=dc1:1 and balanced.
func (a *attrs) datacenters(g *Group) {
	in := a.text("in", "")
	g.Balanced = a.flag("balanced")
	if in == "" {
		return
	}
	for id := range strings.SplitSeq(in, ",") {
		g.Datacenters = append(g.Datacenters, Datacenter{ID: id, Offers: g.Offers})
	}
	g.DatacenterID, g.Offers = "", nil
	of := func(id string) *Datacenter {
		i := slices.IndexFunc(g.Datacenters, func(d Datacenter) bool { return d.ID == id })
		if i < 0 {
			a.note(fmt.Errorf("no datacenter %q", id))
			return &Datacenter{}
		}
		return &g.Datacenters[i]
	}
	for _, text := range a.all("closed") {
		id, why, _ := strings.Cut(text, ":")
		of(id).Closed = strings.ReplaceAll(why, "_", " ")
	}
	for _, text := range a.all("place-left") {
		id, left, _ := strings.Cut(text, ":")
		n, err := strconv.Atoi(left)
		a.note(err)
		of(id).Limit = &Limit{Left: n, Reason: Unproven, Message: "no machine has joined there yet"}
	}
}

// disruptionBudgets reads budget=nodes[/reason,reason][@time until it allows more].
func (a *attrs) disruptionBudgets() []DisruptionBudget {
	var out []DisruptionBudget
	for i, text := range a.all("budget") {
		text, opens, _ := strings.Cut(text, "@")
		nodes, reasons, _ := strings.Cut(text, "/")
		n, err := strconv.Atoi(nodes)
		a.note(err)
		b := DisruptionBudget{Nodes: n, Message: fmt.Sprintf("disruption.budgets[%d] allows %d nodes to leave at a time", i, n)}
		if reasons != "" {
			for r := range strings.SplitSeq(reasons, ",") {
				b.Reasons = append(b.Reasons, RemovalReason(r))
			}
		}
		if opens != "" {
			d, err := time.ParseDuration(opens)
			a.note(err)
			b.Until = storyNow.Add(d)
		}
		out = append(out, b)
	}
	return out
}

// taints reads key=value:Effect.
func (a *attrs) taints(key string) []corev1.Taint {
	var out []corev1.Taint
	for _, text := range a.all(key) {
		pair, effect, _ := strings.Cut(text, ":")
		k, v, _ := strings.Cut(pair, "=")
		out = append(out, corev1.Taint{Key: k, Value: v, Effect: corev1.TaintEffect(effect)})
	}
	return out
}

func (s *story) node(name string, a *attrs) {
	n := &Node{
		Name: name, Group: a.text("group", ""), InstanceType: a.text("type", ""), DatacenterID: a.text("dc", "dc1"),
		State: NodeState(a.text("state", string(Ready))), UnneededSince: a.ago("unneeded"), DoNotDelete: a.flag("do-not-delete"),
		Adopted: a.flag("adopted"), Stopped: a.flag("stopped"), Unordered: a.flag("unordered"), Spot: a.flag("spot"),
		Planned: a.all("planned"), ReadySince: a.ago("ready"), Created: a.ago("ordered"),
		RemovalBackoffReason: "drain timed out", Drift: strings.ReplaceAll(a.text("drift", ""), "_", " "), Current: a.flag("current"), Replaces: a.all("replaces"), Together: a.number("together", 0), ReplaceBackoffReason: "its replacement did not come",
	}
	if d := a.duration("drain-failed"); d > 0 {
		n.RemovalBackoffUntil = storyNow.Add(d)
	}
	if d := a.duration("replace-failed"); d > 0 {
		n.ReplaceBackoffUntil = storyNow.Add(d)
	}
	labels, taints := a.pairs("labels"), a.taints("taint")
	if zone := a.text("zone", ""); zone != "" {
		labels[corev1.LabelTopologyZone] = zone
	}
	cordoned, annotations := a.flag("cordoned"), a.pairs("annotation")
	unregistered, created := a.flag("unregistered"), a.ago("created")
	cpu, memory := a.number("cpu", 0), a.number("memory", 0)
	devices, without := a.quantities(map[string]corev1.ResourceName{"gpu": "example.com/gpu"}), a.all("without")
	s.state.Nodes = append(s.state.Nodes, n)
	if unregistered {
		return
	}
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{}, Annotations: annotations, CreationTimestamp: metav1.NewTime(created),
	}}
	for _, o := range s.state.Offers {
		if o.Key() != n.Offer() {
			continue
		}
		object.Status.Allocatable = o.Allocatable
		for _, g := range s.state.Groups {
			if g.Name == n.Group {
				object.Labels = NodeLabels(g, o)
				object.Spec.Taints = append(object.Spec.Taints, g.Taints...)
			}
		}
	}
	if cpu > 0 {
		object.Status.Allocatable = EstimateAllocatable(cpu, memory, 80)
	}
	if len(devices) > 0 {
		object.Status.Allocatable = object.Status.Allocatable.DeepCopy()
		maps.Copy(object.Status.Allocatable, devices)
	}
	if _, ok := a.values["age"]; ok {
		object.CreationTimestamp = metav1.Time{Time: a.ago("age")}
	}
	object.Labels[corev1.LabelHostname] = name
	maps.Copy(object.Labels, labels)
	for _, key := range without {
		delete(object.Labels, key)
		object.Spec.Taints = slices.DeleteFunc(object.Spec.Taints, func(t corev1.Taint) bool { return t.Key == key })
	}
	object.Spec.Taints = append(object.Spec.Taints, taints...)
	object.Spec.Unschedulable = cordoned
	n.Object = object
}

func (s *story) daemonset(name string, a *attrs) {
	spec := a.podSpec()
	spec.NodeName = ""
	s.state.DaemonSets = append(s.state.DaemonSets, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name},
		Spec:       appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: spec}},
	})
}

// deployment has the API server's defaults. Its pods say owner=ReplicaSet/NAME-HASH and labels=pod-template-hash=HASH.
func (s *story) deployment(name string, a *attrs) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	d.Spec.Replicas, d.Spec.Paused = new(int32(a.number("replicas", 1))), a.flag("paused")
	d.Spec.Strategy.Type = appsv1.DeploymentStrategyType(a.text("strategy", string(appsv1.RollingUpdateDeploymentStrategyType)))
	surge, unavailable := intstr.Parse(a.text("surge", "25%")), intstr.Parse(a.text("unavailable", "25%"))
	if d.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &unavailable}
	}
	s.state.Deployments = append(s.state.Deployments, d)
}

func (s *story) budget(name string, a *attrs) {
	object := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	object.Generation = 1
	object.Status = policyv1.PodDisruptionBudgetStatus{
		DisruptionsAllowed: int32(a.number("allows", 0)), CurrentHealthy: int32(a.number("healthy", 0)), DesiredHealthy: int32(a.number("desired", 0)),
		ObservedGeneration: int64(a.number("observed", 1)),
	}
	if policy := a.text("policy", ""); policy != "" {
		object.Spec.UnhealthyPodEvictionPolicy = new(policyv1.UnhealthyPodEvictionPolicyType(policy))
	}
	labels := map[string]string{}
	for key, values := range a.values {
		labels[key] = values[0]
		delete(a.values, key)
	}
	object.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	s.state.Budgets = append(s.state.Budgets, object)
}

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// twinNode is a node of the twin: a plain Kubernetes node and the pods on it.
type twinNode struct {
	*corev1.Node
	// takes: the plan may put pods on it.
	takes bool
	pods  []*corev1.Pod
}

// twin is the slow and obviously right form of the planner's filters: the rules of
// kube-scheduler written down one after another, over whole lists of nodes and pods,
// with none of the planner's own structures.
type twin struct {
	nodes      []*twinNode
	namespaces map[string]labels.Set
}

func (t *twin) node(name string) *twinNode {
	for _, n := range t.nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// refuses says why the pod cannot be put on the node; empty when it can.
func (t *twin) refuses(pod *corev1.Pod, n *twinNode) string {
	for _, check := range []func(*corev1.Pod, *twinNode) string{t.room, t.nodeRules, t.ports, t.affinity, t.antiAffinity, t.spread} {
		if why := check(pod, n); why != "" {
			return why
		}
	}
	return ""
}

func (t *twin) room(pod *corev1.Pod, n *twinNode) string {
	wants := resources.Of(pod)
	room := resources.Of(&corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Resources: corev1.ResourceRequirements{Requests: n.Status.Allocatable}},
	}}})
	for _, p := range n.pods {
		r := resources.Of(p)
		room.CPU, room.Memory, room.Storage = room.CPU-r.CPU, room.Memory-r.Memory, room.Storage-r.Storage
		for _, s := range r.Scalars {
			for i := range room.Scalars {
				if room.Scalars[i].Name == s.Name {
					room.Scalars[i].Amount -= s.Amount
				}
			}
		}
	}
	if wants.CPU > 0 && wants.CPU > room.CPU || wants.Memory > 0 && wants.Memory > room.Memory || wants.Storage > 0 && wants.Storage > room.Storage {
		return "resources"
	}
	if int64(len(n.pods)) >= n.Status.Allocatable.Pods().Value() {
		return "too many pods"
	}
	for _, s := range wants.Scalars {
		have := int64(0)
		for _, r := range room.Scalars {
			if r.Name == s.Name {
				have = r.Amount
			}
		}
		if s.Amount > have {
			return "scalar resources"
		}
	}
	return ""
}

func (t *twin) nodeRules(pod *corev1.Pod, n *twinNode) string {
	if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(n.Node); err != nil || !ok {
		return "node affinity"
	}
	if !tolerates(pod, n.Node) {
		return "taints"
	}
	if n.Spec.Unschedulable && !schedulinghelpers.TolerationsTolerateTaint(klog.Background(), pod.Spec.Tolerations,
		&corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}, false) {
		return "unschedulable"
	}
	return ""
}

func tolerates(pod *corev1.Pod, n *corev1.Node) bool {
	for _, taint := range n.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !schedulinghelpers.TolerationsTolerateTaint(klog.Background(), pod.Spec.Tolerations, &taint, false) {
			return false
		}
	}
	return true
}

func (t *twin) ports(pod *corev1.Pod, n *twinNode) string {
	for _, other := range n.pods {
		for _, a := range pod.Spec.Containers[0].Ports {
			for _, b := range other.Spec.Containers[0].Ports {
				if a.HostPort == b.HostPort && a.HostPort > 0 {
					return fmt.Sprintf("port %d", a.HostPort)
				}
			}
		}
	}
	return ""
}

// picks says whether a term of the holder picks the pod.
func (t *twin) picks(holder *corev1.Pod, term *corev1.PodAffinityTerm, pod *corev1.Pod) bool {
	inNamespace := len(term.Namespaces) == 0 && term.NamespaceSelector == nil && pod.Namespace == holder.Namespace
	for _, n := range term.Namespaces {
		inNamespace = inNamespace || n == pod.Namespace
	}
	if term.NamespaceSelector != nil {
		s, _ := metav1.LabelSelectorAsSelector(term.NamespaceSelector)
		inNamespace = inNamespace || s.Matches(t.namespaces[pod.Namespace])
	}
	for _, key := range term.MatchLabelKeys {
		if v, ok := holder.Labels[key]; ok && pod.Labels[key] != v {
			return false
		}
	}
	s, _ := metav1.LabelSelectorAsSelector(term.LabelSelector)
	return inNamespace && s.Matches(labels.Set(pod.Labels))
}

func requiredNear(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

func requiredApart(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

func sameDomain(key string, a, b *corev1.Node) bool {
	va, oka := a.Labels[key]
	vb, okb := b.Labels[key]
	return oka && okb && va == vb
}

func (t *twin) picksAll(holder, pod *corev1.Pod) bool {
	terms := requiredNear(holder)
	for i := range terms {
		if !t.picks(holder, &terms[i], pod) {
			return false
		}
	}
	return true
}

func (t *twin) affinity(pod *corev1.Pod, n *twinNode) string {
	terms := requiredNear(pod)
	anywhere, missing := false, ""
	for i := range terms {
		key := terms[i].TopologyKey
		if _, ok := n.Labels[key]; !ok {
			return "no label " + key
		}
		found := false
		for _, m := range t.nodes {
			for _, other := range m.pods {
				if !t.picksAll(pod, other) {
					continue
				}
				if _, ok := m.Labels[key]; ok {
					anywhere = true
				}
				found = found || sameDomain(key, m.Node, n.Node)
			}
		}
		if !found {
			missing = "affinity by " + key
		}
	}
	if missing != "" && !anywhere && t.picksAll(pod, pod) {
		return ""
	}
	return missing
}

func (t *twin) antiAffinity(pod *corev1.Pod, n *twinNode) string {
	for _, m := range t.nodes {
		for _, other := range m.pods {
			for _, term := range requiredApart(pod) {
				if t.picks(pod, &term, other) && sameDomain(term.TopologyKey, m.Node, n.Node) {
					return "own anti-affinity to " + other.Name
				}
			}
			for _, term := range requiredApart(other) {
				if t.picks(other, &term, pod) && sameDomain(term.TopologyKey, m.Node, n.Node) {
					return "anti-affinity of " + other.Name
				}
			}
		}
	}
	return ""
}

func (t *twin) spread(pod *corev1.Pod, n *twinNode) string {
	for i := range pod.Spec.TopologySpreadConstraints {
		c := &pod.Spec.TopologySpreadConstraints[i]
		if c.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		value, ok := n.Labels[c.TopologyKey]
		if !ok {
			return "no label " + c.TopologyKey
		}
		counts := t.spreadCounts(pod, c)
		least := 0
		for i, count := range sortedKeys(counts) {
			if i == 0 || counts[count] < least {
				least = counts[count]
			}
		}
		if c.MinDomains != nil && len(counts) < int(*c.MinDomains) {
			least = 0
		}
		self := 0
		if spreadPicks(pod, c, pod) {
			self = 1
		}
		if counts[value]+self-least > int(c.MaxSkew) {
			return fmt.Sprintf("spread by %s: %d with %d at least", c.TopologyKey, counts[value]+self, least)
		}
	}
	return ""
}

func spreadPicks(holder *corev1.Pod, c *corev1.TopologySpreadConstraint, pod *corev1.Pod) bool {
	for _, key := range c.MatchLabelKeys {
		if v, ok := holder.Labels[key]; ok && pod.Labels[key] != v {
			return false
		}
	}
	s, _ := metav1.LabelSelectorAsSelector(c.LabelSelector)
	return pod.Namespace == holder.Namespace && s.Matches(labels.Set(pod.Labels))
}

// spreadCounts are the pods by domain, over the nodes that the constraint minds.
func (t *twin) spreadCounts(pod *corev1.Pod, c *corev1.TopologySpreadConstraint) map[string]int {
	counts := map[string]int{}
	for _, m := range t.nodes {
		minds := true
		for _, other := range pod.Spec.TopologySpreadConstraints {
			if _, ok := m.Labels[other.TopologyKey]; !ok && other.WhenUnsatisfiable == corev1.DoNotSchedule {
				minds = false
			}
		}
		if c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor {
			if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(m.Node); err != nil || !ok {
				minds = false
			}
		}
		if c.NodeTaintsPolicy != nil && *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor && !tolerates(pod, m.Node) {
			minds = false
		}
		if !minds {
			continue
		}
		counts[m.Labels[c.TopologyKey]] += 0
		for _, p := range m.pods {
			if p.DeletionTimestamp == nil && spreadPicks(pod, c, p) {
				counts[m.Labels[c.TopologyKey]]++
			}
		}
	}
	return counts
}

// newTwin lays the state and what the plan buys and places out as plain nodes and
// pods: the end that the plan means to reach, without its removals.
func newTwin(s *State, p *Plan) *twin {
	t := &twin{namespaces: map[string]labels.Set{}}
	for _, n := range s.Namespaces {
		t.namespaces[n.Name] = n.Labels
	}
	groups, offers, pods := map[string]*Group{}, map[string]*Offer{}, map[string]*corev1.Pod{}
	for _, g := range s.Groups {
		groups[g.Name] = g
	}
	for _, o := range s.Offers {
		offers[o.InstanceType] = o
	}
	ordered := func(name, group, instanceType string) *twinNode {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		n.Labels, n.Spec.Taints = shown(s, groups[group], offers[instanceType])
		n.Labels[corev1.LabelHostname] = name
		n.Status.Allocatable = offers[instanceType].Allocatable
		return &twinNode{Node: n, takes: true}
	}
	for _, n := range s.Nodes {
		if n.Object == nil {
			t.nodes = append(t.nodes, ordered(n.Name, n.Group, n.InstanceType))
			continue
		}
		takes := (n.State == Ready || n.State == Ordered) && (groups[n.Group] == nil || !groups[n.Group].Deleting)
		node := n.Object.DeepCopy()
		if n.State == Ordered {
			// What agents add comes later.
			labels, taints := shown(s, groups[n.Group], offers[n.InstanceType])
			maps.Copy(labels, node.Labels)
			node.Labels, node.Spec.Taints = labels, append(taints, node.Spec.Taints...)
		}
		t.nodes = append(t.nodes, &twinNode{Node: node, takes: takes})
	}
	for _, l := range p.Launches {
		t.nodes = append(t.nodes, ordered(l.Name, l.Group, l.InstanceType))
	}
	for _, r := range p.Removals {
		t.nodes = slices.DeleteFunc(t.nodes, func(n *twinNode) bool { return n.Name == r.Node })
	}
	for _, pod := range s.Pods {
		pods[pod.name()] = pod.Object()
		if n := t.node(pod.Object().Spec.NodeName); n != nil && pod.stage == stageBound {
			n.pods = append(n.pods, pod.Object())
		}
	}
	put := func(pod, node string) {
		n := t.node(node)
		n.pods = append(n.pods, pods[pod])
	}
	for _, l := range p.Launches {
		for _, pod := range l.Pods {
			put(pod, l.Name)
		}
	}
	for _, pl := range p.Placements {
		put(pl.Pod, pl.Node)
	}
	for _, r := range p.Removals {
		for _, m := range r.Moves {
			put(m.Pod, m.To)
		}
	}
	return t
}

// without runs a check while the pod is off its node.
func (n *twinNode) without(pod *corev1.Pod, check func()) {
	all := n.pods
	defer func() { n.pods = all }()
	n.pods = nil
	for _, p := range all {
		if p != pod {
			n.pods = append(n.pods, p)
		}
	}
	check()
}

func (t *twin) String() string {
	var b strings.Builder
	for _, n := range t.nodes {
		fmt.Fprintf(&b, "%s takes=%v zone=%s:", n.Name, n.takes, n.Labels[corev1.LabelTopologyZone])
		for _, p := range n.pods {
			fmt.Fprintf(&b, " %s/%s", p.Namespace, p.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

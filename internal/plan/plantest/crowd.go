package plantest

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Crowd describes a random cluster in which hundreds of apps each ask for something of their
// own, so that no two of them can be counted as one.
type Crowd struct {
	// Seed settles all that is drawn.
	Seed uint64
	// Apps have one to Replicas pending pods each, and as many again on Nodes, which are Ready.
	Apps, Replicas, Nodes int
	// Groups buy Types instance types each, in two zones in turn. With OneType they do not mix
	// types, and with Most above 0 they may have that many nodes more than they have.
	Groups, Types, Most int
	OneType             bool
	// Wishes are what an app may ask for: the first of CrowdWishes by the lowest bit, and so on.
	// Each app draws every one of these with Percent.
	Wishes  uint
	Percent int
}

// CrowdWishes is how many wishes there are.
const CrowdWishes = 13

// State is the cluster. The same Crowd gives the same State.
func (c Crowd) State() *plan.State {
	r := rand.New(rand.NewPCG(c.Seed, 2))
	s := &plan.State{Options: plan.Options{ExpendablePriorityCutoff: -10, IgnoreTimers: true}}
	zones := []string{"dc1", "dc2"}
	offers := map[string][]*plan.Offer{}
	for i, dc := range zones {
		offers[dc] = companyOffers(dc, 100+5*plan.Money(i))[:c.Types]
		s.Offers = append(s.Offers, offers[dc]...)
	}
	for i := range c.Groups {
		g := group(fmt.Sprintf("group-%d", i), zones[i%2])
		g.Offers, g.AllowMixed = g.Offers[:c.Types], !c.OneType
		if i%3 == 2 {
			g.Labels = map[string]string{"dedicated": "batch"}
			g.Taints = []corev1.Taint{{Key: "dedicated", Value: "batch", Effect: corev1.TaintEffectNoSchedule}}
		}
		s.Groups = append(s.Groups, g)
	}
	for i := range c.Nodes {
		g := s.Groups[i%len(s.Groups)]
		o := offers[g.DatacenterID][r.IntN(c.Types)]
		if c.OneType {
			o = offers[g.DatacenterID][c.Types-1]
		}
		name := fmt.Sprintf("node-%04d", i)
		labels := plan.NodeLabels(g, o)
		labels[corev1.LabelHostname] = name
		s.Nodes = append(s.Nodes, &plan.Node{Name: name, Group: g.Name, InstanceType: o.InstanceType, DatacenterID: g.DatacenterID, State: plan.Ready,
			Object: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.NodeSpec{Taints: g.Taints}, Status: corev1.NodeStatus{Allocatable: o.Allocatable}}})
	}
	if c.Most > 0 {
		for _, g := range s.Groups {
			g.Max = c.Nodes/c.Groups + c.Most
		}
	}
	for app := range c.Apps {
		s.Pods = append(s.Pods, c.app(r, app)...)
	}
	return s
}

// app draws the pods of an app.
func (c Crowd) app(r *rand.Rand, app int) []*plan.Pod {
	name := fmt.Sprintf("app-%04d", app)
	sizes := companySizes()
	drawn := sizes[r.IntN(len(sizes)/2)]
	var wishes []func(*corev1.Pod)
	for i, wish := range crowdWishes(r, c.Apps) {
		if c.Wishes>>i&1 == 1 && r.IntN(100) < c.Percent {
			wishes = append(wishes, wish)
		}
	}
	newPod := func(n int, node string) *plan.Pod {
		p := pod(fmt.Sprintf("%s-%03d", name, n), name, drawn)
		p.Labels["tier"] = fmt.Sprintf("tier-%d", app%7)
		for _, wish := range wishes {
			wish(p)
		}
		if node != "" {
			p.Spec.NodeName, p.Status = node, corev1.PodStatus{Phase: corev1.PodRunning}
		}
		return plan.NewPod(p)
	}
	replicas := 1 + r.IntN(c.Replicas)
	var pods []*plan.Pod
	for n := range replicas {
		pods = append(pods, newPod(n, ""))
		if c.Nodes > 0 {
			pods = append(pods, newPod(replicas+n, fmt.Sprintf("node-%04d", r.IntN(c.Nodes))))
		}
	}
	return pods
}

// crowdWishes are what an app may ask for.
func crowdWishes(r *rand.Rand, apps int) []func(*corev1.Pod) {
	other := fmt.Sprintf("app-%04d", r.IntN(apps))
	priority, port := int32(r.IntN(50)), int32(8000+r.IntN(20))
	milli, mebi := 50+r.Int64N(900), 64+r.Int64N(2000)
	zone := fmt.Sprintf("dc%d", 1+r.IntN(2))
	tier := fmt.Sprintf("tier-%d", r.IntN(7))
	return []func(*corev1.Pod){
		func(p *corev1.Pod) { apart(p, corev1.LabelHostname, "app", p.Labels["app"]) },
		func(p *corev1.Pod) { apart(p, corev1.LabelTopologyZone, "app", p.Labels["app"]) },
		func(p *corev1.Pod) { apart(p, corev1.LabelHostname, "tier", tier) },
		func(p *corev1.Pod) { Spread(p, corev1.LabelHostname) },
		func(p *corev1.Pod) { Spread(p, corev1.LabelTopologyZone) },
		func(p *corev1.Pod) { spreadBy(p, corev1.LabelHostname, "tier", tier) },
		func(p *corev1.Pod) { spreadBy(p, corev1.LabelTopologyZone, "tier", tier) },
		func(p *corev1.Pod) { near(p, corev1.LabelHostname, other) },
		func(p *corev1.Pod) { near(p, corev1.LabelTopologyZone, other) },
		func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelTopologyZone: zone} },
		func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: port, ContainerPort: port}}
		},
		func(p *corev1.Pod) { p.Spec.Priority = &priority },
		func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources = pod("", "", size{milli, mebi}).Spec.Containers[0].Resources
		},
	}
}

func affinity(p *corev1.Pod) *corev1.Affinity {
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	return p.Spec.Affinity
}

func term(key, label, value string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{label: value}}}
}

// apart adds a required anti-affinity to pods with the label.
func apart(p *corev1.Pod, key, label, value string) {
	a := affinity(p)
	if a.PodAntiAffinity == nil {
		a.PodAntiAffinity = &corev1.PodAntiAffinity{}
	}
	list := &a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	*list = append(*list, term(key, label, value))
}

// near adds a required affinity to pods of the app.
func near(p *corev1.Pod, key, app string) {
	a := affinity(p)
	if a.PodAffinity == nil {
		a.PodAffinity = &corev1.PodAffinity{}
	}
	list := &a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	*list = append(*list, term(key, "app", app))
}

// spreadBy makes the pod spread over the values of a key with the pods that have the label.
func spreadBy(p *corev1.Pod, key, label, value string) {
	p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{label: value}},
	})
}

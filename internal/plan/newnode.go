package plan

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// newNode is what a node of a group and offer will be once it serves: what is ordered,
// and on top of it what the nodes show that are there already.
type newNode struct {
	// labels are all but the hostname; ordered those that nobody had to show.
	labels, ordered map[string]string
	taints          []corev1.Taint
	alloc           resources.Vector
	// residents are the pods that every such node will hold; candidates also those of
	// DaemonSets that choose nodes by what differs between them, such as the hostname.
	residents, candidates []resident
	// shownBy is a node that the type's lessons are from; empty for none.
	shownBy string
}

// resident is a DaemonSet's or static pod of every new node.
type resident struct {
	daemon *daemon
	// pod is as large as such pods really are: admission, LimitRanges, RuntimeClasses and
	// the VerticalPodAutoscaler make them larger than their template.
	pod *Pod
}

// like says of which nodes the lessons are; empty when there are none.
func (n *newNode) like() string {
	if n.shownBy == "" {
		return ""
	}
	return "on nodes like " + n.shownBy + " "
}

type newNodeKey struct {
	group *Group
	offer *Offer
}

// newNode works out what a node of the group and offer will be.
func (w *world) newNode(g *Group, o *Offer) *newNode {
	key := newNodeKey{g, o}
	if n := w.newNodes[key]; n != nil {
		return n
	}
	n := &newNode{ordered: NodeLabels(g, o), taints: w.state.Options.Of(g).lastingTaints(g.Taints), alloc: w.dims.Amounts(g.allocatable(o))}
	w.newNodes[key] = n
	l := w.lessons
	n.labels = l.labels(g, o, n.ordered)
	n.taints = append(n.taints, l.taints(g, o, n.taints)...)
	l.devices(g, o, n.alloc)
	w.settleResidents(g, o, n)
	if teachers := l.nearest(g, o); len(teachers) > 0 {
		n.shownBy = teachers[0].Name
	}
	return n
}

// settleResidents finds the pods of DaemonSets that will run on the new node, and the
// static and other such pods that all nodes like it have.
func (w *world) settleResidents(g *Group, o *Offer, n *newNode) {
	shape := w.filters.NewNodeClass("\x00", withHostname(n.labels), n.taints, false)
	for _, d := range w.daemons {
		if d.set == nil {
			continue
		}
		r := resident{d, w.lessons.sized(d, g, o)}
		n.candidates = append(n.candidates, r)
		if d.class.On(shape) == filter.Suits {
			n.residents = append(n.residents, r)
		}
	}
	for _, pod := range w.lessons.companions(g, o) {
		r := resident{w.companion(pod), pod}
		n.candidates, n.residents = append(n.candidates, r), append(n.residents, r)
	}
}

// companion is the daemon of a pod that belongs to every node without being a known
// DaemonSet's.
func (w *world) companion(pod *Pod) *daemon {
	key := residentKeyOf(pod)
	for _, d := range w.daemons {
		if d.key == key {
			return d
		}
	}
	d := &daemon{key: key, pod: pod, class: w.class(pod)}
	w.daemons = append(w.daemons, d)
	return d
}

// withHostname adds a hostname that no node has. No pod can name a node that does not
// exist yet, and a name must be there for selectors to be held against; NUL is in no
// node's name.
func withHostname(labels map[string]string) map[string]string {
	all := make(map[string]string, len(labels)+1)
	maps.Copy(all, labels)
	all[corev1.LabelHostname] = "\x00"
	return all
}

func (w *world) newTemplate(g *group, o *Offer, s *stock) *template {
	n := w.newNode(g.Group, o)
	labels := withHostname(n.labels)
	t := &template{
		group: g, offer: o, labels: labels, taints: n.taints, nodeClass: w.filters.NewNodeClass("\x00", labels, n.taints, false), stock: s,
		newNode: n, alloc: n.alloc, barred: barredFor(g.Group, o, w.state.Now), spends: spendingOf(o),
	}
	t.free = slices.Clone(t.alloc)
	for _, r := range n.residents {
		t.daemons = append(t.daemons, r.daemon)
		if !w.expendable(r.pod) {
			w.dims.AddSize(t.free, &r.pod.requests, -1)
			continue
		}
		if t.yields == nil {
			t.yields = make(resources.Vector, len(w.dims.Names))
		}
		w.dims.AddSize(t.yields, &r.pod.requests, 1)
	}
	t.overhead = amountOf(t.alloc).minus(amountOf(t.free))
	t.unyielded = t.free
	if t.yields != nil {
		t.unyielded = slices.Clone(t.free)
		t.unyielded.Add(t.yields, -1)
	}
	return t
}

// describeComing tells what a machine will be that is on its way, or Ready since a short
// time: what was ordered and learnt, and what its Node already says, where one has
// registered. Devices and labels that an agent adds come after the kubelet.
func (w *world) describeComing(h *host) {
	n := h.node
	var will *newNode
	if offer := w.offerOf(n); offer != nil && h.group != nil {
		will = w.newNode(h.group.Group, offer)
		h.coming = will
	}
	h.Labels = map[string]string{}
	if will != nil {
		maps.Copy(h.Labels, will.labels)
		h.alloc, h.Taints = slices.Clone(will.alloc), slices.Clone(will.taints)
	}
	h.Labels[corev1.LabelHostname] = n.Name
	if n.Object == nil {
		return
	}
	h.Cordoned = n.Object.Spec.Unschedulable
	for k, v := range n.Object.Labels {
		if n.State == Ordered && will != nil && w.putOn(h.group.Group, k) {
			continue // whatever the kubelet said first
		}
		h.Labels[k] = v
	}
	if n.State != Ordered {
		h.Taints = nil // the group's taints have been put on it when it joined
	}
	for _, t := range w.optionsOf(h).lastingTaints(n.Object.Spec.Taints) {
		if !slices.ContainsFunc(h.Taints, func(have corev1.Taint) bool { return have.MatchTaint(&t) }) {
			h.Taints = append(h.Taints, t)
		}
	}
	if len(n.Object.Status.Allocatable) == 0 {
		return
	}
	shown := w.dims.Amounts(n.Object.Status.Allocatable)
	for i := resources.FirstScalar; i < len(shown) && will != nil; i++ {
		shown[i] = max(shown[i], will.alloc[i])
	}
	h.alloc = shown
}

// optionsOf are the options as they are for the host.
func (w *world) optionsOf(h *host) *Options {
	if h.group == nil {
		return &w.state.Options
	}
	return w.state.Options.Of(h.group.Group)
}

// putOn says that the autoscaler puts the label on the group's nodes when they join.
func (w *world) putOn(g *Group, key string) bool {
	switch key {
	case LabelNodeGroup, LabelInstanceType, LabelDatacenter, corev1.LabelInstanceTypeStable, corev1.LabelTopologyRegion:
		return true
	case corev1.LabelTopologyZone:
		return g.Zonal() || g.Labels[key] != ""
	}
	_, ok := g.Labels[key]
	return ok
}

// reserveResidents keeps room on a machine that has only just come, or is still to come,
// for what will run there and has no pod there yet.
func (w *world) reserveResidents(h *host) {
	residents := []resident{}
	if h.coming != nil {
		residents = h.coming.candidates
	} else {
		for _, d := range w.daemons {
			if d.set != nil {
				residents = append(residents, resident{d, d.pod})
			}
		}
	}
	for _, r := range residents {
		if slices.ContainsFunc(h.bound, func(s seated) bool { return r.daemon.owns(s.pod) }) ||
			r.daemon.set != nil && w.verdict(r.daemon.class, h) != filter.Suits {
			continue
		}
		w.sitAs(h, r.pod, r.daemon.kind, true)
	}
}

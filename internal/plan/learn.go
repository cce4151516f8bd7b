package plan

import (
	"iter"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// lessons are what Ready nodes show of what new ones will be like. The nodes of the same
// group and type teach; without any those of the group, without these those of the type
// in the same datacenter.
type lessons struct {
	state *State
	dims  *resources.Dimensions
	// teachers are the Ready nodes, by name, under each key that they count for.
	teachers map[lessonKey][]*Node
	bases    map[newNodeKey]map[string]string
	groups   map[string]*Group
	offers   map[OfferKey]*Offer
	// residents are the DaemonSet and static pods on the teachers, by what the node is and
	// by what the pod is one of.
	residents map[lessonKey]map[residentKey]*shownPod
	// known are the DaemonSets that there are.
	known map[residentKey]bool
	// topology are the labels by which CSI drivers say where a node is.
	topology map[string]bool
	// vendor: the cluster uses VPSie's own CSI driver.
	vendor bool
}

// lessonKey is what nodes have in common; what is empty may be anything.
type lessonKey struct{ group, instanceType, datacenter string }

// residentKey is what a pod is one of that belongs to its node: a DaemonSet or its like,
// or a static pod.
type residentKey struct{ namespace, kind, name string }

// shownPod is the largest pod of a kind, and how many settled nodes have one.
type shownPod struct {
	pod     *Pod
	settled int
}

// VPSie's CSI driver says by the label vendorTopology in which datacenter a node is, and attaches no more than
// vendorVolumes volumes to it. Both hold from the first node on.
const (
	vendorDriver   = "vpsie.csi.vpsie.com"
	vendorTopology = "region"
	vendorVolumes  = 7
)

func newLessons(w *world) *lessons {
	s := w.state
	l := &lessons{
		state: s, dims: w.dims, offers: w.offers, teachers: map[lessonKey][]*Node{}, bases: map[newNodeKey]map[string]string{},
		groups: map[string]*Group{}, known: map[residentKey]bool{}, residents: map[lessonKey]map[residentKey]*shownPod{}, topology: map[string]bool{},
	}
	for _, g := range s.Groups {
		l.groups[g.Name] = g
	}
	for _, set := range s.DaemonSets {
		l.known[residentKey{set.Namespace, "DaemonSet", set.Name}] = true
	}
	byName := make(map[string]*Node, len(s.Nodes))
	var settled, settling []*Node
	for _, n := range s.Nodes {
		if n.State != Ready || n.Object == nil {
			continue
		}
		byName[n.Object.Name] = n
		if s.settling(n) {
			settling = append(settling, n)
		} else {
			settled = append(settled, n)
		}
	}
	// A settled node comes first: it shows all that there is to be shown.
	for _, nodes := range [][]*Node{settled, settling} {
		slices.SortFunc(nodes, func(a, b *Node) int { return strings.Compare(a.Name, b.Name) })
		for _, n := range nodes {
			for k := range keysOfNode(n) {
				l.teachers[k] = append(l.teachers[k], n)
			}
		}
	}
	l.readResidents(w.residents, byName)
	l.readDrivers()
	return l
}

// keysOfNode are the node's own key, and those of the larger sets that it is in.
func keysOfNode(n *Node) iter.Seq[lessonKey] {
	return func(yield func(lessonKey) bool) {
		for _, k := range [...]lessonKey{
			{datacenter: n.DatacenterID}, // the only one of a node that is of no group
			{n.Group, n.InstanceType, n.DatacenterID}, {n.Group, "", n.DatacenterID}, {"", n.InstanceType, n.DatacenterID},
		} {
			if !yield(k) || n.Group == "" {
				return
			}
		}
	}
}

// readResidents notes the DaemonSet and static pods of the teachers.
func (l *lessons) readResidents(pods []*Pod, byName map[string]*Node) {
	for _, p := range pods {
		n := byName[p.node]
		key := residentKeyOf(p)
		if n == nil || key.name == "" {
			continue
		}
		at := lessonKey{n.Group, n.InstanceType, n.DatacenterID}
		if l.residents[at] == nil {
			l.residents[at] = map[residentKey]*shownPod{}
		}
		shown := l.residents[at][key]
		if shown == nil {
			shown = &shownPod{pod: p}
			l.residents[at][key] = shown
		}
		shown.pod = larger(shown.pod, p)
		if !l.state.settling(n) {
			shown.settled++
		}
	}
}

// residentKeyOf is empty for pods of which another node need not have the like.
func residentKeyOf(p *Pod) residentKey {
	if isMirrorPod(p.meta) {
		return residentKey{p.meta.Namespace, "static", strings.TrimSuffix(p.meta.Name, "-"+p.node)}
	}
	if owner := metav1.GetControllerOfNoCopy(p.meta); owner != nil {
		return residentKey{p.meta.Namespace, owner.Kind, owner.Name}
	}
	return residentKey{}
}

// larger is a pod that asks for the larger amount of everything.
func larger(a, b *Pod) *Pod {
	most := a.requests.AtLeast(&b.requests)
	if most.Equal(&a.requests) {
		if a.meta.Name > b.meta.Name && most.Equal(&b.requests) {
			return b // of equal pods the first by name, in whatever order they come
		}
		return a
	}
	if most.Equal(&b.requests) {
		return b
	}
	made := *a
	if b.meta.Name < a.meta.Name {
		made = *b
	}
	made.requests = most
	return &made
}

func (l *lessons) readDrivers() {
	for _, n := range l.state.CSINodes {
		for _, d := range n.Spec.Drivers {
			l.vendor = l.vendor || d.Name == vendorDriver
			for _, key := range d.TopologyKeys {
				l.topology[key] = true
			}
		}
	}
	for _, d := range l.state.CSIDrivers {
		l.vendor = l.vendor || d.Name == vendorDriver
	}
	for _, c := range l.state.StorageClasses {
		l.vendor = l.vendor || c.Provisioner == vendorDriver
	}
	for _, v := range l.state.Volumes {
		l.vendor = l.vendor || v.Spec.CSI != nil && v.Spec.CSI.Driver == vendorDriver
	}
}

// levels are the sets of nodes that teach of a group and offer, the nearest first.
func levels(g *Group, o *Offer) []lessonKey {
	return []lessonKey{{g.Name, o.InstanceType, o.DatacenterID}, {g.Name, "", o.DatacenterID}, {"", o.InstanceType, o.DatacenterID}}
}

// nearest are the teachers of the group and type; nil when there is none.
func (l *lessons) nearest(g *Group, o *Offer) []*Node { return l.teachers[levels(g, o)[0]] }

// labels are those of a new node: what was ordered, changed and completed as the nearest
// nodes show.
func (l *lessons) labels(g *Group, o *Offer, ordered map[string]string) map[string]string {
	labels := maps.Clone(ordered)
	if _, set := labels[vendorTopology]; l.vendor && !set {
		labels[vendorTopology] = o.DatacenterID
	}
	for _, level := range levels(g, o) {
		teachers := l.teachers[level]
		if level.group == "" {
			// What another NodeGroup has ordered is no lesson, and of a node whose NodeGroup is
			// not known that cannot be told.
			teachers = slices.DeleteFunc(slices.Clone(teachers), func(n *Node) bool { return l.groups[n.Group] == nil })
		}
		if len(teachers) == 0 {
			continue
		}
		for key, value := range l.common(teachers) {
			if _, own := ordered[key]; !own || level.group != "" {
				labels[key] = value
			}
		}
		break
	}
	// What the offer says of its nodes is given by a person.
	maps.Copy(labels, o.Labels)
	// Where a driver has said nothing in the group yet, it says the same as elsewhere in
	// the datacenter.
	for key, value := range l.common(l.teachers[lessonKey{datacenter: o.DatacenterID}]) {
		if _, set := labels[key]; !set && l.topology[key] && len(l.nearest(g, o)) == 0 {
			labels[key] = value
		}
	}
	return labels
}

// common are the labels, beside what was ordered, that all of the nodes have. One that
// has only just become Ready may still lack some.
func (l *lessons) common(teachers []*Node) map[string]string {
	if len(teachers) == 0 {
		return nil
	}
	found := map[string]string{}
	for _, n := range teachers {
		if n != teachers[0] && !l.state.settling(teachers[0]) {
			break // all settled nodes must have it, the first among them
		}
		for key, value := range n.Object.Labels {
			if !l.ownLabel(n, key, value) {
				found[key] = value
			}
		}
	}
	for _, n := range teachers {
		for key, value := range found {
			has, ok := n.Object.Labels[key]
			if ok && has != value || !ok && !l.state.settling(n) {
				delete(found, key)
			}
		}
	}
	return found
}

// ownLabel says that the label is the node's alone, or as it was ordered.
func (l *lessons) ownLabel(n *Node, key, value string) bool {
	switch key {
	case corev1.LabelHostname, LabelNodeGroup, LabelInstanceType, LabelDatacenter, LabelCapacityType:
		return true
	}
	// Some drivers make a topology of every node.
	if value == n.Object.Name || value == n.Object.Labels[corev1.LabelHostname] && value != "" || value == string(n.Object.UID) && value != "" {
		return true
	}
	ordered, ok := l.base(n)[key]
	return ok && ordered == value
}

// base are the labels that were ordered for a node that is there.
func (l *lessons) base(n *Node) map[string]string {
	g := l.groups[n.Group]
	if g == nil {
		return nil
	}
	o := l.offers[n.Offer()]
	if o == nil {
		o = &Offer{InstanceType: n.InstanceType, DatacenterID: n.DatacenterID, Spot: n.Spot}
		return NodeLabels(g, o)
	}
	key := newNodeKey{g, o}
	if l.bases[key] == nil {
		l.bases[key] = NodeLabels(g, o)
	}
	return l.bases[key]
}

// taints are what others put on all nodes of the group and type. One node alone may have
// been tainted by hand.
func (l *lessons) taints(g *Group, o *Offer, ordered []corev1.Taint) []corev1.Taint {
	teachers := l.nearest(g, o)
	if len(teachers) < 2 {
		return nil
	}
	var found []corev1.Taint
	for _, t := range l.state.Options.Of(g).lastingTaints(teachers[0].Object.Spec.Taints) {
		same := func(other corev1.Taint) bool { return other.MatchTaint(&t) && other.Value == t.Value }
		known := slices.ContainsFunc(ordered, func(other corev1.Taint) bool { return other.MatchTaint(&t) })
		if known || !filter.Repels(&t) || passing(&t) || slices.ContainsFunc(teachers, func(n *Node) bool { return !slices.ContainsFunc(n.Object.Spec.Taints, same) }) {
			continue
		}
		found = append(found, t)
	}
	return found
}

// passing says that the taint tells of a condition of the node, or of its removal.
func passing(t *corev1.Taint) bool {
	return strings.HasPrefix(t.Key, "node.kubernetes.io/") ||
		t.Key == "ToBeDeletedByClusterAutoscaler" || t.Key == "DeletionCandidateOfClusterAutoscaler"
}

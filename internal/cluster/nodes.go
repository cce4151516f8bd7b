package cluster

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// nodesOf joins machines and Kubernetes nodes: one plan.Node for each pair, for
// each machine whose node has not registered, and for each node without a machine.
func (b *Builder) nodesOf(o *Objects) []*plan.Node {
	byName := make(map[string]*corev1.Node, len(o.Nodes))
	for _, n := range o.Nodes {
		byName[n.Name] = n
	}
	nodes := make([]*plan.Node, 0, len(o.VPSieNodes))
	before := b.joined
	if before != nil {
		b.joined = make(map[*v1alpha1.VPSieNode]joined, len(o.VPSieNodes))
	}
	owners := NodeOwners(o.VPSieNodes)
	for _, m := range o.VPSieNodes {
		name := NodeNameOf(m)
		object := byName[name]
		if owners[name] != m {
			object = nil
		}
		nodes = append(nodes, b.join(before, m, object))
	}
	groups := make(map[string]*v1alpha1.NodeGroup, len(o.NodeGroups))
	for _, g := range o.NodeGroups {
		groups[g.Name] = g
	}
	compareWithNew(o, nodes, groups)
	for _, n := range o.Nodes {
		if owners[n.Name] == nil {
			nodes = append(nodes, foreignNode(n, groups, o.Live))
		}
	}
	return nodes
}

// join is machineNode, but for a machine and a Node that were there before.
func (b *Builder) join(before map[*v1alpha1.VPSieNode]joined, m *v1alpha1.VPSieNode, object *corev1.Node) *plan.Node {
	if before == nil {
		return machineNode(m, object)
	}
	one, known := before[m]
	if !known || one.object != object {
		one = joined{object, *machineNode(m, object)}
	}
	b.joined[m] = one
	return &one.node // a copy: what is added to the nodes of one State is not for the next
}

// NodeNameOf is the name of a machine's Kubernetes node: the one it joined
// under, else its own, under which it will join.
func NodeNameOf(m *v1alpha1.VPSieNode) string {
	switch {
	case m.Status.NodeName != "":
		return m.Status.NodeName
	case m.Spec.NodeName != "":
		return m.Spec.NodeName
	}
	return m.Name
}

func machineNode(m *v1alpha1.VPSieNode, object *corev1.Node) *plan.Node {
	n := &plan.Node{
		Name:          m.Name,
		Machine:       m.Name,
		Group:         m.Spec.NodeGroupName,
		InstanceType:  m.Spec.InstanceType,
		DatacenterID:  m.Spec.DatacenterID,
		Spot:          IsSpot(m),
		LastPrice:     LastPrice(m),
		Capacity:      sizeOf(m),
		Kubelet:       m.Annotations[v1alpha1.AnnotationKubelet],
		State:         stateOf(m, object),
		Created:       orderedAt(m),
		Object:        object,
		UnneededSince: timeAnnotation(m, v1alpha1.AnnotationUnneededSince),
		DoNotDelete:   MustNotDelete(m),
		Adopted:       madeByPerson(m),
		Stopped:       stopped(m),
		Unordered:     IsUnordered(m),
		Replaces:      Replaces(m),
		Together:      ReplacesTogether(m),
	}
	if f := FailedReplacement(m); f != nil {
		n.ReplaceBackoffUntil, n.ReplaceBackoffReason = f.Until, f.Why
	}
	if object != nil {
		n.ReadySince = readySince(object)
		if at := m.Status.ReadyAt; at != nil && at.After(n.ReadySince) && n.State == plan.Ready {
			n.ReadySince = at.Time
		}
		n.DoNotDelete = n.DoNotDelete || MustNotDelete(object)
		if n.State != plan.Ordered || m.Status.Phase == v1alpha1.PhaseReady {
			n.Name = object.Name
		}
	}
	return n
}

// LastPrice is what the machine cost when its price was last known; 0 when it never was.
func LastPrice(m *v1alpha1.VPSieNode) plan.Money {
	if price, err := plan.ParseMoney(m.Status.CostPerMonth); err == nil {
		return price
	}
	// Versions before costPerMonth wrote only this, to four decimals.
	hourly, err := plan.ParseMoney(m.Status.CostPerHour)
	if err != nil {
		return 0
	}
	return hourly * plan.HoursPerMonth
}

// sizeOf is the size that VPSie told of the machine; nil before it has.
func sizeOf(m *v1alpha1.VPSieNode) corev1.ResourceList {
	r := m.Status.Resources
	if r.CPU == 0 && r.MemoryMB == 0 {
		return nil
	}
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(r.CPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(r.MemoryMB<<20, resource.BinarySI),
	}
}

// orderedAt is when the machine's VPS was ordered, as far as the object says it. Tools that
// tidy dumps up, and people, leave the times of the metadata out.
func orderedAt(m *v1alpha1.VPSieNode) time.Time {
	switch {
	case m.Status.OrderedAt != nil:
		return m.Status.OrderedAt.Time
	case m.CreationTimestamp.IsZero() && m.Status.CreatedAt != nil:
		return m.Status.CreatedAt.Time
	}
	return m.CreationTimestamp.Time
}

// madeByPerson says that a person made the object. Files that were written by hand bear
// neither a UID nor the annotation, and do not say who made what.
func madeByPerson(m *v1alpha1.VPSieNode) bool {
	return m.UID != "" && m.Annotations[v1alpha1.AnnotationLaunchReason] == ""
}

// stopped says that VPSie lists the VPS of a machine that was ready as not running.
func stopped(m *v1alpha1.VPSieNode) bool {
	return m.Status.Phase == v1alpha1.PhaseReady && meta.IsStatusConditionFalse(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
}

func stateOf(m *v1alpha1.VPSieNode, object *corev1.Node) plan.NodeState {
	switch {
	case !m.DeletionTimestamp.IsZero():
		return plan.Terminating
	case m.Status.Phase == v1alpha1.PhaseFailed:
		return plan.Failed
	case m.Status.Phase == v1alpha1.PhaseTerminating, m.Status.Phase == v1alpha1.PhaseDeleting:
		return plan.Terminating
	case object != nil && !object.DeletionTimestamp.IsZero():
		// Somebody deletes the Node, and a finalizer holds it: pods put there go with it.
		return plan.Terminating
	case m.Status.Phase != v1alpha1.PhaseReady:
		return plan.Ordered
	case object == nil || !IsReady(object):
		return plan.NotReady
	case notLetIn(object):
		// Taken for Ready it would look useless to the pods that wait for it, taken for
		// NotReady it would be lost to them; either way another would be bought.
		return plan.Ordered
	}
	return plan.Ready
}

// foreignNode is a node without a VPSieNode: part of a group only if its labels
// say so, as in a dump of a cluster without the autoscaler's objects. In a live cluster
// it is part of none, because the autoscaler could not remove it.
func foreignNode(n *corev1.Node, groups map[string]*v1alpha1.NodeGroup, live bool) *plan.Node {
	state := plan.NotReady
	if IsReady(n) {
		state = plan.Ready
	}
	if !n.DeletionTimestamp.IsZero() {
		state = plan.Terminating
	}
	group := n.Labels[v1alpha1.LabelNodeGroup]
	if live {
		group = ""
	}
	instanceType, datacenter := BoughtAs(n, groups[group])
	return &plan.Node{
		Name:         n.Name,
		Group:        group,
		InstanceType: instanceType,
		DatacenterID: datacenter,
		Spot:         IsSpot(n),
		State:        state,
		Created:      n.CreationTimestamp.Time,
		ReadySince:   readySince(n),
		Object:       n,
		DoNotDelete:  MustNotDelete(n),
	}
}

// BoughtAs is what a node without a VPSieNode was bought as, by its labels, in the words of its group; nil for none.
func BoughtAs(n *corev1.Node, g *v1alpha1.NodeGroup) (instanceType, datacenterID string) {
	var types []string
	if g != nil {
		types = g.OfferingNames()
	}
	return nameOf(cmp.Or(n.Labels[v1alpha1.LabelInstanceType], n.Labels[corev1.LabelInstanceTypeStable]), types), datacenterOf(n, g)
}

// nameOf is the cloud's name that the label's value was made from (plan.LabelValue), the
// value itself when it is none of the names.
func nameOf(value string, names []string) string {
	for _, name := range names {
		if value != "" && plan.LabelValue(name) == value {
			return name
		}
	}
	return value
}

// IsReady tells whether the node's Ready condition is True.
func IsReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// readySince is when the node became Ready; zero when it is not, or does not say.
func readySince(n *corev1.Node) time.Time {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// notLetIn tells whether the node bears a taint that Kubernetes takes away a
// moment after its kubelet has become ready.
func notLetIn(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool {
		return t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable
	})
}

func timeAnnotation(m *v1alpha1.VPSieNode, name string) time.Time {
	// An unreadable time reads as none: the timer starts again, which only delays.
	t, _ := time.Parse(time.RFC3339, m.Annotations[name])
	return t
}

package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// machine is a VPS that is paid for.
type machine struct {
	object *v1alpha1.VPSieNode
	// node is nil until it has joined.
	node  *corev1.Node
	offer *plan.Offer
	// size is what its node offers to pods.
	size    corev1.ResourceList
	group   *v1alpha1.NodeGroup
	fate    fate
	ordered time.Time
	// takes: pods may be put on it; closed: but for now none are; avoided: they are put elsewhere where they fit.
	takes, closed, avoided bool
	held                   map[*life]bool
	// freeMilli, freeMemory and freePods are what no pod has asked for.
	freeMilli, freeMemory, freePods int64
	planned                         []string
	// daemons are the pods of DaemonSets that it runs.
	daemons []*corev1.Pod
}

func (m *machine) leave(l *life) {
	delete(m.held, l)
	m.freeMilli, m.freeMemory, m.freePods = m.freeMilli+l.milli, m.freeMemory+l.memory, m.freePods+1
	l.on = nil
}

func (m *machine) enter(l *life) {
	m.held[l] = true
	m.freeMilli, m.freeMemory, m.freePods = m.freeMilli-l.milli, m.freeMemory-l.memory, m.freePods-1
	l.on = m
}

// lives are its pods, in the order of their demand.
func (m *machine) lives() []*life {
	return slices.SortedFunc(maps.Keys(m.held), func(a, b *life) int { return cmp.Compare(a.demand, b.demand) })
}

// order buys a machine.
func (s *simulation) order(l *plan.Launch) {
	g := s.group(l.Group)
	offer := s.offers[plan.OfferKey{DatacenterID: l.DatacenterID, InstanceType: l.InstanceType, Spot: l.Spot}]
	s.made++
	name := fmt.Sprintf("vpsie-%s-%05d", g.Name, s.made)
	f := s.Cloud.fate(s.Seed, s.made)
	s.books.bought(l, name, f.refused)
	if f.refused {
		offer.BackoffUntil, offer.BackoffReason = s.now.Add(s.Cloud.RefusalPause), "VPSie refused the order"
		return
	}
	m := &machine{object: control.OrderFor(g, *l, name), offer: offer, size: cluster.Allocatable(g, offer), group: g, fate: f, ordered: s.now, held: map[*life]bool{}, planned: l.Pods}
	at := metav1.NewTime(s.now)
	m.object.UID, m.object.CreationTimestamp = types.UID(name), at
	m.object.Status = v1alpha1.VPSieNodeStatus{
		Phase: v1alpha1.PhaseProvisioning, OrderedAt: &at, CostPerMonth: offer.Price.String(), CostPerHour: plan.Hourly(offer.Price).String(),
	}
	if l.Reason != plan.Replacement { // what replaces a node is no scaling
		g.Status.LastScaleTime = &at
	}
	i, _ := s.byName(name)
	s.machines = slices.Insert(s.machines, i, m)
	if f.failsToBoot {
		s.queue.plan(s.now.Add(s.Cloud.JoinTimeout), func() { s.fail(m) })
		return
	}
	s.queue.plan(s.now.Add(f.boot), func() { s.join(m) })
}

// join makes a machine a ready node, unless it has been removed meanwhile.
func (s *simulation) join(m *machine) {
	if !m.object.DeletionTimestamp.IsZero() {
		return
	}
	name, at := m.object.Name, metav1.NewTime(s.now)
	g := &plan.Group{Name: m.group.Name, Labels: m.group.Spec.NodeLabels(), Datacenters: cluster.DatacentersOf(m.group, nil)}
	labels := plan.NodeLabels(g, m.offer)
	labels[corev1.LabelHostname] = name
	m.node = &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: labels, CreationTimestamp: at},
		Spec:       corev1.NodeSpec{Taints: m.group.Spec.Taints},
		Status: corev1.NodeStatus{
			Capacity: m.offer.Capacity, Allocatable: m.size,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: at}},
		},
	}
	m.object.Status.Phase, m.object.Status.NodeName, m.object.Status.ReadyAt = v1alpha1.PhaseReady, name, &at
	m.takes = true
	m.freeMilli, m.freeMemory = m.size.Cpu().MilliValue(), m.size.Memory().Value()
	m.freePods = m.size.Pods().Value()
	s.startDaemons(m)
	if at := s.now.Add(m.fate.failsAfter); m.fate.failsAfter < s.end.Sub(s.now) {
		s.queue.plan(at, func() { s.breakDown(m) })
	}
}

// fail gives up a machine that has not joined in time.
func (s *simulation) fail(m *machine) {
	if !m.object.DeletionTimestamp.IsZero() {
		return
	}
	m.object.Status.Phase = v1alpha1.PhaseFailed
	s.books.failed(m, "it did not join in time")
	s.dismiss(m)
}

// evictionDelay is how long pods stay bound to a node that is not ready: the toleration
// that Kubernetes gives every pod.
const evictionDelay = 5 * time.Minute

// breakDown has a node fail: its pods are made anew after a while, and later it is replaced.
func (s *simulation) breakDown(m *machine) {
	if !m.object.DeletionTimestamp.IsZero() {
		return
	}
	m.takes = false
	m.node = m.node.DeepCopy()
	m.node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(s.now)}}
	s.queue.plan(s.now.Add(evictionDelay), func() { s.disrupt(m, "NodeFailed") })
	s.queue.plan(s.now.Add(s.Cloud.UnreadyTimeout), func() {
		if m.object.DeletionTimestamp.IsZero() {
			s.books.failed(m, "its node was not ready for too long")
			s.dismiss(m)
		}
	})
}

// remove drains a node that the plan removes, and deletes its VPS.
func (s *simulation) remove(x *plan.Removal) {
	i, ok := s.byName(x.Node)
	if !ok || !s.machines[i].object.DeletionTimestamp.IsZero() {
		return
	}
	m := s.machines[i]
	s.books.removed(x)
	m.group.Status.LastScaleTime = new(metav1.NewTime(s.now))
	s.dismiss(m)
	s.disrupt(m, string(x.Reason))
}

// dismiss has the VPS gone after the time that a drain takes.
func (s *simulation) dismiss(m *machine) {
	m.takes = false
	m.object.DeletionTimestamp = new(metav1.NewTime(s.now))
	if m.node != nil {
		m.node = m.node.DeepCopy()
		m.node.Spec.Unschedulable = true
	}
	s.queue.plan(s.now.Add(s.Cloud.Drain), func() {
		s.disrupt(m, "NodeFailed")
		for _, l := range m.daemons {
			s.podChanged(l, nil)
		}
		s.books.gone(m)
		if i, ok := s.byName(m.object.Name); ok {
			s.machines = slices.Delete(s.machines, i, i+1)
		}
	})
}

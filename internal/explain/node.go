package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// NodeAnswer says why a node is there, and when it goes.
type NodeAnswer struct {
	Node    string    `json:"node"`
	State   NodeState `json:"state"`
	Mood    Mood      `json:"mood"`
	Summary string    `json:"summary"`

	Machine *Machine `json:"machine,omitempty"`
	Price   string   `json:"pricePerHour,omitempty"`
	// Bought is what the machine was ordered for; Life the steps since then.
	Bought string `json:"bought,omitempty"`
	Life   []Fact `json:"life,omitempty"`

	Reason  plan.KeptReason `json:"reason,omitempty"`
	Message string          `json:"message,omitempty"`
	Timers  []Timer         `json:"timers,omitempty"`
	Load    *Load           `json:"load,omitempty"`
	Pods    []Holding       `json:"pods,omitempty"`
	Changes []string        `json:"whatWouldChangeIt,omitempty"`
	Notes   []string        `json:"notes,omitempty"`
	History []Fact          `json:"history,omitempty"`
	Source  string          `json:"source"`

	rounds  Rounds
	machine *v1alpha1.VPSieNode
	group   *v1alpha1.NodeGroup
}

// NodeState is what is the matter with a node, in a word for programs.
type NodeState string

// The states of a node.
const (
	NodeComing  NodeState = "Coming"
	NodeFailed  NodeState = "Failed"
	NodeStays   NodeState = "Stays"
	NodeLeaving NodeState = "Leaving"
	NodeGone    NodeState = "Gone"
	// NodeMissing: the machine is there, and its Kubernetes node is not.
	NodeMissing NodeState = "Missing"
	// NodeForeign: no VPSieNode has it.
	NodeForeign NodeState = "Foreign"
)

// Timer holds a node until it has run out.
type Timer struct {
	What  string    `json:"what"`
	Until time.Time `json:"until"`
	Over  bool      `json:"over"`
}

// Holding is a pod on the node. Why is empty for those that would just move.
type Holding struct {
	Pod string `json:"pod"`
	Why string `json:"holdsTheNode,omitempty"`
	// Restarts is the Deployment that is restarted instead of an eviction of the pod, which is its only ready replica.
	Restarts string `json:"restarts,omitempty"`
	// Stays: it ends with the node, as a DaemonSet's does.
	Stays bool `json:"endsWithNode,omitempty"`
	// EvictedLast: it is a DaemonSet's, and asks to be evicted before the node ends.
	EvictedLast bool `json:"evictedLast,omitempty"`
}

// NotFound says that nothing of that name is known.
type NotFound struct{ Name string }

func (e NotFound) Error() string {
	return fmt.Sprintf("there is no node and no VPSieNode %q, and the journal does not know it: kubectl get nodes,vpsienodes -A lists what there is", e.Name)
}

// Node answers for a node, by its name or its VPSieNode's.
func Node(s *Scene, name string) (*NodeAnswer, error) {
	a := &NodeAnswer{Node: name, Source: s.Rounds.Source, rounds: s.Rounds}
	a.machine = s.Machine(name)
	if a.machine != nil {
		a.Node = cluster.NodeNameOf(a.machine)
		a.group = s.group(a.machine.Spec.NodeGroupName)
	}
	node := s.node(a.Node)
	a.History = s.nodeHistory(a)
	switch {
	case a.machine == nil && node == nil:
		return s.gone(a)
	case a.machine == nil:
		s.foreign(a, node)
		return a, nil
	}
	a.Price = a.machine.Status.CostPerHour
	s.origin(a)
	if node != nil {
		l := s.loadOf(node)
		a.Load = &l
		s.holds(a)
	}
	if s.onItsWay(a) || s.leaving(a) {
		return a, nil
	}
	s.stays(a, node)
	return a, nil
}

func (a *NodeAnswer) tell(state NodeState, m Mood, format string, args ...any) {
	a.State, a.Mood, a.Summary = state, m, fmt.Sprintf(format, args...)
}

// gone answers for a node that the journal removed.
func (s *Scene) gone(a *NodeAnswer) (*NodeAnswer, error) {
	if len(a.History) == 0 {
		return nil, NotFound{a.Node}
	}
	a.tell(NodeGone, Good, "is gone")
	if len(s.removalsOf(a.Node)) == 0 {
		a.Notes = append(a.Notes, "the journal knows no removal by the autoscaler: a person deleted its VPSieNode, or it failed")
	}
	return a, nil
}

// foreign answers for a node without a VPSieNode.
func (s *Scene) foreign(a *NodeAnswer, node *corev1.Node) {
	l := s.loadOf(node)
	a.Load = &l
	if group := node.Labels[v1alpha1.LabelNodeGroup]; group != "" {
		a.tell(NodeForeign, Busy, "bears the label %s=%s, but has no VPSieNode: the autoscaler cannot remove it", v1alpha1.LabelNodeGroup, group)
		a.Changes = append(a.Changes, "take the label away, or create a VPSieNode that names its VPS (spec.vpsieInstanceID), which adopts it")
		return
	}
	a.tell(NodeForeign, Good, "is none of the autoscaler's: it has no VPSieNode. Pods are put on it, but it is neither bought nor removed")
	a.Changes = append(a.Changes, "a VPSieNode that names its VPS (spec.vpsieInstanceID) would hand it to the autoscaler")
}

// origin tells why the machine was bought and how it came.
func (s *Scene) origin(a *NodeAnswer) {
	m := a.machine
	if r, l := s.launchOf(m.Name); l != nil {
		a.Bought = boughtFor(l)
		if len(r.Triggers) > 0 {
			a.Bought += "; the round was started by: " + observe.Some(r.Triggers)
		}
	} else if l := observe.ReadNote(m.Annotations[v1alpha1.AnnotationOrder]); l != nil {
		a.Bought = boughtFor(l) // The journal does not reach back so far.
	} else if reason := m.Annotations[v1alpha1.AnnotationLaunchReason]; reason != "" {
		a.Bought = fmt.Sprintf("%s, because of %s", s.typeOf(m), reason)
	} else {
		a.Bought = fmt.Sprintf("%s, by a person: the VPSieNode adopted VPS %d", s.typeOf(m), m.Spec.VPSieInstanceID)
	}
	a.Life = append(a.Life, Fact{"ordered", m.CreationTimestamp.Time})
	if t := m.Status.ProvisionedAt; t != nil {
		a.Life = append(a.Life, Fact{"VPS runs", t.Time})
	}
	if t := m.Status.JoinedAt; t != nil {
		a.Life = append(a.Life, Fact{"joined", t.Time})
	}
	if t := m.Status.ReadyAt; t != nil {
		a.Life = append(a.Life, Fact{"ready", t.Time})
	}
	if t := m.Status.TerminatingAt; t != nil {
		a.Life = append(a.Life, Fact{"terminating", t.Time})
	}
}

// onItsWay answers for a machine that is not ready yet, or has failed.
func (s *Scene) onItsWay(a *NodeAnswer) bool {
	m := a.machine
	switch {
	case !m.DeletionTimestamp.IsZero() || m.Status.Phase == v1alpha1.PhaseReady ||
		m.Status.Phase == v1alpha1.PhaseTerminating || m.Status.Phase == v1alpha1.PhaseDeleting:
		return false
	case m.Status.Phase == v1alpha1.PhaseFailed:
		a.Machine = s.about(m)
		a.tell(NodeFailed, Bad, "has failed: %s", cmp.Or(a.Machine.Error, m.Status.LastError, "no error was noted"))
		a.Changes = append(a.Changes, "nothing needs to be done: it is deleted, and another is bought if pods still need one")
	default:
		a.Machine = s.about(m)
		a.tell(NodeComing, Busy, "is on its way")
		if a.Machine.Error != "" {
			a.tell(NodeComing, Bad, "is on its way, with trouble: %s", a.Machine.Error)
		}
		a.Changes = append(a.Changes, fmt.Sprintf("nothing needs to be done; kubectl vpsie drain %s gives the order up", m.Name))
	}
	return true
}

// leaving answers for a machine that is on its way out.
func (s *Scene) leaving(a *NodeAnswer) bool {
	m := a.machine
	if m.DeletionTimestamp.IsZero() && m.Status.Phase != v1alpha1.PhaseTerminating && m.Status.Phase != v1alpha1.PhaseDeleting {
		return false
	}
	a.Machine = s.about(m)
	why := "its VPSieNode was deleted"
	if n := len(a.History); n > 0 {
		why = a.History[n-1].What
	} else if a.group == nil || a.group.DeletionTimestamp != nil {
		why = "its NodeGroup is being deleted"
	}
	a.tell(NodeLeaving, Busy, "is on its way out: %s", why)
	if a.Machine.Error != "" {
		a.Mood = Bad
	}
	if m.Status.Phase != v1alpha1.PhaseDeleting && a.Load != nil {
		a.Changes = append(a.Changes, changesOfDrain(a, s.node(a.Node))...)
	}
	return true
}

// changesOfDrain says what would let a drain of the node go on.
func changesOfDrain(a *NodeAnswer, node *corev1.Node) []string {
	var changes []string
	for _, h := range a.Pods {
		if h.Why != "" {
			changes = append(changes, h.Why)
		}
	}
	if restarts := a.restarts(); len(restarts) > 0 {
		changes = append(changes, "the roll-out of what is restarted has to make another pod ready: "+observe.Some(restarts))
	}
	for _, key := range plan.DeletionDelays(node) {
		changes = append(changes, fmt.Sprintf("annotation %s of the Kubernetes node keeps the VPS for a while after the drain, no longer than --node-deletion-delay-timeout; whoever put it there takes it away", key))
	}
	if len(changes) == 0 {
		changes = append(changes, "nothing needs to be done: its pods are being evicted, and then the VPS is deleted")
	}
	return append(changes, fmt.Sprintf("it waits for its pods as long as --drain-timeout says, or the annotation %s (seconds) of the VPSieNode", v1alpha1.AnnotationDrainTimeout))
}

// nodeHistory is what the journal did with the node.
func (s *Scene) nodeHistory(a *NodeAnswer) []Fact {
	if s.Rounds.Planned {
		return nil
	}
	names := []string{a.Node}
	if a.machine != nil {
		names = append(names, a.machine.Name)
	}
	var facts []Fact
	for _, r := range s.Rounds.List {
		for _, l := range r.Launches {
			if l.Machine != "" && slices.Contains(names, l.Machine) && a.machine == nil {
				facts = append(facts, Fact{"ordered: " + boughtFor(&l), r.First})
			}
		}
		for _, x := range r.Removals {
			if slices.Contains(names, x.Node) {
				facts = append(facts, Fact{fmt.Sprintf("removed by the autoscaler (%s), which saves %s an hour%s", x.Reason, x.Saves, moved(x)), r.First})
			}
		}
	}
	return facts
}

// removalsOf are the rounds that removed the node.
func (s *Scene) removalsOf(node string) []*observe.Round {
	return slices.DeleteFunc(slices.Clone(s.Rounds.List), func(r *observe.Round) bool {
		return !slices.ContainsFunc(r.Removals, func(x observe.Removed) bool { return x.Node == node })
	})
}

func moved(x observe.Removed) string {
	if len(x.Moves) == 0 {
		return ""
	}
	to := make([]string, len(x.Moves))
	for i, m := range x.Moves {
		to[i] = m.To
	}
	slices.Sort(to)
	return fmt.Sprintf("; its %s fitted %s", observe.Count(len(x.Moves), "pod"), observe.Some(slices.Compact(to)))
}

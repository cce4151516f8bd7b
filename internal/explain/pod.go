package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// PodAnswer says how a pod is and why.
type PodAnswer struct {
	Pod     string   `json:"pod"`
	State   PodState `json:"state"`
	Mood    Mood     `json:"mood"`
	Summary string   `json:"summary"`
	// Since is when it began to be so.
	Since time.Time `json:"since"`
	Node  string    `json:"node,omitempty"`
	// Machine is the one on its way that it waits for.
	Machine  *Machine    `json:"machine,omitempty"`
	Refusals []RefusedBy `json:"refusals,omitempty"`
	Changes  []string    `json:"whatWouldChangeIt,omitempty"`
	Notes    []string    `json:"notes,omitempty"`
	History  []Fact      `json:"history,omitempty"`
	Source   string      `json:"source"`
	rounds   Rounds      `json:"-"`
	pod      *corev1.Pod `json:"-"`
}

// PodState is what is the matter with a pod, in a word for programs.
type PodState string

// The states of a pod.
const (
	PodBound    PodState = "Bound"
	PodFinished PodState = "Finished"
	PodDeleting PodState = "Deleting"
	// PodAwaitsMachine: a machine that was ordered is on its way; PodWouldBuy: a plan that
	// nobody carried out orders one; PodNotOrdered: the order could not be stored.
	PodAwaitsMachine PodState = "AwaitsMachine"
	PodWouldBuy      PodState = "WouldBuy"
	PodNotOrdered    PodState = "NotOrdered"
	// PodFits: a node has room, and the scheduler has to put the pod there.
	PodFits      PodState = "Fits"
	PodNominated PodState = "Nominated"
	// PodRefused: nothing is bought; the refusals say why.
	PodRefused PodState = "Refused"
	// PodNotRefused: its scheduler has not said that it fits no node.
	PodNotRefused  PodState = "NotRefusedByScheduler"
	PodOfDaemonSet PodState = "OfDaemonSet"
	PodUnknown     PodState = "Unknown"
)

// RefusedBy is why the types of a NodeGroup are no answer for the pod.
type RefusedBy struct {
	Group   string             `json:"nodeGroup,omitempty"`
	Types   []string           `json:"instanceTypes,omitempty"`
	Reason  plan.RefusalReason `json:"reason"`
	Message string             `json:"message"`
}

// Pod answers for one pod.
func Pod(s *Scene, pod *corev1.Pod) *PodAnswer {
	a := &PodAnswer{
		Pod: pod.Namespace + "/" + pod.Name, Since: pod.CreationTimestamp.Time, Node: pod.Spec.NodeName,
		Source: s.Rounds.Source, rounds: s.Rounds, pod: pod,
	}
	a.History, a.Notes = s.historyOf(a.Pod), plan.AnnotationProblems(pod)
	switch {
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		a.tell(PodFinished, Good, "has finished (%s): it needs no node", pod.Status.Phase)
	case pod.Spec.NodeName != "":
		s.bound(a)
	case pod.DeletionTimestamp != nil:
		a.tell(PodDeleting, Busy, "is being deleted and has no node: it needs none")
	default:
		s.pending(a)
	}
	return a
}

func (a *PodAnswer) tell(state PodState, m Mood, format string, args ...any) {
	a.State, a.Mood, a.Summary = state, m, fmt.Sprintf(format, args...)
}

// bound tells of a pod that has its node.
func (s *Scene) bound(a *PodAnswer) {
	if c := scheduled(a.pod); c != nil {
		a.Since = c.LastTransitionTime.Time
	}
	mood, doing := Good, "runs on node"
	if a.pod.Status.Phase != corev1.PodRunning {
		mood, doing = Busy, "has node"
		a.Notes = append(a.Notes, stuck(a.pod)...)
	}
	if a.pod.DeletionTimestamp != nil {
		mood, doing = Busy, "is being deleted, from node"
	}
	m := s.Machine(a.Node)
	if m == nil {
		a.tell(PodBound, mood, "%s %s, which is none of the autoscaler's", doing, a.Node)
		return
	}
	a.tell(PodBound, mood, "%s %s (%s, NodeGroup %s)", doing, a.Node, s.typeOf(m), m.Spec.NodeGroupName)
	if !m.DeletionTimestamp.IsZero() {
		a.Mood = Busy
		a.Notes = append(a.Notes, fmt.Sprintf("the node is on its way out (%s), and the pod will be evicted: kubectl vpsie explain node %s", m.Status.Phase, a.Node))
	}
}

// stuck is what a bound pod waits for, in the kubelet's words.
func stuck(pod *corev1.Pod) []string {
	var notes []string
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := c.State.Waiting; w != nil && w.Reason != "" {
			notes = append(notes, fmt.Sprintf("container %s waits: %s %s", c.Name, w.Reason, w.Message))
		}
	}
	if len(notes) == 0 {
		notes = append(notes, "its containers have not started yet; that is the kubelet's work now")
	}
	return notes
}

// unknown tells what can be said of a pod that no round speaks of.
func (s *Scene) unknown(a *PodAnswer) {
	c := scheduled(a.pod)
	switch {
	case c != nil && c.Reason != corev1.PodReasonUnschedulable:
		a.tell(PodNotRefused, Busy, "has not been refused by its scheduler (%s): nothing is bought for a pod before", c.Reason)
	case s.Rounds.Source != "" && !s.Rounds.Planned && !a.Since.Before(s.Rounds.Last.Truncate(time.Second)):
		a.tell(PodUnknown, Busy, "is newer than the autoscaler's last round: ask again in a moment")
	case s.Rounds.Source != "":
		a.tell(PodUnknown, Busy, "waits, and the autoscaler's last round does not speak of it: ask again in a moment")
	default:
		a.tell(PodUnknown, Bad, "waits for a node, and what the autoscaler thinks of it is not known")
		a.Notes = append(a.Notes, s.groupsSay()...)
	}
	a.schedulerSays()
}

// groupsSay is what the NodeGroups' conditions tell that may concern a pod.
func (s *Scene) groupsSay() []string {
	if len(s.Groups) == 0 {
		return []string{"there is no NodeGroup to buy a node for it"}
	}
	var notes []string
	for _, g := range s.Groups {
		for _, c := range g.Status.Conditions {
			told := c.Type == "Error" || c.Type == "AtMaxCapacity" || c.Type == "Scaling"
			if told && (c.Status == metav1.ConditionTrue || c.Reason == "Stabilizing") {
				notes = append(notes, fmt.Sprintf("NodeGroup %s: %s: %s", g.Name, c.Reason, c.Message))
			}
		}
	}
	return notes
}

// schedulerSays adds the scheduler's own words.
func (a *PodAnswer) schedulerSays() {
	if c := scheduled(a.pod); c != nil && c.Status == corev1.ConditionFalse && c.Message != "" {
		a.Notes = append(a.Notes, "the scheduler says: "+c.Message)
	}
}

// scheduled is the scheduler's verdict on the pod, nil before there is one.
func scheduled(pod *corev1.Pod) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodScheduled {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// historyOf is what the journal did for the pod.
func (s *Scene) historyOf(pod string) []Fact {
	var facts []Fact
	if s.Rounds.Planned {
		return nil
	}
	for _, r := range s.Rounds.List {
		for _, l := range r.Launches {
			if slices.Contains(l.Pods, pod) {
				facts = append(facts, Fact{fmt.Sprintf("ordered %s: %s", cmp.Or(l.Machine, "a machine"), boughtFor(&l)), r.First})
			}
		}
		for _, x := range r.Removals {
			for _, m := range x.Moves {
				if m.Pod == pod {
					facts = append(facts, Fact{fmt.Sprintf("removed its node %s (%s): it fitted %s", x.Node, x.Reason, m.To), r.First})
				}
			}
		}
		for _, w := range r.Waiting {
			if slices.Contains(w.Pods, pod) {
				waited := Fact{"waited: " + reasonsOf(bundle(w.Refusals)), r.First}
				if n := len(facts); n == 0 || facts[n-1].What != waited.What {
					facts = append(facts, waited)
				}
			}
		}
	}
	const most = 10
	if len(facts) == 1 && strings.HasPrefix(facts[0].What, "waited") && s.Rounds.current() != nil {
		return nil // it still does
	}
	return facts[max(len(facts)-most, 0):]
}

func reasonsOf(list []RefusedBy) string {
	var parts []string
	for _, r := range relevant(list) {
		text := string(r.Reason)
		if r.Group != "" {
			text = r.Group + ": " + text
		}
		parts = append(parts, text)
	}
	return observe.Some(parts)
}

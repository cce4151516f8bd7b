package explain

import (
	"cmp"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// pending tells of a pod without a node.
func (s *Scene) pending(a *PodAnswer) {
	if c := scheduled(a.pod); c != nil {
		a.Since = c.LastTransitionTime.Time
	}
	if owner := metav1.GetControllerOfNoCopy(a.pod); owner != nil && owner.Kind == "DaemonSet" {
		s.daemon(a, owner.Name)
		return
	}
	if s.comes(a) || s.refused(a) || s.decidedElsewhere(a) {
		return
	}
	s.unknown(a)
}

// daemon tells of a DaemonSet's pod, for which no node is ever bought.
func (s *Scene) daemon(a *PodAnswer, set string) {
	a.tell(PodOfDaemonSet, Busy, "belongs to DaemonSet %s and waits for the one node it was made for: no node is bought for such pods", set)
	if node := plan.ReservedNode(a.pod); node != "" {
		a.tell(PodOfDaemonSet, Busy, "belongs to DaemonSet %s and waits for node %s, the only one it may run on: no node is bought for such pods", set, node)
		if m := s.Machine(node); m != nil && m.Status.Phase != "Ready" {
			a.Machine = s.about(m)
		}
	}
	a.schedulerSays()
	a.Changes = append(a.Changes, "room on that node: other pods leave it, or the DaemonSet asks for less")
}

// comes tells of a pod for which a machine is bought, or for which there is room.
func (s *Scene) comes(a *PodAnswer) bool {
	now := s.Rounds.current()
	if now == nil {
		return false
	}
	for _, l := range now.Launches {
		if slices.Contains(l.Pods, a.Pod) {
			s.awaits(a, l.Machine, fmt.Sprintf("a %s of NodeGroup %s", l.Type(), l.Group))
			a.Notes = append(a.Notes, plan.PassedOverTexts(l.PassedOver)...)
			return true
		}
	}
	for _, p := range now.Placed {
		if p.Pod == a.Pod {
			s.awaits(a, p.Node, "room on "+p.Node)
			return true
		}
	}
	return false
}

// awaits tells what has become of the machine or node that the pod is to go to.
func (s *Scene) awaits(a *PodAnswer, name, what string) {
	m := s.Machine(name)
	switch {
	case name == "" && s.Rounds.Planned:
		a.tell(PodWouldBuy, Busy, "would get %s: the autoscaler should order it in its next round", what)
		a.Changes = append(a.Changes, "nothing needs to be done, if the autoscaler runs: kubectl -n kube-system get pods -l app.kubernetes.io/name=vpsie-autoscaler")
	case name == "":
		a.tell(PodNotOrdered, Bad, "needs %s, and the order for it could not be written down", what)
		a.Notes = append(a.Notes, s.Rounds.current().Error)
	case m != nil && !m.DeletionTimestamp.IsZero(), m == nil && s.node(name) == nil:
		a.tell(PodUnknown, Busy, "was to go to %s, which is gone or going: the next round decides anew", name)
	case m != nil && m.Status.Phase != "Ready":
		a.Machine = s.about(m)
		a.Since = m.CreationTimestamp.Time
		a.tell(PodAwaitsMachine, Busy, "waits for machine %s, which was ordered and is on its way", m.Name)
		if a.Machine.Error != "" {
			a.Mood = Bad
			a.Changes = append(a.Changes, "what the error asks for; the autoscaler goes on trying by itself")
			return
		}
		a.Changes = append(a.Changes, "nothing needs to be done: when the node is ready, the scheduler puts the pod there")
	default:
		a.Node = name
		a.tell(PodFits, Busy, "fits node %s, and nothing is bought for it: the scheduler has to put it there", name)
		a.schedulerSays()
	}
}

// refused tells of a pod that nothing is bought for.
func (s *Scene) refused(a *PodAnswer) bool {
	now := s.Rounds.current()
	if now == nil {
		return false
	}
	for _, w := range now.Waiting {
		if !slices.Contains(w.Pods, a.Pod) {
			continue
		}
		a.Refusals = bundle(w.Refusals)
		a.Changes = s.changesFor(a)
		a.tell(PodRefused, Bad, "%s", s.verdict(a.Refusals))
		if s.soon(a.Refusals) {
			a.Mood = Busy
		}
		return true
	}
	return false
}

// bundle is a line for each reason of each group, with one type's message for all,
// the group first that is nearest to buying.
func bundle(list []plan.Refusal) []RefusedBy {
	var out []RefusedBy
	for _, r := range list {
		i := slices.IndexFunc(out, func(o RefusedBy) bool { return o.Group == r.Group && o.Reason == r.Reason })
		if i < 0 {
			i = len(out)
			out = append(out, RefusedBy{Group: r.Group, Reason: r.Reason, Message: r.Message})
		}
		if r.InstanceType != "" {
			out[i].Types = append(out[i].Types, r.Type())
		}
	}
	slices.SortStableFunc(out, func(a, b RefusedBy) int { return cmp.Compare(distance(a), distance(b)) })
	return out
}

// decidedElsewhere tells of pods that are not the autoscaler's to place, as far as
// the pod itself shows it.
func (s *Scene) decidedElsewhere(a *PodAnswer) bool {
	reason, message := plan.NewPod(a.pod).Refusal()
	switch {
	case reason != "":
		a.Refusals = []RefusedBy{{Reason: reason, Message: message}}
	case a.pod.Status.NominatedNodeName != "":
		a.tell(PodNominated, Busy, "is nominated for node %s, where the scheduler makes room for it by evicting pods of lower priority", a.pod.Status.NominatedNodeName)
		return true
	default:
		return false
	}
	a.Changes = s.changesFor(a)
	a.tell(PodRefused, Bad, "%s", s.verdict(a.Refusals))
	return true
}

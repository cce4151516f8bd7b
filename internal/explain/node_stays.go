package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// stays answers for a ready node of ours.
func (s *Scene) stays(a *NodeAnswer, node *corev1.Node) {
	a.timers(s.Machines, s.Now)
	if node == nil {
		s.missing(a)
		return
	}
	if !cluster.IsReady(node) {
		a.Notes = append(a.Notes, "the Kubernetes node is not Ready: see kubectl describe node "+node.Name)
	}
	a.Notes = append(a.Notes, cluster.MachineProblems(a.machine, node)...)
	kept, removed := s.fate(a)
	switch {
	case removed:
		a.tell(NodeLeaving, Busy, "is to be removed")
		a.Changes = []string{fmt.Sprintf("nothing needs to be done; to keep it: kubectl vpsie keep %s, at once", a.Node)}
		return
	case kept != nil:
		a.Reason, a.Message = kept.Reason, kept.Message
		a.tell(NodeStays, moodOf(kept.Reason), "stays: %s", sentence(kept, a))
	default:
		s.guess(a, node)
	}
	a.Changes = append(a.Changes, s.nodeChanges(a)...)
}

// missing answers for a machine whose Kubernetes node somebody deleted.
func (s *Scene) missing(a *NodeAnswer) {
	m := a.machine
	if text := m.Status.LastError; text != "" {
		a.Notes = append(a.Notes, "its last error: "+text)
	}
	if vps := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); vps != nil && vps.Status == metav1.ConditionFalse {
		a.tell(NodeMissing, Bad, "has no Kubernetes node any more, and its VPS does not run: %s", vps.Message)
	} else {
		a.tell(NodeMissing, Bad, "has no Kubernetes node any more, and its VPS runs: somebody deleted the node")
		a.Changes = append(a.Changes, "after --unready-timeout (10 minutes, unless the autoscaler is told otherwise) the VPS is restarted, which brings the node back, and replaced if it does not")
	}
	a.Changes = append(a.Changes, fmt.Sprintf("to have the VPS deleted now: kubectl -n %s delete vn %s", m.Namespace, m.Name))
}

// fate is what the last round says of the node.
func (s *Scene) fate(a *NodeAnswer) (kept *plan.Kept, removed bool) {
	now := s.Rounds.current()
	if now == nil {
		return nil, false
	}
	is := func(name string) bool { return name == a.Node || name == a.machine.Name }
	for i := range now.Kept {
		if is(now.Kept[i].Node) {
			return &now.Kept[i], false
		}
	}
	return nil, slices.ContainsFunc(now.Removals, func(x observe.Removed) bool { return is(x.Node) })
}

// guess says from the objects alone why the node stays.
func (s *Scene) guess(a *NodeAnswer, node *corev1.Node) {
	var limits cluster.Limits
	if a.group != nil {
		limits = cluster.LimitsOf(a.group, s.Now)
	}
	switch {
	case cluster.MustNotDelete(a.machine), node != nil && cluster.MustNotDelete(node):
		a.Reason = plan.KeptDoNotDelete
		a.tell(NodeStays, Good, "stays: it or its VPSieNode is annotated %s", v1alpha1.AnnotationDoNotDelete)
	case a.group == nil:
		a.tell(NodeStays, Bad, "is of NodeGroup %s, which does not exist", a.machine.Spec.NodeGroupName)
	case limits.Paused:
		a.Reason = plan.KeptPaused
		a.tell(NodeStays, Good, "stays: its NodeGroup is %s", limits.Pause())
	case !*a.group.Spec.ScaleDownPolicy.Enabled:
		a.Reason = plan.KeptScaleDownDisabled
		a.tell(NodeStays, Good, "stays: its NodeGroup may not scale down")
	case a.running() != nil:
		a.Reason = plan.KeptUnneededTime
		a.tell(NodeStays, Busy, "could go, and does when its timers have run out")
	default:
		a.tell(NodeStays, Good, "stays; why is not known, as no round could be asked")
	}
}

// sentence words a reason for which the plan's message is a clause.
func sentence(k *plan.Kept, a *NodeAnswer) string {
	if k.Reason == plan.KeptUnneededTime || k.Reason == plan.KeptStabilizing {
		if t := a.running(); t != nil {
			return "it could go, and goes when its timers have run out, if nothing comes to need it"
		}
	}
	return k.Message
}

func moodOf(r plan.KeptReason) Mood {
	switch r {
	case plan.KeptUnneededTime, plan.KeptStabilizing, plan.KeptMinNodeLifetime, plan.KeptPaidPeriod, plan.KeptDisruptionBudget,
		plan.KeptAwaitingReplacement, plan.KeptReplacing, plan.KeptRolloutWaiting:
		return Busy
	case plan.KeptNotReady, plan.KeptNotDeletable, plan.KeptRolloutPaused, plan.KeptNoReplacement:
		return Bad
	}
	return Good
}

// timers are the waits that the node's removal is subject to.
func (a *NodeAnswer) timers(machines []*v1alpha1.VPSieNode, now time.Time) {
	if a.group == nil {
		return
	}
	down := a.group.Spec.ScaleDownPolicy
	add := func(since time.Time, seconds int32, format string, args ...any) {
		until := since.Add(time.Duration(seconds) * time.Second)
		a.Timers = append(a.Timers, Timer{fmt.Sprintf(format, args...), until, !until.After(now)})
	}
	if since, err := time.Parse(time.RFC3339, a.machine.Annotations[v1alpha1.AnnotationUnneededSince]); err == nil {
		add(since, *down.UnneededTime, "scaleDownPolicy.unneededTime: not needed since %s, goes after %d s", since.In(now.Location()).Format("15:04:05"), *down.UnneededTime)
	}
	if last, _ := cluster.LastScale(a.group, machines); !last.IsZero() {
		add(last, *down.StabilizationWindowSeconds, "scaleDownPolicy.stabilizationWindowSeconds: the NodeGroup scaled at %s, and may scale down after %d s",
			last.In(now.Location()).Format("15:04:05"), *down.StabilizationWindowSeconds)
	}
}

// running is the timer that runs out last; nil when the node is needed or none runs.
func (a *NodeAnswer) running() *Timer {
	if a.machine.Annotations[v1alpha1.AnnotationUnneededSince] == "" {
		return nil
	}
	var last *Timer
	for i, t := range a.Timers {
		if !t.Over && (last == nil || t.Until.After(last.Until)) {
			last = &a.Timers[i]
		}
	}
	return last
}

// holds lists the node's pods, and of each whether it keeps the node from going.
func (s *Scene) holds(a *NodeAnswer) {
	budgets := plan.NewBudgets(s.Budgets)
	for _, pod := range s.Pods {
		if pod.Spec.NodeName != a.Node || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		p := plan.NewPod(pod)
		h := Holding{Pod: pod.Namespace + "/" + pod.Name, Stays: plan.EndsWithNode(pod), EvictedLast: plan.EvictsFromNode(pod)}
		switch {
		case h.Stays:
		case pod.DeletionTimestamp != nil:
			h.Why = fmt.Sprintf("pod %s is ending; it has %d s from %s on", h.Pod, gracePeriod(pod), s.hour(pod.DeletionTimestamp.Add(-time.Duration(gracePeriod(pod))*time.Second)))
		default:
			h.Why = p.Immovable(&s.Rounds.Options, s.Now)
			switch {
			case h.Why != "":
			case a.surges() && s.Surge != nil && s.Surge.Restarts(pod):
				h.Restarts = pod.Namespace + "/" + plan.DeploymentOf(pod)
			default:
				h.Why = budgets.Refusal(pod)
			}
		}
		a.Pods = append(a.Pods, h)
	}
	slices.SortFunc(a.Pods, func(x, y Holding) int { return strings.Compare(x.Pod, y.Pod) })
}

// surges says that a drain of the node restarts Deployments whose only ready replica is on it.
func (a *NodeAnswer) surges() bool {
	return a.group != nil && a.group.Spec.Disruption.DrainSurge == v1alpha1.DrainSurgeSingleReplica
}

// restarts names the Deployments that a drain of the node restarts.
func (a *NodeAnswer) restarts() []string {
	var names []string
	for _, h := range a.Pods {
		if h.Restarts != "" {
			names = append(names, "Deployment "+h.Restarts)
		}
	}
	return names
}

func gracePeriod(pod *corev1.Pod) int64 {
	if pod.DeletionGracePeriodSeconds != nil {
		return *pod.DeletionGracePeriodSeconds
	}
	return 0
}

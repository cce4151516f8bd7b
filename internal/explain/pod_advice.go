package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// nearest are the reasons that keep a group from buying for a pod that would fit,
// those first that time alone ends; then those for which it fits no node of the
// group, those last that the planner asks about first.
func nearest() (buyable int, all []plan.RefusalReason) {
	all = []plan.RefusalReason{
		plan.Stabilizing, plan.Unproven, plan.Backoff, plan.OfferingUnavailable, plan.BuyingStopped, plan.MaxNodesReached, plan.LimitReached, plan.CostLimitReached, plan.NotAskedFor, plan.Paused, plan.ScaleUpDisabled,
	}
	return len(all), append(all,
		plan.HostPort, plan.TopologySpread, plan.PodAntiAffinity, plan.PodAffinity, plan.VolumeLimit,
		plan.InsufficientResource, plan.VolumeZone, plan.NodeAffinity, plan.TaintNotTolerated)
}

// distance is how far a group is from buying for the pod.
func distance(r RefusedBy) int {
	_, all := nearest()
	if i := slices.Index(all, r.Reason); i >= 0 {
		return i
	}
	return len(all)
}

// wouldFit tells of a refusal that has nothing to do with the pod.
func wouldFit(r RefusedBy) bool {
	buyable, _ := nearest()
	return r.Group != "" && distance(r) < buyable
}

// best is the refusal that is easiest to overcome, if the pod fits any group.
func best(list []RefusedBy) RefusedBy {
	if len(list) > 0 && wouldFit(list[0]) {
		return list[0]
	}
	return RefusedBy{}
}

// relevant leaves out why the pod does not fit other groups when it would fit one.
func relevant(list []RefusedBy) []RefusedBy {
	if best(list).Group == "" {
		return list
	}
	return only(list, wouldFit)
}

func only[T any](list []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !keep(x) })
}

// soon tells whether time alone will help.
func (s *Scene) soon(list []RefusedBy) bool {
	r := best(list)
	return r.Reason == plan.Stabilizing || r.Reason == plan.Backoff || r.Reason == plan.Unproven
}

// verdict sums the refusals up.
func (s *Scene) verdict(list []RefusedBy) string {
	if len(list) == 1 && list[0].Group == "" {
		switch r := list[0]; r.Reason {
		case plan.SchedulingGated:
			return r.Message
		case plan.OtherScheduler, plan.NotSupported:
			return "gets no node from the autoscaler: it " + r.Message
		default:
			return "waits: " + r.Message
		}
	}
	switch r := best(list); r.Reason {
	case plan.Stabilizing:
		return fmt.Sprintf("waits until NodeGroup %s may scale up again", r.Group)
	case plan.Unproven:
		return fmt.Sprintf("waits until a machine of NodeGroup %s has become a ready node: %s", r.Group, r.Message)
	case plan.BuyingStopped:
		return fmt.Sprintf("would fit a node of NodeGroup %s, but nothing is bought until a person allows it: %s", r.Group, r.Message)
	case plan.Backoff, plan.OfferingUnavailable:
		return fmt.Sprintf("would fit a node of NodeGroup %s, but none can be bought now: %s", r.Group, r.Message)
	case plan.MaxNodesReached:
		return fmt.Sprintf("would fit a node of NodeGroup %s, which has all the nodes it may have", r.Group)
	case plan.LimitReached, plan.CostLimitReached:
		return fmt.Sprintf("would fit a node of NodeGroup %s, which is at one of its limits: %s", r.Group, r.Message)
	case plan.NotAskedFor:
		return fmt.Sprintf("would fit a node of NodeGroup %s, which buys only for pods that ask for it", r.Group)
	case plan.Paused:
		return fmt.Sprintf("would fit a node of NodeGroup %s, which is paused", r.Group)
	case plan.ScaleUpDisabled:
		return fmt.Sprintf("would fit a node of NodeGroup %s, which may not scale up", r.Group)
	}
	return "waits: it fits no type of node that a NodeGroup may buy"
}

// changesFor says what would change the refusals, the easiest first.
func (s *Scene) changesFor(a *PodAnswer) []string {
	var changes []string
	for _, r := range relevant(a.Refusals) {
		if text := s.change(r); text != "" && !slices.Contains(changes, text) {
			changes = append(changes, text)
		}
	}
	return changes
}

// change is what would end one reason.
func (s *Scene) change(r RefusedBy) string {
	if r.Group == "" {
		return changeOfPod(r)
	}
	g := s.group(r.Group)
	if g == nil {
		return ""
	}
	types := observe.Some(r.Types)
	switch r.Reason {
	case plan.Stabilizing:
		return s.afterWindow(g)
	case plan.Unproven:
		return fmt.Sprintf("it is bought by itself once a machine of NodeGroup %s has become a ready node; kubectl get vpsienodes shows how far they are", g.Name)
	case plan.BuyingStopped:
		return fmt.Sprintf("look at the account in VPSie's console; then: kubectl -n %s annotate ng %s %s=true", g.Namespace, g.Name, v1alpha1.AnnotationTryNow)
	case plan.Backoff:
		return fmt.Sprintf("it is tried again by itself; offerings that VPSie does have, in NodeGroup %s's %s, would help at once", g.Name, offeringsOf(g))
	case plan.OfferingUnavailable:
		if c := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.NodeGroupError); c != nil && c.Status == "True" {
			return fmt.Sprintf("NodeGroup %s reports %s (%s): put that right", g.Name, c.Reason, c.Message)
		}
		return fmt.Sprintf("add offerings that VPSie has in %s to NodeGroup %s's %s", datacentersOf(g), g.Name, offeringsOf(g))
	case plan.MaxNodesReached:
		return s.moreNodes(g)
	case plan.LimitReached, plan.CostLimitReached:
		return fmt.Sprintf("raise the limits of NodeGroup %s (spec.limits), or wait until a node of it goes: %s", g.Name, r.Message)
	case plan.NotAskedFor:
		return fmt.Sprintf("give the pod the nodeSelector of NodeGroup %s, if it is to run on %s: %s", g.Name, types, labels.FormatLabels(g.Spec.NodeSelector))
	case plan.Paused:
		return s.endPause(g)
	case plan.ScaleUpDisabled:
		return fmt.Sprintf("set scaleUpPolicy.enabled of NodeGroup %s to true", g.Name)
	case plan.InsufficientResource:
		return fmt.Sprintf("let the pod ask for less, or add a larger offering to NodeGroup %s's %s", g.Name, offeringsOf(g))
	case plan.TaintNotTolerated:
		return fmt.Sprintf("give the pod a toleration, or take the taint out of NodeGroup %s's taints, if the pod is to run on %s", g.Name, types)
	case plan.NodeAffinity:
		return fmt.Sprintf("give NodeGroup %s the labels that the pod asks for (spec.labels), or the pod another nodeSelector or affinity", g.Name)
	case plan.VolumeZone, plan.VolumeLimit:
		return fmt.Sprintf("a volume that nodes of NodeGroup %s (datacenter %s) can attach", g.Name, datacentersOf(g))
	case plan.PodAffinity, plan.PodAntiAffinity, plan.TopologySpread, plan.HostPort:
		return fmt.Sprintf("loosen the pod's %s: with the pods that are there now, another node of NodeGroup %s would not meet it", inWords(r.Reason), g.Name)
	}
	return ""
}

// moreNodes says how the group may have another node.
func (s *Scene) moreNodes(g *v1alpha1.NodeGroup) string {
	limits := cluster.LimitsOf(g, s.Now)
	if text := limits.Scheduled(); text != "" {
		return fmt.Sprintf("wait for the end of NodeGroup %s's %s; or have more than its %d nodes at once: kubectl -n %s annotate ng %s %s=%d",
			g.Name, text, limits.Max, g.Namespace, g.Name, v1alpha1.AnnotationMaxNodesOverride, limits.Max+1)
	}
	return fmt.Sprintf("raise NodeGroup %s's maxNodes, now %d, or wait until a node of it goes: kubectl -n %s patch ng %s --type merge -p '{\"spec\":{\"maxNodes\":%d}}'",
		g.Name, limits.Max, g.Namespace, g.Name, limits.Max+1)
}

// endPause says how the group's pause ends.
func (s *Scene) endPause(g *v1alpha1.NodeGroup) string {
	if limits := cluster.LimitsOf(g, s.Now); limits.PausedBy != "" {
		return fmt.Sprintf("NodeGroup %s is %s; to end that pause at once: kubectl -n %s annotate ng %s %s=false",
			g.Name, limits.Pause(), g.Namespace, g.Name, v1alpha1.AnnotationPause)
	}
	return fmt.Sprintf("end the pause of NodeGroup %s: kubectl -n %s annotate ng %s %s-", g.Name, g.Namespace, g.Name, v1alpha1.AnnotationPause)
}

func inWords(r plan.RefusalReason) string {
	switch r {
	case plan.PodAffinity:
		return "required podAffinity"
	case plan.PodAntiAffinity:
		return "required podAntiAffinity, or that of the pods that keep it off"
	case plan.TopologySpread:
		return "topologySpreadConstraints (whenUnsatisfiable: DoNotSchedule)"
	}
	return "hostPort"
}

// changeOfPod is for reasons that no NodeGroup has a part in.
func changeOfPod(r RefusedBy) string {
	switch r.Reason {
	case plan.SchedulingGated:
		return "whoever set the scheduling gates has to remove them; until then neither the scheduler nor the autoscaler minds the pod"
	case plan.OtherScheduler:
		return "schedulerName: default-scheduler, or another autoscaler that knows the pod's scheduler"
	case plan.SchedulerError:
		return "what the scheduler's message asks for; it tries again by itself, and no node would help it"
	case plan.Stabilizing:
		return "time; or a shorter pod-scale-up-delay annotation on the pod"
	case plan.NotSupported:
		return "a pod without it; or nodes that are not the autoscaler's"
	case plan.NoNodeGroup:
		return "a NodeGroup: kubectl apply -f nodegroup.yaml"
	case plan.ScaleUpDisabled:
		return "a higher priorityClassName, or a lower --expendable-pods-priority-cutoff of the autoscaler"
	case plan.VolumeZone, plan.VolumeLimit:
		return "a persistent volume claim that can be bound"
	}
	return ""
}

// afterWindow says when a group may scale up again.
func (s *Scene) afterWindow(g *v1alpha1.NodeGroup) string {
	last, _ := cluster.LastScale(g, s.Machines)
	window := time.Duration(*g.Spec.ScaleUpPolicy.StabilizationWindowSeconds) * time.Second
	return fmt.Sprintf("time: NodeGroup %s scaled at %s and may do so again at %s; a shorter scaleUpPolicy.stabilizationWindowSeconds (now %d) would be sooner",
		g.Name, s.hour(last), s.hour(last.Add(window)), *g.Spec.ScaleUpPolicy.StabilizationWindowSeconds)
}

func (s *Scene) hour(t time.Time) string { return t.In(s.Now.Location()).Format("15:04:05") }

func datacentersOf(g *v1alpha1.NodeGroup) string { return strings.Join(g.Spec.DatacenterIDs(), " or ") }

// offeringsOf names the field that says what the group may buy, and what that is now.
func offeringsOf(g *v1alpha1.NodeGroup) string {
	field := "offeringIDs"
	if g.Spec.OfferingSelector != nil {
		field = "offeringSelector"
	}
	return fmt.Sprintf("%s (now %s)", field, cmp.Or(observe.Some(g.OfferingNames()), "none"))
}

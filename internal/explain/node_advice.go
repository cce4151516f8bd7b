package explain

import (
	"fmt"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// nodeChanges says what would change that the node stays, or that it goes.
func (s *Scene) nodeChanges(a *NodeAnswer) []string {
	g, m := a.group, a.machine
	if g == nil {
		return []string{fmt.Sprintf("create NodeGroup %s again, or delete the VPSieNode: kubectl vpsie drain %s", m.Spec.NodeGroupName, m.Name)}
	}
	down := g.Spec.ScaleDownPolicy
	drain := fmt.Sprintf("to remove it now anyway: kubectl vpsie drain %s", a.Node)
	switch a.Reason {
	case plan.KeptUnneededTime, plan.KeptStabilizing:
		changes := []string{fmt.Sprintf("to keep it: kubectl vpsie keep %s", a.Node), drain}
		if t := a.running(); t != nil {
			changes = append([]string{fmt.Sprintf("nothing needs to be done: it goes at %s", s.hour(t.Until))}, changes...)
		}
		return changes
	case plan.KeptNotUnderutilized:
		return []string{fmt.Sprintf("it may go when cpu is below %d%% and memory below %d%%: fewer pods on it, or higher scaleDownPolicy thresholds of NodeGroup %s",
			*down.CPUThreshold, *down.MemoryThreshold, g.Name), drain}
	case plan.KeptNotEmpty:
		return []string{fmt.Sprintf("set disruption.consolidation of NodeGroup %s to WhenUnderutilized, with which its pods may be moved", g.Name), drain}
	case plan.KeptReplacing:
		return []string{"nothing needs to be done; what is under way: kubectl vpsie status", fmt.Sprintf("to keep it: kubectl vpsie keep %s", a.Node)}
	case plan.KeptNotCheaper:
		return []string{fmt.Sprintf("a lower disruption.minSavingsPercent, or more paybackHours, of NodeGroup %s", g.Name),
			"other instance types in offeringIDs of a NodeGroup that takes its pods", drain + "; its pods then wait for a new node"}
	case plan.KeptSpotLimit:
		return []string{fmt.Sprintf("raise spotInstances.maxPercent of NodeGroup %s", g.Name), "it may go when a spot instance of the NodeGroup goes", drain}
	case plan.KeptMinNodeLifetime:
		return []string{"nothing needs to be done: it goes when it is old enough, if nothing comes to need it",
			fmt.Sprintf("lower disruption.minNodeLifetimeSeconds of NodeGroup %s", g.Name), drain}
	case plan.KeptPaidPeriod:
		return []string{"nothing needs to be done: it is paid for, and goes before its next period begins, if nothing comes to need it",
			fmt.Sprintf("take disruption.alignToPaidPeriodSeconds of NodeGroup %s away", g.Name), drain}
	case plan.KeptDisruptionBudget:
		return []string{"nothing needs to be done: it goes when the budget allows it, if nothing comes to need it",
			fmt.Sprintf("change disruption.budgets of NodeGroup %s", g.Name), drain + ", which no disruption budget holds back"}
	case plan.KeptAwaitingReplacement:
		return []string{"nothing needs to be done: it is part of an exchange that is under way",
			fmt.Sprintf("to stop the roll-out: kubectl -n %s annotate ng %s %s=true", g.Namespace, g.Name, v1alpha1.AnnotationPause)}
	case plan.KeptRolloutWaiting:
		return []string{"nothing needs to be done: its turn comes", fmt.Sprintf("a budget of NodeGroup %s for the reasons Drifted and Expired says how many are replaced at a time", g.Name), drain}
	case plan.KeptRolloutPaused:
		return []string{fmt.Sprintf("find out why the machine did not join (kubectl vpsie explain vn), and edit NodeGroup %s", g.Name),
			fmt.Sprintf("to try again as it is: kubectl -n %s annotate ng %s %s=true", g.Namespace, g.Name, v1alpha1.AnnotationTryNow), drain}
	case plan.KeptNoReplacement:
		return []string{fmt.Sprintf("room for one more machine in NodeGroup %s: maxNodes, limits, or another of its instance types", g.Name), drain + "; its pods then wait for a new node"}
	case plan.KeptAtMinNodes:
		return []string{fmt.Sprintf("lower NodeGroup %s's minNodes, now %d", g.Name, cluster.LimitsOf(g, s.Now).Min),
			fmt.Sprintf("kubectl vpsie drain %s removes this one; another is bought for it", a.Node)}
	case plan.KeptDoNotDelete:
		return []string{fmt.Sprintf("let it go when it is not needed: kubectl vpsie keep %s --off", a.Node), drain}
	case plan.KeptPaused:
		return []string{s.endPause(g), drain}
	case plan.KeptScaleDownDisabled:
		return []string{fmt.Sprintf("set scaleDownPolicy.enabled of NodeGroup %s to true", g.Name), drain}
	case plan.KeptPodDisruptionBudget:
		return []string{"more healthy pods of that budget, elsewhere; or a budget that allows one disruption more",
			"a drain would wait for the budget as well"}
	case plan.KeptPodNotEvictable:
		return []string{`delete the pod, give it a controller, or annotate it cluster-autoscaler.kubernetes.io/safe-to-evict="true", as fits its case`, drain + ", which evicts such pods, too"}
	case plan.KeptNoRoomElsewhere:
		return []string{"room for its pods on nodes that stay: more of it, or pods that ask for less", drain + "; its pods then wait for a new node"}
	case plan.KeptWouldTriggerScaleUp:
		return []string{fmt.Sprintf("higher scaleUpPolicy thresholds of NodeGroup %s (now cpu %d%%, memory %d%%; 100 is off)",
			g.Name, *g.Spec.ScaleUpPolicy.CPUThreshold, *g.Spec.ScaleUpPolicy.MemoryThreshold), drain}
	case plan.KeptNotDeletable:
		return []string{"it goes by itself as soon as VPSie deletes machines again", "a drain would leave the VPS on the bill as well"}
	case plan.KeptControlPlane:
		return []string{"nothing needs to be done; if it is no node of the control plane, take the role label off the Node: kubectl label node " + a.Node + " node-role.kubernetes.io/control-plane-"}
	case plan.KeptAdopted:
		return []string{fmt.Sprintf("delete its VPSieNode, which drains the node and deletes the VPS: kubectl -n %s delete vn %s", m.Namespace, m.Name)}
	case plan.KeptNotReady:
		return []string{"it is left alone until it is Ready: see kubectl describe node " + a.Node, drain}
	}
	return []string{drain}
}

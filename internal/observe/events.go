package observe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Event is one thing to say about an object. Reasons and types are the
// reference's (Events).
type Event struct {
	Type, Reason, Action, Note string
}

func normal(reason, action, format string, args ...any) Event {
	return Event{corev1.EventTypeNormal, reason, action, clip(fmt.Sprintf(format, args...))}
}

func warning(reason, action, format string, args ...any) Event {
	return Event{corev1.EventTypeWarning, reason, action, clip(fmt.Sprintf(format, args...))}
}

// ScalingUp says what is bought for a NodeGroup and for whom.
func ScalingUp(launches []plan.Launch) Event {
	var price plan.Hourly
	types := map[string]int{}
	reasons := map[string]int{}
	var pods []string
	var replaced []string
	var over []plan.Refusal
	for _, l := range launches {
		replaced = append(replaced, l.Replaces...)
		over = append(over, l.PassedOver...)
		price += l.Price
		types[l.Type()]++
		reasons[string(l.Reason)]++
		pods = append(pods, l.Pods...)
	}
	note := fmt.Sprintf("Buying %s for %s per hour (%s)", counts(types), price, counts(reasons))
	if len(pods) > 0 {
		note += fmt.Sprintf(" for %s: %s", plural(len(pods), "pod"), some(pods))
	}
	if len(replaced) > 0 {
		slices.Sort(replaced)
		replaced = slices.Compact(replaced)
		note += fmt.Sprintf(" in the place of %s: %s", plural(len(replaced), "node"), some(replaced))
	}
	if texts := plan.PassedOverTexts(over); len(texts) > 0 {
		note += "; " + strings.Join(texts, "; ")
	}
	return normal("ScalingUp", "ScaleUp", "%s", note)
}

// ScalingDown says which nodes of a NodeGroup go.
func ScalingDown(removals []plan.Removal) Event {
	var saves plan.Hourly
	var nodes []string
	reasons := map[string]int{}
	for _, r := range removals {
		saves += r.Saves
		nodes = append(nodes, r.Node)
		reasons[string(r.Reason)]++
	}
	return normal("ScalingDown", "ScaleDown", "Removing %s (%s), which saves %s per hour: %s",
		plural(len(nodes), "node"), counts(reasons), saves, some(nodes))
}

// ReplacementFailed says why a machine does not replace nodes for which it was bought. They
// stay, and none is bought for them for a while.
func ReplacementFailed(machine string, nodes []string, why string) Event {
	return warning("ReplacementFailed", "Replace", "%s does not replace %s: %s", machine, some(nodes), why)
}

// ScaleLimitReached says which pods wait because the NodeGroup is at maxNodes.
func ScaleLimitReached(maxNodes int, pods []string) Event {
	return warning("ScaleLimitReached", "ScaleUp", "%s", MaximumReached(maxNodes, pods))
}

// MaximumReached is the reference's text for a NodeGroup at its limit.
func MaximumReached(maxNodes int, pods []string) string {
	return fmt.Sprintf("Maximum nodes reached: maxNodes is %d and %s cannot be placed: %s; increase maxNodes or wait for scale-down",
		maxNodes, plural(len(pods), "pod"), some(pods))
}

// GroupProvisioningFailed says that a machine of a NodeGroup could not be had.
func GroupProvisioningFailed(node, instanceType, why string) Event {
	return warning("ProvisioningFailed", "Provision", "%s (%s): %s", node, instanceType, why)
}

// BuyingStopped says why nothing is bought for the account until a person allows it.
func BuyingStopped(why string) Event { return warning("BuyingStopped", "Provision", "%s", why) }

// InvalidConfiguration says what of a NodeGroup or its account is wrong.
func InvalidConfiguration(why string) Event {
	return warning("InvalidConfiguration", "Check", "%s", why)
}

// VPSCreated says that a VPSieNode's VPS is there.
func VPSCreated(id int64, instanceType string) Event {
	return normal("VPSCreated", "Provision", "VPS %d (%s) created", id, instanceType)
}

// VPSAdopted says which VPS a VPSieNode that a person made has taken over, and what it is.
func VPSAdopted(m *v1alpha1.VPSieNode) Event {
	r := m.Status.Resources
	return normal("VPSAdopted", "Adopt", "VPS %d adopted: hostname %s, %d CPUs, %d MB of memory, %d GB of disk, %s in datacenter %s for NodeGroup %s",
		m.Spec.VPSieInstanceID, m.Status.Hostname, r.CPU, r.MemoryMB, r.DiskGB, m.Spec.InstanceType, m.Spec.DatacenterID, m.Spec.NodeGroupName)
}

// NodeJoined says that a VPSieNode's node registered.
func NodeJoined(node string) Event {
	return normal("NodeJoined", "Join", "Node %s joined the cluster", node)
}

// NodeReady says that a VPSieNode's node takes workloads.
func NodeReady(node string) Event {
	return normal("NodeReady", "Join", "Node %s is ready to accept workloads", node)
}

// Terminating says that a VPSieNode is on its way out, and what of it there is to go.
func Terminating(m *v1alpha1.VPSieNode) Event {
	switch {
	case m.Status.NodeName != "":
		return normal("Terminating", "Terminate", "Draining node %s, then deleting VPS %d", m.Status.NodeName, m.Spec.VPSieInstanceID)
	case m.Spec.VPSieInstanceID != 0:
		return normal("Terminating", "Terminate", "Deleting VPS %d; no node of it had joined", m.Spec.VPSieInstanceID)
	}
	return normal("Terminating", "Terminate", "No VPS is known yet; one whose order is still under way is deleted when it shows")
}

// DuplicateInstance says that a VPSieNode's VPS belongs to another VPSieNode.
func DuplicateInstance(why string) Event { return warning("DuplicateInstance", "Adopt", "%s", why) }

// AdoptionRefused says why a VPS is not what the VPSieNode that a person made says of it.
func AdoptionRefused(why string) Event { return warning("AdoptionRefused", "Adopt", "%s", why) }

// ProvisioningFailed says why a VPSieNode's VPS could not be created.
func ProvisioningFailed(why string) Event {
	return warning("ProvisioningFailed", "Provision", "%s", why)
}

// ReasonJoinFailed is the reason of a VPSieNode's event and condition when its node did not join.
const ReasonJoinFailed = "JoinFailed"

// JoinFailed says why a VPSieNode's node did not join.
func JoinFailed(why string) Event { return warning(ReasonJoinFailed, "Join", "%s", why) }

// StillAttached says what a VPS was deleted with, because VPSie did not detach it.
func StillAttached(id int64, what string) Event {
	return warning("StillAttached", "Terminate", "VPS %d is deleted although VPSie did not detach it in time from %s; look there in VPSie's console for what is left of it", id, what)
}

// DrainFailed says why a VPSieNode's node could not be drained.
func DrainFailed(why string) Event { return warning("DrainFailed", "Drain", "%s", why) }

// VPSNotRunning says that a ready machine's VPS was stopped or suspended.
func VPSNotRunning(reason, why string) Event { return warning(reason, "Repair", "%s", why) }

// VPSGone says that somebody else deleted a VPS.
func VPSGone(id int64) Event {
	return warning("VPSGone", "Repair", "VPS %d is in none of VPSie's lists any more, and the autoscaler did not delete it", id)
}

// RolloutPaused says why outdated nodes are not replaced until a person does something.
func RolloutPaused(why string) Event { return warning("RolloutPaused", "Replace", "%s", why) }

// Drifted says in what a VPSieNode differs from what a new one would be.
func Drifted(how string) Event { return normal("Drifted", "Compare", "%s", how) }

// DrainForced says which pods are ended with the VPS because a drain has passed its deadline.
func DrainForced(node string, pods []string) Event {
	return warning("DrainForced", "Drain", "disruption.terminationDeadlineSeconds have passed: the VPS of node %s is deleted with %s: %s",
		node, plural(len(pods), "pod"), some(pods))
}

// DeploymentRestarted says of a VPSieNode that a Deployment is restarted before its node is emptied.
func DeploymentRestarted(namespace, name, pod string) Event {
	return normal("DeploymentRestarted", "Drain", "Deployment %s/%s is restarted and awaited before pod %s, its only ready replica, goes (disruption.drainSurge)", namespace, name, pod)
}

// RestartedForDrain says the same of the Deployment.
func RestartedForDrain(node, pod string) Event {
	return normal("DeploymentRestarted", "Drain", "Restarted because node %s is drained, and pod %s on it is the only ready replica (disruption.drainSurge of its NodeGroup)", node, pod)
}

// Paused says that a person has paused a NodeGroup.
func Paused(why string) Event {
	return normal("Paused", "Check", "Nothing is bought or removed: %s", why)
}

// SchedulesChanged says which of the NodeGroup's schedules are active from now on, and the
// bounds that they give it.
func SchedulesChanged(active []string, minNodes, maxNodes int) Event {
	what := "No schedule is active any more"
	if len(active) > 0 {
		what = "Active now: schedule " + strings.Join(active, ", ")
	}
	return normal("SchedulesChanged", "Check", "%s; minNodes is %d, maxNodes %d", what, minNodes, maxNodes)
}

// NodeNotReady says that a node which was ready is not now, and until when that may last.
func NodeNotReady(node, why string, until time.Time) Event {
	return warning("NodeNotReady", "Repair", "Node %s was ready and is not now: %s; if that lasts until %s, its VPS is replaced",
		node, why, until.UTC().Format(time.RFC3339))
}

// Repairing says that a machine is replaced because its node stays not ready.
func Repairing(why string) Event {
	return warning("Repairing", "Repair", "%s; its VPS is replaced", why)
}

// Restarting says that a machine's VPS is restarted because its node stays not ready.
func Restarting(why string, within time.Duration) Event {
	return warning("Restarting", "Restart", "%s; its VPS is restarted, and replaced unless the node is ready within %s", why, within)
}

// RepairHeld says why a machine with a node that stays not ready is not replaced.
func RepairHeld(why string) Event { return warning("RepairHeld", "Repair", "%s", why) }

// mostNamed is how many names a message lists; a note may hold 1024 bytes.
const mostNamed = 5

func some(names []string) string {
	if len(names) <= mostNamed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// counts prints {"b":1,"a":2} as "2 a, 1 b", most first.
func counts(m map[string]int) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%d %s", m[k], k)
	}
	return strings.Join(keys, ", ")
}

// longestNote is what the events API takes.
const longestNote = 1024

func clip(s string) string {
	if len(s) <= longestNote {
		return s
	}
	return strings.ToValidUTF8(s[:longestNote-3], "") + "..."
}

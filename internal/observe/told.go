package observe

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// EventWord documents an event: on which kind, with which reason and type, and when.
type EventWord struct{ On, Reason, Type, When string }

// Events documents every event.
func Events() []EventWord {
	const (
		group, machine, pod = "NodeGroup", "VPSieNode", "Pod"
		normal, warning     = corev1.EventTypeNormal, corev1.EventTypeWarning
	)
	return []EventWord{
		{group, "ScalingUp", normal, "machines are bought: which, for how much, why, and for which pods"},
		{group, "ScalingDown", normal, "nodes are removed: which, why, and what it saves"},
		{group, "ReplacementFailed", warning, "a machine that was bought in the place of nodes did not come, or their pods do not fit it any more: which, and why; the nodes stay, and none is bought for them for a while"},
		{group, "ScaleLimitReached", warning, "pods wait because of maxNodes: how many, and which"},
		{group, "ProvisioningFailed", warning, "a machine could not be had, and why"},
		{group, "BuyingStopped", warning, "nothing is bought for the account, because VPSie took orders and never listed their VPSes: which, and how a person allows another"},
		{group, "InvalidConfiguration", warning, "the NodeGroup, one of its annotations, or the account's Secret is wrong"},
		{group, "CheckFailed", warning, "what a look at the account and the NodeGroup found, at the start and after each change of the Secret, before anything is bought: what is wrong or may surprise, and the way out; see `vpsie-autoscaler check`"},
		{group, "Paused", normal, "nothing is bought or removed: the annotation `autoscaler.vpsie.com/pause` was set, or a schedule pauses the group"},
		{group, "SchedulesChanged", normal, "a schedule of the group has started or ended"},
		{group, "Repairing", warning, "a machine is replaced because its node stays not ready: which, and for how long"},
		{group, "SpotInterrupted", warning, "VPSie takes a spot instance away, or has done so: which, and when; its pods move, and such spot instances are not bought for a while"},
		{group, "RolloutPaused", warning, "a machine that was bought in the place of an outdated node did not join: which, and why; no other node is replaced for drift or age until one joins, the spec is edited, or a person annotates the group `autoscaler.vpsie.com/try-now=true`"},
		{machine, "Drifted", normal, "its VPS was made from something else than a new one would be, or is too old: in what, old -> new"},
		{machine, "DrainForced", warning, "`disruption.terminationDeadlineSeconds` have passed, and the VPS goes with the pods that are left: which"},
		{machine, "DeploymentRestarted", normal, "a Deployment, which is told too, is restarted and awaited before its only ready replica leaves the node: which (`disruption.drainSurge`)"},
		{machine, "InvalidConfiguration", warning, "one of its annotations, or of its Node's, makes no sense, and what holds in its place"},
		{machine, "VPSCreated", normal, "the VPS is there, with its number"},
		{machine, "VPSAdopted", normal, "the VPS that a person named is taken over, and what it is"},
		{machine, "NodeJoined", normal, "the node has registered"},
		{machine, "NodeReady", normal, "the node takes workloads"},
		{machine, "Terminating", normal, "it is on its way out: drain, then deletion"},
		{machine, "ProvisioningFailed", warning, "the VPS was not created, and why"},
		{machine, "DuplicateInstance", warning, "its VPS belongs to another VPSieNode, which the note names; nothing is done for this one, and deleting it deletes nothing"},
		{machine, "AdoptionRefused", warning, "the VPS that a person named is not what the VPSieNode says of it, and what it is; deleting the VPSieNode deletes nothing"},
		{machine, ReasonJoinFailed, warning, "the node was not ready in time; the VPS is replaced, and deleted at once or after `--keep-failed`"},
		{machine, "StillAttached", warning, "VPSie did not detach its VPS in ten minutes, and the VPS is deleted anyway: from what, where something may be left of it"},
		{machine, "DrainFailed", warning, "the node was not empty in time; it works on, and is tried again"},
		{machine, "VPSStopped", warning, "somebody stopped its VPS"},
		{machine, "VPSSuspended", warning, "VPSie suspended its VPS"},
		{machine, "VPSGone", warning, "somebody else deleted its VPS"},
		{machine, "NodeNotReady", warning, "its node was ready and is not now, or is gone: why, and when its VPS is replaced"},
		{machine, "Restarting", warning, "its node stays not ready; the VPS is restarted, and replaced if that does not help"},
		{machine, "Repairing", warning, "its node stays not ready; the VPS is replaced"},
		{machine, "SpotInterrupted", warning, "VPSie takes its VPS, a spot instance, away, or has done so: when"},
		{machine, "RepairHeld", warning, "its node stays not ready, and why it is not replaced"},
		{pod, "NodeOrdered", normal, "a machine is on its way for it: which"},
		{pod, "Waiting", normal, "no machine is bought for it yet, and time alone mends that (a stabilization window, an offering's back-off)"},
		{pod, "ScaleUpRefused", warning, "no machine is bought for it: why, for each NodeGroup and instance type"},
	}
}

// ConditionWord documents a condition type: what True means, and which reasons there are.
type ConditionWord struct {
	On, Type, Means string
	Reasons         []string
}

// faults are the reasons for which a NodeGroup, or a machine, cannot go on.
func faults() []string {
	return []string{
		"AuthenticationFailed", "AccountNotUsable", "VPSieUnreachable", "VPSieThrottled", "VPSieRefused", "QuotaExceeded", "InsufficientBalance", "PermissionDenied", "OutOfStock", "MachinesNotArriving", "OrderUnconfirmed", "OrdersNotListed",
		"DatacenterNotFound", "InstanceTypeNotAvailable", "ImageNotFound", "SSHKeyNotFound", "VPCNotFound", "FirewallGroupNotFound", "GatewayNotFound", "InvalidUserData", "ClusterInfoMissing",
	}
}

// Conditions documents every condition.
func Conditions() []ConditionWord {
	const group, machine = "NodeGroup", "VPSieNode"
	invalid := append(faults(), "InvalidConfiguration", "NotSold")
	return []ConditionWord{
		{group, v1alpha1.NodeGroupReady, "every wanted node is ready and nothing is wrong; `kubectl wait --for=condition=Ready ng/x` works",
			append([]string{"AllNodesReady", "NodesNotReady", "Paused", "Deleting"}, invalid...)},
		{group, v1alpha1.NodeGroupScaling, "nodes are on the way or leaving", []string{"ScalingUp", "ScalingDown", "Stabilizing", "Paused", "Stable"}},
		{group, v1alpha1.NodeGroupError, "the group cannot do all of its work; reason and message say why and what helps", append([]string{"NoError", "OfferingsRefused"}, invalid...)},
		{group, v1alpha1.NodeGroupAtMinCapacity, "it is at minNodes", []string{"AtMinNodes", "AboveMinNodes"}},
		{group, v1alpha1.NodeGroupAtMaxCapacity, "it is at maxNodes; the message names the pods that wait for that", []string{"AtMaxNodes", "MaximumNodesReached", "BelowMaxNodes"}},
		{group, v1alpha1.NodeGroupReconciling, "nodes are on the way or leaving, and nothing is wrong; what kstatus, Argo CD and Flux read", []string{"ScalingUp", "ScalingDown", "Stabilizing", "Stable", "Stalled"}},
		{group, v1alpha1.NodeGroupStalled, "the group cannot do all of its work, as Error says; what kstatus, Argo CD and Flux read", append([]string{"NoError"}, invalid...)},
		{group, v1alpha1.NodeGroupRolloutPaused, "a machine that was bought in the place of an outdated node did not join, so no other is replaced; absent until that has happened once",
			[]string{"ReplacementNotJoined", "NotPaused"}},
		{group, v1alpha1.NodeGroupLowBalance, "the prepaid account's balance lasts less than a day, or less than `--min-balance-hours`; absent for other accounts",
			[]string{"BalanceRunsOut", "BalanceLasts"}},
		{group, v1alpha1.NodeGroupSpotAvailable, "VPSie sells spot instances of the group's types, which it does not today; absent for groups that do not want any", []string{ReasonNotSold, "Sold", "Backoff"}},
		{machine, v1alpha1.VPSieNodeVPSReady, "the VPS runs; otherwise the reason is the step it is at",
			[]string{"Ordering", "NotOrdered", "Ordered", "Building", "Starting", "VPSRunning", "VPSStopped", "VPSSuspended", "VPSGone", "Deleting", "NotDeleted"}},
		{machine, v1alpha1.VPSieNodeNetworkReady, "its VPS is attached to the VPC, the firewall groups and the gateway that `spec.networkConfig` of its NodeGroup names; otherwise the reason is the step it is at. It is absent where these are not named",
			[]string{"AttachingVPC", "AwaitingVPCAddress", "AttachingFirewall", "AttachingGateway", "Ready", "Detaching", "Detached"}},
		{machine, v1alpha1.VPSieNodeNodeJoined, "its Kubernetes node has registered", []string{"WaitingForNode", "NodeJoinedCluster"}},
		{machine, v1alpha1.VPSieNodeNodeReady, "that node takes workloads", []string{"NodeReady", "NodeNotReady", "StartupTaint", "NodeGone", "Draining", "Drained"}},
		{machine, v1alpha1.VPSieNodeDrifted, "its VPS was made from something else than a new one would be, or is too old; the message says in what, old -> new. It is absent until that has been so once",
			[]string{"MadeOtherwise", "Expired", "UpToDate"}},
		{machine, v1alpha1.VPSieNodeError, "something went wrong; `status.lastError` keeps the text",
			append([]string{"NoError", "ProvisioningFailed", ReasonJoinFailed, "DrainFailed", "RepairHeld", "DeleteFailed", "AttachFailed", "DetachFailed", "SeveralVPSes", "VPSUnclear", "NodeUnclear", "DuplicateInstance", "AdoptionRefused", "NodeGroupNotFound"}, faults()...)},
	}
}

// ErrorWord documents an error's text as it begins.
type ErrorWord struct{ Text, Cause, Remedy string }

// Errors documents the errors that people must tell apart, by the reference's texts and ours.
func Errors() []ErrorWord {
	return []ErrorWord{
		{"MinNodes exceeds MaxNodes", "minNodes is above maxNodes, also by overrides", "correct them; the API server refuses such a spec"},
		{"VPSie API authentication failed", "wrong credentials, or a wrong or missing account password", "correct the Secret; it is read again at once"},
		{"VPSie API not reachable", "the API does not answer", "nothing: it is tried again, and nodes keep running"},
		{"Datacenter not found", "an unknown `datacenterID`", "the message lists the known ones"},
		{"Instance type not available", "an unknown or sold-out offering", "name another offering; sold-out ones are tried again later"},
		{"OS image not found", "an unknown `osImageID`", "the message lists the known ones"},
		{"SSH key not found", "an unknown one of `sshKeyIDs`", "the message lists the known ones"},
		{"VPC not found", "an unknown or ambiguous `networkConfig.vpc`, or one of another datacenter", "the message lists the known ones"},
		{"Firewall group not found", "an unknown or ambiguous one of `networkConfig.firewallGroups`", "the message lists the known ones"},
		{"Gateway not found", "an unknown `networkConfig.gateway.ip`, or one of another datacenter", "the message lists the known ones"},
		{"Maximum nodes reached", "pods wait at maxNodes", "raise maxNodes, or wait for scale-down"},
		{"Node join timeout", "no ready node within `--join-timeout`", "the machine's cloud-init log, and its way to the API server"},
		{"Insufficient VPSie quota", "the account's limit", "ask VPSie for more"},
		{"Insufficient VPSie balance", "the account has no money", "add credit to the account"},
		{"VPSie API permission denied", "the account is suspended, or the token lacks a right", "unblock the account with VPSie, or use another token"},
	}
}

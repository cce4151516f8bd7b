package v1alpha1

// Annotations of a NodeGroup.
const (
	// AnnotationPause with the value "true" stops buying and removing for the group.
	AnnotationPause = "autoscaler.vpsie.com/pause"
	// AnnotationMinNodesOverride temporarily replaces spec.minNodes.
	AnnotationMinNodesOverride = "autoscaler.vpsie.com/min-nodes-override"
	// AnnotationMaxNodesOverride temporarily replaces spec.maxNodes.
	AnnotationMaxNodesOverride = "autoscaler.vpsie.com/max-nodes-override"
	// AnnotationTryNow with the value "true" ends every back-off of the group and of the
	// account, and the stop of all buying. The autoscaler takes it away when it has done so.
	AnnotationTryNow = "autoscaler.vpsie.com/try-now"
)

// Annotations of a VPSieNode; they are honoured on its Node as well.
const (
	// AnnotationDoNotDelete with the value "true" keeps the autoscaler from removing the node.
	AnnotationDoNotDelete = "autoscaler.vpsie.com/do-not-delete"
	// AnnotationDrainTimeout is how long a drain may take, in seconds.
	AnnotationDrainTimeout = "autoscaler.vpsie.com/drain-timeout"
	// AnnotationSkipDrain with the value "true" has a VPSieNode that is being deleted go
	// with the pods on it.
	AnnotationSkipDrain = "autoscaler.vpsie.com/skip-drain"
	// AnnotationLaunchReason is why the autoscaler bought the machine. An object
	// without it was made by a person; the autoscaler does not delete it on its own.
	AnnotationLaunchReason = "autoscaler.vpsie.com/launch-reason"
	// AnnotationOrder is what the machine was bought for, as JSON: type, price, reason, up to ten
	// of the pods, and up to three other types that would have done. Nothing is decided by it.
	AnnotationOrder = "autoscaler.vpsie.com/order"
	// AnnotationRestarted is when the autoscaler last restarted the VPS of a machine whose node was not ready.
	AnnotationRestarted = "autoscaler.vpsie.com/restarted"
	// AnnotationRepair is why the autoscaler replaces the machine.
	AnnotationRepair = "autoscaler.vpsie.com/repair"
	// AnnotationRemoval is why the autoscaler removes the machine by a decision of its own, as
	// `vpsie-autoscaler plan` has it: Empty, Underutilized, AboveMax, Replaced, Drifted or
	// Expired.
	AnnotationRemoval = "autoscaler.vpsie.com/removal"
	// AnnotationLastApplied is what the node was given of its NodeGroup's labels and taints, as
	// JSON: {"labels": {…}, "taints": [{"key", "value", "effect"}]}. What leaves the NodeGroup is
	// taken off the node by it.
	AnnotationLastApplied = "autoscaler.vpsie.com/last-applied"
	// AnnotationReplaces names, with commas between them, the Kubernetes nodes in whose place the
	// machine was bought. They are drained when it is Ready.
	AnnotationReplaces = "autoscaler.vpsie.com/replaces"
	// AnnotationReplacesTogether is how many machines were decided on in the place of the nodes of
	// autoscaler.vpsie.com/replaces. When there are fewer, the nodes stay.
	AnnotationReplacesTogether = "autoscaler.vpsie.com/replaces-together"
	// AnnotationReplacementFailed is a replacement of the node that came to nothing, as JSON: until
	// when none is tried, how many there were, and why the last one failed.
	AnnotationReplacementFailed = "autoscaler.vpsie.com/replacement-failed"
	// AnnotationKubelet is how the kubelet of the machine was set up, as spec.kubelet of its
	// NodeGroup said when it was decided on. The sizes of nodes are compared by it.
	AnnotationKubelet = "autoscaler.vpsie.com/kubelet"
	// AnnotationVPSIdentifier is VPSie's identifier of the VPS, by which it is asked for where a list lacks it.
	AnnotationVPSIdentifier = "autoscaler.vpsie.com/vps-identifier"
	// AnnotationUnneededSince is when the node was first seen removable (RFC 3339).
	AnnotationUnneededSince = "autoscaler.vpsie.com/unneeded-since"
)

// Labels.
const (
	// LabelNodeGroup names the NodeGroup of a Node.
	LabelNodeGroup = "autoscaler.vpsie.com/nodegroup"
	// LabelParent names the NodeGroup of a VPSieNode.
	LabelParent = "nodegroup"
	// LabelInstanceType is the instance type of a VPSieNode and of its Node.
	LabelInstanceType = "autoscaler.vpsie.com/instance-type"
	// LabelDatacenter is the datacenter of a VPSieNode and of its Node.
	LabelDatacenter = "autoscaler.vpsie.com/datacenter"
)

const (
	// LabelCapacityType says of a Node of a group with spec.spotInstances how its machine was bought: on-demand or spot. A VPSieNode has it when it is a spot instance.
	LabelCapacityType = "autoscaler.vpsie.com/capacity-type"
	// CapacityOnDemand is the value of LabelCapacityType of a machine that is paid for at its list price.
	CapacityOnDemand = "on-demand"
	// CapacitySpot is that of a spot instance, which VPSie may take away again.
	CapacitySpot = "spot"
)

// TaintReplacing keeps pods off a node that is to be replaced, as far as there is room elsewhere.
const TaintReplacing = "autoscaler.vpsie.com/replacing"

// TaintUnneeded keeps pods off a node that could go and waits for a timer or a budget, as far as there is room elsewhere.
const TaintUnneeded = "autoscaler.vpsie.com/unneeded"

// TaintDeleting keeps DaemonSets from making pods anew that are evicted from a node whose VPS is about to be deleted.
const TaintDeleting = "autoscaler.vpsie.com/deleting"

// TaintUninitialized keeps pods off a new node until its labels and taints are in place.
const TaintUninitialized = "autoscaler.vpsie.com/uninitialized"

// Finalizer keeps a NodeGroup until its machines are gone, and a VPSieNode until its VPS is.
const Finalizer = "autoscaler.vpsie.com/machines"

package plan

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// State is one moment of the world as the planner sees it. Everything it points
// to is shared with the caller and read-only.
type State struct {
	Now     time.Time
	Options Options

	Groups []*Group
	Offers []*Offer
	Nodes  []*Node
	// Pods holds bound and pending pods alike. A pod is pending when it has no
	// node, is neither finished nor terminating nor owned by a DaemonSet, and its
	// PodScheduled condition says Unschedulable or is absent.
	Pods []*Pod
	// NodePods are further pods, which are bound: those of a node that is not named twice. Callers that
	// plan again and again keep them for the nodes whose pods have not changed.
	NodePods []*NodePods

	DaemonSets     []*appsv1.DaemonSet
	Deployments    []*appsv1.Deployment
	Budgets        []*policyv1.PodDisruptionBudget
	Namespaces     []*corev1.Namespace
	Volumes        []*corev1.PersistentVolume
	Claims         []*corev1.PersistentVolumeClaim
	StorageClasses []*storagev1.StorageClass
	CSINodes       []*storagev1.CSINode
	CSIDrivers     []*storagev1.CSIDriver
	// Limit, when it is there, bounds what is bought for all groups together.
	Limit *Limit
	// StorageCapacities say where drivers that count it can make volumes.
	StorageCapacities []*storagev1.CSIStorageCapacity
	VolumeAttachments []*storagev1.VolumeAttachment

	// fromScratch: the groups' nodes only show what new ones will be like; see anew.
	fromScratch bool
}

// Options are the operator's flags that change decisions.
type Options struct {
	// ExpendablePriorityCutoff: pods of a lower priority neither buy nor hold a
	// node (cluster-autoscaler's convention, there -10).
	ExpendablePriorityCutoff int32 `json:"expendablePriorityCutoff"`
	// SkipNodesWithLocalStorage keeps nodes with pods that use emptyDir or hostPath.
	SkipNodesWithLocalStorage bool `json:"skipNodesWithLocalStorage"`
	// IgnoreTimers treats stabilization windows and unneededTime as elapsed.
	IgnoreTimers bool `json:"ignoreTimers,omitempty"`
	// StartupTaints are taints, beside the usual ones, that a new node sheds by itself.
	StartupTaints []StartupTaint `json:"startupTaints,omitempty"`

	// nothingHeld: no person, annotation or pod keeps a node; see CompareFromScratch.
	nothingHeld bool
}

// Money is an amount in millionths of the currency per month of 720 hours.
type Money int64

// Group is a NodeGroup with overrides applied and identifiers resolved.
type Group struct {
	Name string
	// Min and Max bound the number of nodes, machines on their way included.
	Min, Max int
	// Paused: nothing is bought or removed, not even for Min.
	Paused bool
	// PausedBy names the schedule that pauses the group and says until when, for messages;
	// empty when none does.
	PausedBy string
	// Drain: a schedule has taken Max to 0. All nodes go that nothing holds, also where their
	// pods fit no other node, and none is a place to put pods. Timers do not matter.
	Drain bool
	// Scheduled says which schedules Min and Max are of and until when, for messages;
	// empty for none.
	Scheduled string
	// BoundsUntil is when a schedule changes Min, Max or Paused next; zero when none will.
	BoundsUntil time.Time
	// Deleting: the NodeGroup is being deleted; nothing is bought for it and its
	// nodes are no place to put pods. Its machines are removed by the controller,
	// not by the plan.
	Deleting bool
	// DatacenterID and Offers hold the names under which State.Offers lists them.
	DatacenterID string
	Offers       []string
	// Datacenters take the place of DatacenterID and Offers in a group that buys in several. Its
	// nodes carry their datacenter as topology.kubernetes.io/zone.
	Datacenters []Datacenter
	// Balanced: a node is bought in the datacenter with the fewest nodes of the group where it
	// costs at most balanceWithin percent more. Nodes that are there stay where they are.
	Balanced bool
	// Allocatable is what its new nodes offer to pods where that is not what the offer says,
	// because its kubelets are set up in another way.
	Allocatable map[OfferKey]corev1.ResourceList
	// Spot says whether the group buys spot instances.
	Spot SpotPolicy
	// Preferred is one of Offers, or empty. It is preferred as a spot instance and on demand alike.
	Preferred  string
	AllowMixed bool
	// Priority makes tiers: pods buy of the highest one that takes them and can buy.
	Priority int32
	Labels   map[string]string
	Taints   []corev1.Taint
	// StartupTaints are taints of its new nodes that these shed by themselves.
	StartupTaints []corev1.Taint
	// OnlyFor are labels for all of which a pod must ask to have a node bought; none for
	// every pod.
	OnlyFor   map[string]string
	Limits    Limits
	ScaleUp   ScaleUp
	ScaleDown ScaleDown
	// Disruption bounds removals beside ScaleDown.
	Disruption Disruption
	// LastScale is the NodeGroup's status.lastScaleTime; zero when it never scaled.
	LastScale time.Time
	// Unsuitable is what earlier plans found (Plan.Unsuitable).
	Unsuitable []Unsuitable
	// NoGrowth, when not empty, says why nothing is bought beyond Min.
	NoGrowth string
	// Blocked, when not empty, says why nothing can be bought for the group now
	// (unknown datacenter, wrong credentials, …). Its pods are refused with
	// BlockedReason, OfferingUnavailable when that is empty, and this message.
	Blocked       string
	BlockedReason RefusalReason
	// Limit, when it is there, bounds what is bought for the group, also for Min.
	Limit *Limit
	// Undeletable, when not empty, says why no VPS can be deleted now (wrong account
	// password, an outage, …). Nodes that could go are kept with NotDeletable and this
	// message: a drain would disrupt their pods and save nothing.
	Undeletable string
}

// Limit bounds how many machines a plan buys, while nobody knows whether buying works.
type Limit struct {
	// Left is how many may be bought now; 0 or less is none.
	Left int
	// Reason and Message are what pods hear that wait because of it.
	Reason  RefusalReason
	Message string
}

// Limits cap the sum over a group's machines, those on their way and leaving ones
// included; nil is no limit.
type Limits struct {
	// SpotPercent is the share of spot instances among the group's nodes. Machines that leave
	// do not count.
	SpotPercent *int
	// MilliCPU and Memory (in bytes) are of the capacity as sold.
	MilliCPU, Memory *int64
	// Cost is per month.
	Cost *Money
}

// ScaleUp follows the reference's ScaleUpPolicy.
type ScaleUp struct {
	Enabled bool
	Window  time.Duration
	// CPU and Memory are percentages; 100 switches head-room off.
	CPU, Memory int
}

// ScaleDown follows the reference's ScaleDownPolicy.
type ScaleDown struct {
	Enabled      bool
	Window       time.Duration
	CPU, Memory  int
	UnneededTime time.Duration
}

// OfferKey tells offers apart, and says which one a node was bought as.
type OfferKey struct {
	DatacenterID, InstanceType string
	Spot                       bool
}

// Key tells the offer from others.
func (o *Offer) Key() OfferKey { return OfferKey{o.DatacenterID, o.InstanceType, o.Spot} }

// Offer is the key of the offer that the node was bought as.
func (n *Node) Offer() OfferKey { return OfferKey{n.DatacenterID, n.InstanceType, n.Spot} }

// Offer is one instance type in one datacenter, on demand or as a spot instance.
type Offer struct {
	// InstanceType is the name users write in offeringIDs.
	InstanceType string
	DatacenterID string
	// Spot: the cloud may take machines of it away again.
	Spot bool
	// Category is the cloud's category of such types; it decides nothing.
	Category string
	Price    Money
	// Capacity is the size as sold; Allocatable is what a node of it offers to
	// pods, learnt or estimated (EstimateAllocatable).
	Capacity, Allocatable corev1.ResourceList
	// Ordered is what Allocatable was before real nodes corrected it; nil when none did.
	Ordered corev1.ResourceList
	// Labels are extra labels of its nodes, such as a zone.
	Labels map[string]string
	// Available is false when the cloud does not sell it now.
	Available bool
	// Stock is how many can be bought at most; negative when not known.
	Stock int
	// BackoffUntil: the cloud refused it lately; not bought before then.
	BackoffUntil time.Time
	// BackoffReason is the refusal's text.
	BackoffReason string
}

// NodeState is how far a machine's life has come.
type NodeState string

// The states of a Node.
const (
	// Ordered: asked for or booting; may have registered, is not Ready yet.
	Ordered NodeState = "Ordered"
	// Ready takes pods.
	Ready NodeState = "Ready"
	// NotReady was Ready once and is not now.
	NotReady NodeState = "NotReady"
	// Terminating is being drained or deleted.
	Terminating NodeState = "Terminating"
	// Failed will be deleted; it counts towards max until it is gone.
	Failed NodeState = "Failed"
)

// Node is a machine: a Kubernetes node, or one that is on its way.
type Node struct {
	// Name is the Kubernetes node's name, or the machine object's while no node
	// has registered.
	Name string
	// Machine is the name of the VPSieNode object; empty for nodes that are not ours.
	Machine string
	// Group is the NodeGroup it counts towards; empty for nodes that are not ours.
	Group        string
	InstanceType string
	DatacenterID string
	// Spot: it was bought as a spot instance.
	Spot bool
	// LastPrice is what the machine cost when that was last known, and Capacity its size
	// as VPSie told it. They count while its type is not among the offers; 0 and nil when
	// nobody ever knew.
	LastPrice Money
	Capacity  corev1.ResourceList
	// Kubelet stands for how its kubelet was set up: its size says what those with the same
	// one offer.
	Kubelet string
	State   NodeState
	// Created is when it was ordered, zero when that is not known.
	Created time.Time
	// ReadySince is when it became Ready, zero when that is not known (SettleTime).
	ReadySince time.Time
	// Object is the registered node, nil before.
	Object *corev1.Node
	// UnneededSince is when it was first seen removable; zero when it is not.
	UnneededSince time.Time
	// DoNotDelete is the annotation autoscaler.vpsie.com/do-not-delete.
	DoNotDelete bool
	// Adopted: a person made the VPSieNode, so the autoscaler does not remove it by a
	// decision of its own.
	Adopted bool
	// Unordered: nothing has been asked of the cloud for it, so that it costs nothing to let it go.
	Unordered bool
	// Stopped: the cloud says that the machine does not run, whatever the Node's
	// conditions still say.
	Stopped bool
	// Planned are the pods, as namespace/name, that an earlier plan bought the
	// machine for or placed on it while it was on its way (Launch.Pods,
	// Placement.Pod). They are tried on it first, so that what was packed tightly
	// once fits again. It is a hint: names that are pending no more are ignored, and
	// without it the plan is sound but may buy more than was needed.
	Planned []string
	// Drift says in what the machine differs from what a new one would be made from, such as
	// "osImageID: a -> b"; empty when in nothing that is known.
	Drift string
	// Current: it is known to be made from the same as a new one would be.
	Current bool
	// Replaces are the nodes in whose place it was bought (Launch.Replaces), Together is how many
	// machines were decided on for that (Launch.Together), 0 when that is not known.
	Replaces []string
	Together int
	// ReplaceBackoffUntil: a replacement of it came to nothing lately (Plan.GivenUp); none is
	// bought before then.
	ReplaceBackoffUntil  time.Time
	ReplaceBackoffReason string
	// RemovalBackoffUntil: a drain of it failed lately; not removed before then.
	RemovalBackoffUntil time.Time
	// RemovalBackoffReason says why the drain failed.
	RemovalBackoffReason string
}

package plan

import "time"

// Plan is what should be done and why. Its JSON form is the output contract of
// `vpsie-autoscaler plan`; every list is sorted by name.
type Plan struct {
	Launches   []Launch    `json:"launches"`
	Placements []Placement `json:"placements"`
	Removals   []Removal   `json:"removals"`
	Unplaced   []Unplaced  `json:"unplaced"`
	Kept       []Kept      `json:"kept"`
	Cost       Cost        `json:"cost"`
	// Strategy names the way of buying that was best (docs/planner.md); left out for the
	// first one, and where nothing is bought.
	Strategy string `json:"strategy,omitempty"`

	// Unneeded names the nodes that could go now but for a timer or the group's
	// window, and those that do go: their unneeded-since time is kept; every other
	// node's is cleared.
	Unneeded []string `json:"-"`
	// Unsuitable are the types of which nodes have proved that they are no help to some
	// pods: those of Group.Unsuitable that still count, and new ones.
	Unsuitable []Unsuitable `json:"-"`
	// Replacing names the nodes in whose place machines are bought, now or before. GivenUp are
	// exchanges that came to nothing.
	Replacing []string  `json:"-"`
	GivenUp   []GivenUp `json:"-"`
	// RecheckAt is when the next timer of the plan elapses; zero when none runs.
	RecheckAt time.Time `json:"-"`
}

// Launch is a machine to buy.
type Launch struct {
	// Name is a placeholder, `<group>-new-<n>`; the machine gets its own name.
	Name         string `json:"name"`
	Group        string `json:"nodeGroup"`
	InstanceType string `json:"instanceType"`
	DatacenterID string `json:"datacenterID"`
	// Spot: it is a spot instance.
	Spot   bool         `json:"spot,omitempty"`
	Price  Hourly       `json:"pricePerHour"`
	Reason LaunchReason `json:"reason"`
	// Zonal: its group buys in several datacenters.
	Zonal bool `json:"-"`
	// Pods are the pods it is bought for, as namespace/name.
	Pods []string `json:"pods"`
	// Replaces are the nodes in whose place it is bought, by name. They go once it is Ready.
	Replaces []string `json:"replaces,omitempty"`
	// Together is how many machines are bought in the place of these nodes, where fewer come to nothing.
	Together int `json:"-"`
	// Saves is what the nodes cost more than all machines that are bought in their place.
	Saves Hourly `json:"savesPerHour,omitempty"`
	// Alternatives are up to three other types of which one node would hold the same pods,
	// the cheapest first.
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// PassedOver says why NodeGroups of a higher spec.priority that take its pods do not buy
	// for them now.
	PassedOver []Refusal `json:"passedOver,omitempty"`
}

// Placement is a pending pod that fits an existing or ordered node.
type Placement struct {
	Pod  string `json:"pod"`
	Node string `json:"node"`
}

// Removal is a node to drain and delete.
type Removal struct {
	Node   string        `json:"node"`
	Group  string        `json:"nodeGroup"`
	Reason RemovalReason `json:"reason"`
	Saves  Hourly        `json:"savesPerHour"`
	Moves  []Move        `json:"moves"`
}

// Move is where a pod of a removed node fits.
type Move struct {
	Pod string `json:"pod"`
	To  string `json:"to"`
}

// Unplaced is a pending pod that neither fits nor can be bought for.
type Unplaced struct {
	Pod      string    `json:"pod"`
	Refusals []Refusal `json:"refusals"`
}

// Refusal says why one type of one group is no answer for a pod. Group and
// InstanceType are empty when the reason does not depend on them, DatacenterID
// also where the group has only one.
type Refusal struct {
	Group        string        `json:"nodeGroup"`
	InstanceType string        `json:"instanceType"`
	Spot         bool          `json:"spot,omitempty"`
	DatacenterID string        `json:"datacenterID,omitempty"`
	Reason       RefusalReason `json:"reason"`
	Message      string        `json:"message"`
}

// Kept is a group's node that stays, and why.
type Kept struct {
	Node    string     `json:"node"`
	Group   string     `json:"nodeGroup"`
	Reason  KeptReason `json:"reason"`
	Message string     `json:"message"`
}

// Cost is what the groups' nodes and ordered machines cost before and after the
// plan, and a proved lower bound of the latter.
type Cost struct {
	Before     Hourly `json:"beforePerHour"`
	After      Hourly `json:"afterPerHour"`
	LowerBound Hourly `json:"lowerBoundPerHour"`
	// FromScratch is set by whoever asks for it (CompareFromScratch); Decide leaves it nil.
	FromScratch *FromScratch `json:"fromScratch,omitempty"`
}

// Hourly is Money that prints as a decimal string per hour (month = 720 h).
type Hourly Money

// LaunchReason is why a machine is bought.
type LaunchReason string

// RemovalReason is why a node goes.
type RemovalReason string

// RefusalReason is why a pod stays unplaced.
type RefusalReason string

// KeptReason is why a node stays.
type KeptReason string

// Launch reasons.
const (
	PendingPods LaunchReason = "PendingPods"
	MinNodes    LaunchReason = "MinNodes"
	Headroom    LaunchReason = "Headroom"
	// Replacement: its pods are on nodes that are to go (Launch.Replaces).
	Replacement LaunchReason = "Replacement"
)

// Removal reasons.
const (
	Empty         RemovalReason = "Empty"
	Underutilized RemovalReason = "Underutilized"
	AboveMax      RemovalReason = "AboveMax"
	// Drifted: made from something else than a new machine would be (Node.Drift).
	Drifted RemovalReason = "Drifted"
	// Expired: older than the group lets nodes become (Node.Expires).
	Expired RemovalReason = "Expired"
	// Replaced: its pods fit machines that were bought in its place, or, though it is busy, the
	// free room of others.
	Replaced RemovalReason = "Replaced"
)

// Refusal reasons.
const (
	InsufficientResource RefusalReason = "InsufficientResource"
	TaintNotTolerated    RefusalReason = "TaintNotTolerated"
	NodeAffinity         RefusalReason = "NodeAffinity"
	PodAffinity          RefusalReason = "PodAffinity"
	PodAntiAffinity      RefusalReason = "PodAntiAffinity"
	TopologySpread       RefusalReason = "TopologySpread"
	HostPort             RefusalReason = "HostPort"
	VolumeZone           RefusalReason = "VolumeZone"
	VolumeLimit          RefusalReason = "VolumeLimit"
	MaxNodesReached      RefusalReason = "MaxNodesReached"
	LimitReached         RefusalReason = "LimitReached"
	CostLimitReached     RefusalReason = "CostLimitReached"
	NotAskedFor          RefusalReason = "NotAskedFor"
	ScaleUpDisabled      RefusalReason = "ScaleUpDisabled"
	Paused               RefusalReason = "Paused"
	Stabilizing          RefusalReason = "Stabilizing"
	OfferingUnavailable  RefusalReason = "OfferingUnavailable"
	Backoff              RefusalReason = "Backoff"
	Unproven             RefusalReason = "Unproven"
	BuyingStopped        RefusalReason = "BuyingStopped"
	SchedulingGated      RefusalReason = "SchedulingGated"
	OtherScheduler       RefusalReason = "OtherScheduler"
	// SchedulerError: the scheduler failed on the pod, which no node mends.
	SchedulerError RefusalReason = "SchedulerError"
	NotSupported   RefusalReason = "NotSupported"
	NoNodeGroup    RefusalReason = "NoNodeGroup"
)

// Kept reasons.
const (
	KeptNotUnderutilized    KeptReason = "NotUnderutilized"
	KeptNotEmpty            KeptReason = "NotEmpty"
	KeptUnneededTime        KeptReason = "UnneededTime"
	KeptStabilizing         KeptReason = "Stabilizing"
	KeptAtMinNodes          KeptReason = "AtMinNodes"
	KeptDoNotDelete         KeptReason = "DoNotDelete"
	KeptPaused              KeptReason = "Paused"
	KeptScaleDownDisabled   KeptReason = "ScaleDownDisabled"
	KeptPodDisruptionBudget KeptReason = "PodDisruptionBudget"
	KeptDisruptionBudget    KeptReason = "DisruptionBudget"
	KeptMinNodeLifetime     KeptReason = "MinNodeLifetime"
	KeptPaidPeriod          KeptReason = "PaidPeriod"
	KeptPodNotEvictable     KeptReason = "PodNotEvictable"
	KeptNoRoomElsewhere     KeptReason = "NoRoomElsewhere"
	KeptWouldTriggerScaleUp KeptReason = "WouldTriggerScaleUp"
	KeptNotReady            KeptReason = "NotReady"
	// KeptSpotLimit: without it spot instances had more than their share (Limits.SpotPercent).
	KeptSpotLimit KeptReason = "SpotLimit"
	// KeptAwaitingReplacement: it goes when the machine that is bought in its place is Ready.
	KeptAwaitingReplacement KeptReason = "AwaitingReplacement"
	// KeptReplacing: it was bought in the place of nodes that are still there.
	KeptReplacing KeptReason = "Replacing"
	// KeptNoReplacement: no machine can be bought in the place of an outdated node.
	KeptNoReplacement KeptReason = "NoReplacement"
	// KeptRolloutWaiting: as many outdated nodes are being replaced as may be at a time.
	KeptRolloutWaiting KeptReason = "RolloutWaiting"
	// KeptRolloutPaused: a machine that was bought in the place of an outdated node did not join.
	KeptRolloutPaused KeptReason = "RolloutPaused"
	// KeptControlPlane: the node runs the control plane, or its role label says so.
	KeptControlPlane KeptReason = "ControlPlane"
	// KeptAdopted: a person made the machine's VPSieNode, so only a person removes it.
	KeptAdopted KeptReason = "Adopted"
	// KeptNotDeletable: the cloud would not delete the VPS (Group.Undeletable).
	KeptNotDeletable KeptReason = "NotDeletable"
	// KeptNotCheaper: no machines on sale hold its pods for enough less.
	KeptNotCheaper KeptReason = "NotCheaper"
)

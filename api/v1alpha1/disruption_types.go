package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// Disruption says which nodes the autoscaler may remove by a decision of its own, how old
// they must be, how many at a time, and when. It does not hold for the repair of broken
// machines, nor for what a person deletes.
type Disruption struct {
	// Consolidation is WhenEmpty, WhenUnderutilized or WhenCheaper. WhenEmpty removes a node
	// only when no pod on it needs another place. WhenUnderutilized, as if absent, also removes
	// nodes below scaleDownPolicy's thresholds whose pods fit elsewhere. WhenCheaper removes
	// nodes whose pods fit elsewhere however busy they are, and replaces nodes by machines, of
	// any NodeGroup, that hold their pods for less.
	//
	// +optional
	Consolidation Consolidation `json:"consolidation,omitempty"`

	// MinSavingsPercent is what a replacement must save at least, as a percentage of the price
	// of the nodes that it replaces. It counts with consolidation WhenCheaper. Absent is 15.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MinSavingsPercent *int32 `json:"minSavingsPercent,omitempty"`

	// PaybackHours is within how many hours a replacement must have saved what it costs: both
	// the old and the new machines are paid for until the old ones are gone, and what is left of
	// periods that are paid as a whole (alignToPaidPeriodSeconds, an hour where that is absent) is
	// lost. It counts with consolidation WhenCheaper. Absent is 24, and a replacement waits until no
	// more than a third of the periods that are paid for the old machines will be left when these go,
	// or, where their periods end one after another, until least of them will be: until then the old
	// ones cost nothing more, and the new ones would.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=8760
	PaybackHours *int32 `json:"paybackHours,omitempty"`

	// MinNodeLifetimeSeconds is how long after its order a node is not removed, not even to
	// come down to maxNodes. Absent is 0.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	MinNodeLifetimeSeconds *int32 `json:"minNodeLifetimeSeconds,omitempty"`

	// AlignToPaidPeriodSeconds is how long each period is that VPSie bills as a whole, counted
	// from the order of a node, such as 3600 where hours are billed. A node that is not needed
	// then stays, as free room, and goes shortly before its next period begins. Absent or 0, it
	// goes at once. Nodes above maxNodes do not wait for it.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2678400
	// +kubebuilder:validation:XValidation:rule="self == 0 || self >= 600",message="alignToPaidPeriodSeconds must be 0 or at least 600: there must be time to drain a node before its next period"
	AlignToPaidPeriodSeconds *int32 `json:"alignToPaidPeriodSeconds,omitempty"`

	// DriftPolicy says what becomes of nodes whose VPS was made from something else than a new one
	// would be: another image, user data, SSH keys, startup taints or settings of the kubelet, or an
	// older minor version of Kubernetes than the control plane has. The condition Drifted of the VPSieNode says in what.
	// With Report, as if absent, nothing else happens. With Replace such nodes are replaced, the
	// oldest first: a machine is bought, and when it is Ready, the node is drained and deleted. A
	// node whose pods fit on other nodes goes without a purchase. Until a machine made as the
	// NodeGroup is now has joined, one node at a time is replaced; when one does not join, the rest
	// waits (condition RolloutPaused). Edits of labels and taints need no new machine: they reach
	// the nodes at once.
	//
	// +optional
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`

	// NodeMaxAgeSeconds is the age at which a node is replaced, as with driftPolicy Replace, whatever
	// that says. So that nodes that were ordered together do not expire together, the age of each
	// is up to a tenth shorter or longer, always the same for one node. Absent or 0 is never.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:XValidation:rule="self == 0 || self >= 60",message="nodeMaxAgeSeconds must be 0, which is never, or at least 60"
	NodeMaxAgeSeconds *int32 `json:"nodeMaxAgeSeconds,omitempty"`

	// TerminationDeadlineSeconds is how long after its deletion began a VPSieNode's VPS is deleted
	// with the pods that are still on the node, whatever holds these: when a person deleted it, or
	// it is drifted, expired or repaired. A removal that only saves money is never forced. Absent
	// or 0, a drain that fails gives up, lets the node work on, and tries again.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	TerminationDeadlineSeconds *int32 `json:"terminationDeadlineSeconds,omitempty"`

	// DrainSurge is Disabled, as if absent, or SingleReplica. With SingleReplica no pod is evicted
	// that is the only ready replica of a Deployment: the Deployment is restarted, as by kubectl
	// rollout restart, and the drain waits until another replica is ready and this one has ended.
	// It holds for every drain of the group's nodes, also of nodes that a person deletes. A
	// PodDisruptionBudget that allows no eviction of such a pod does not keep its node. Pods are
	// evicted as without it when a roll-out of their Deployment would not make a new pod first
	// (strategy Recreate, maxSurge 0 or maxUnavailable above 0), is paused, or when one of their
	// volumes can be used on one node only. All other pods are evicted as without it.
	//
	// +optional
	DrainSurge DrainSurge `json:"drainSurge,omitempty"`

	// Budgets bound how many nodes leave at a time, and when. A node goes when every budget
	// for the reason of its removal allows it.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Budgets []DisruptionBudget `json:"budgets,omitempty"`
}

// Consolidation says which nodes are removed to save their price.
//
// +kubebuilder:validation:Enum=WhenEmpty;WhenUnderutilized;WhenCheaper
type Consolidation string

// The kinds of consolidation.
const (
	ConsolidateWhenEmpty         Consolidation = "WhenEmpty"
	ConsolidateWhenUnderutilized Consolidation = "WhenUnderutilized"
	ConsolidateWhenCheaper       Consolidation = "WhenCheaper"
)

// DriftPolicy says what becomes of nodes that differ from what a new one would be.
//
// +kubebuilder:validation:Enum=Report;Replace
type DriftPolicy string

// The drift policies.
const (
	DriftReport  DriftPolicy = "Report"
	DriftReplace DriftPolicy = "Replace"
)

// DrainSurge says for which pods another replica is made before their node is drained.
//
// +kubebuilder:validation:Enum=Disabled;SingleReplica
type DrainSurge string

// The kinds of surge.
const (
	DrainSurgeDisabled      DrainSurge = "Disabled"
	DrainSurgeSingleReplica DrainSurge = "SingleReplica"
)

// DisruptionBudget bounds the removal of nodes. A Limit bounds how many nodes leave at a
// time, always or only while its schedule is active. A Window lets nodes go only while its
// schedule is active.
//
// +kubebuilder:validation:XValidation:rule="(has(self.kind) && self.kind == 'Window') || has(self.nodes)",fieldPath=".nodes",message="nodes: a budget of kind Limit needs it, a number such as 1 or a part of the group's nodes such as 10%; for kind Window say so in kind"
// +kubebuilder:validation:XValidation:rule="!has(self.kind) || self.kind != 'Window' || !has(self.nodes)",fieldPath=".nodes",message="nodes: a budget of kind Window has none; add a second budget of kind Limit"
// +kubebuilder:validation:XValidation:rule="!has(self.kind) || self.kind != 'Window' || has(self.cron)",fieldPath=".cron",message="cron: a budget of kind Window needs it, such as 0 2 * * *, and durationSeconds"
// +kubebuilder:validation:XValidation:rule="has(self.cron) == has(self.durationSeconds)",fieldPath=".durationSeconds",message="durationSeconds: says for how long each start of cron holds; give both or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.timeZone) || has(self.cron)",fieldPath=".timeZone",message="timeZone: is of no use without cron; add cron and durationSeconds, or leave it out"
type DisruptionBudget struct {
	// Kind is Limit, as if absent, or Window.
	//
	// +optional
	Kind DisruptionBudgetKind `json:"kind,omitempty"`

	// Nodes is how many of the group's nodes may be leaving at a time, those that leave
	// already included: a number, or a percentage of the group's nodes, rounded down to a
	// whole node, but to no less than one. 0 and 0% allow none.
	//
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}|(100|[1-9]?[0-9])%)$`
	// +kubebuilder:validation:XValidation:rule="type(self) == string || int(self) >= 0",message="nodes must be a number >= 0, such as 1, or a percentage from 0% to 100%"
	Nodes *intstr.IntOrString `json:"nodes,omitempty"`

	// Reasons are the reasons of removals that the budget is for; none is for all.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10
	Reasons []DisruptionReason `json:"reasons,omitempty"`

	// Cron is when the schedule becomes active, as a CronJob has it: minute, hour, day of
	// month, month, day of week (0 to 6, or SUN to SAT), or @hourly, @daily, @weekly,
	// @monthly or @yearly.
	//
	// +optional
	Cron Cron `json:"cron,omitempty"`

	// TimeZone is the time zone of cron by its name in the IANA database, such as
	// Europe/Berlin. Absent is UTC.
	//
	// +optional
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// DurationSeconds is how long the schedule stays active from each start of cron.
	//
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=31536000
	DurationSeconds *int32 `json:"durationSeconds,omitempty"`
}

// DisruptionBudgetKind says how a budget bounds the removal of nodes.
//
// +kubebuilder:validation:Enum=Limit;Window
type DisruptionBudgetKind string

// The kinds of budgets.
const (
	DisruptionLimit  DisruptionBudgetKind = "Limit"
	DisruptionWindow DisruptionBudgetKind = "Window"
)

// DisruptionReason is a reason for which a node is removed, as `vpsie-autoscaler plan` has it.
//
// +kubebuilder:validation:Enum=Empty;Underutilized;AboveMax;Replaced;Drifted;Expired
type DisruptionReason string

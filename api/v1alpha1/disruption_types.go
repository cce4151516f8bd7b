package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// Disruption says which nodes the autoscaler may remove by a decision of its own, how old
// they must be, how many at a time, and when. It does not hold for the repair of broken
// machines, nor for what a person deletes.
type Disruption struct {
	// Consolidation is WhenEmpty or WhenUnderutilized. WhenEmpty removes a node only when no
	// pod on it needs another place. WhenUnderutilized, as if absent, also removes nodes below
	// scaleDownPolicy's thresholds whose pods fit elsewhere.
	//
	// +optional
	Consolidation Consolidation `json:"consolidation,omitempty"`

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
// +kubebuilder:validation:Enum=WhenEmpty;WhenUnderutilized
type Consolidation string

// The kinds of consolidation.
const (
	ConsolidateWhenEmpty         Consolidation = "WhenEmpty"
	ConsolidateWhenUnderutilized Consolidation = "WhenUnderutilized"
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
	// @monthly or @yearly. A start that the clock skips in spring is left out.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|(([*]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?(,([*]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?)*) +(([*]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?(,([*]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?)*) +(([*?]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?(,([*]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?)*) +((?i)([*]|(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))?)(/[1-9][0-9]?)?(,([*]|(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))?)(/[1-9][0-9]?)?)*) +((?i)([*?]|([0-6]|sun|mon|tue|wed|thu|fri|sat)(-([0-6]|sun|mon|tue|wed|thu|fri|sat))?)(/[1-9][0-9]?)?(,([*]|([0-6]|sun|mon|tue|wed|thu|fri|sat)(-([0-6]|sun|mon|tue|wed|thu|fri|sat))?)(/[1-9][0-9]?)?)*))$')",message="cron must have five fields, minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-6), such as 0 2 * * 1-5, or be @hourly, @daily, @weekly, @monthly or @yearly"
	// +kubebuilder:validation:XValidation:rule="!self.matches('(?i)(^|[ ,])([1-5][0-9]-0?[0-9]|5[0-9]-[1-4][0-9]|4[0-9]-[1-3][0-9]|3[0-9]-[12][0-9]|2[0-9]-1[0-9]|0?[1-9]-0?0|0?[2-9]-0?1|0?[3-9]-0?2|0?[4-9]-0?3|0?[5-9]-0?4|0?[6-9]-0?5|0?[7-9]-0?6|0?[8-9]-0?7|0?9-0?8|1[1-9]-10|1[2-9]-11|1[3-9]-12|1[4-9]-13|1[5-9]-14|1[6-9]-15|1[7-9]-16|1[8-9]-17|19-18|2[1-9]-20|2[2-9]-21|2[3-9]-22|2[4-9]-23|2[5-9]-24|2[6-9]-25|2[7-9]-26|2[8-9]-27|29-28|3[1-9]-30|3[2-9]-31|3[3-9]-32|3[4-9]-33|3[5-9]-34|3[6-9]-35|3[7-9]-36|3[8-9]-37|39-38|4[1-9]-40|4[2-9]-41|4[3-9]-42|4[4-9]-43|4[5-9]-44|4[6-9]-45|4[7-9]-46|4[8-9]-47|49-48|5[1-9]-50|5[2-9]-51|5[3-9]-52|5[4-9]-53|5[5-9]-54|5[6-9]-55|5[7-9]-56|5[8-9]-57|59-58|sat-(sun|mon|tue|wed|thu|fri)|fri-(sun|mon|tue|wed|thu)|thu-(sun|mon|tue|wed)|wed-(sun|mon|tue)|tue-(sun|mon)|mon-(sun))([^0-9]|$)')",message="cron has a range whose end is before its start, such as 22-6; write it as two ranges, such as 22-23,0-6"
	Cron string `json:"cron,omitempty"`

	// TimeZone is the time zone of cron by its name in the IANA database, such as
	// Europe/Berlin. Absent is UTC.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$') && self != 'Local' && timestamp('2000-01-01T00:00:00Z').getHours(self) >= 0",message="timeZone must be a name of the IANA time zone database, such as Europe/Berlin or UTC"
	TimeZone string `json:"timeZone,omitempty"`

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
// +kubebuilder:validation:Enum=Empty;Underutilized;AboveMax
type DisruptionReason string

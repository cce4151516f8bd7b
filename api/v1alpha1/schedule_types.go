package v1alpha1

// Schedule gives a NodeGroup other bounds, or pauses it, for a while from each start of its
// cron. It follows from the time alone: a start that nobody saw counts, and around a change
// of the clock each start counts once.
//
// +kubebuilder:validation:XValidation:rule="has(self.minNodes) || has(self.maxNodes) || has(self.paused)",message="schedules: an entry must say minNodes, maxNodes or paused; without them it changes nothing"
// +kubebuilder:validation:XValidation:rule="!has(self.minNodes) || !has(self.maxNodes) || self.maxNodes >= self.minNodes",fieldPath=".maxNodes",message="schedules: maxNodes must be >= minNodes in each entry"
type Schedule struct {
	// Name tells the schedule from the others, in status.activeSchedules and in messages.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="schedules: name must be lower-case letters, digits and hyphens, such as night"
	Name string `json:"name"`

	// Cron is when the schedule becomes active, as a CronJob has it: minute, hour, day of
	// month, month, day of week (0 to 6, or SUN to SAT), or @hourly, @daily, @weekly,
	// @monthly or @yearly. A start that the clock skips in spring counts when the clock has
	// been put forward; in an hour that the clock repeats in autumn only the first counts,
	// unless cron has every hour.
	//
	// +required
	Cron Cron `json:"cron"`

	// TimeZone is the time zone of cron by its name in the IANA database, such as
	// Europe/Berlin. Absent is UTC.
	//
	// +optional
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// DurationSeconds is how long the schedule stays active from each start of cron.
	//
	// +required
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=31536000
	DurationSeconds int32 `json:"durationSeconds"`

	// MinNodes takes the place of the group's minNodes meanwhile.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	MinNodes *int32 `json:"minNodes,omitempty"`

	// MaxNodes takes the place of the group's maxNodes meanwhile. Where minNodes is above it,
	// minNodes counts as this. 0 empties the group: its nodes go, also where their pods fit no
	// other node and then wait, and without regard to scaleDownPolicy's thresholds and times.
	// PodDisruptionBudgets, do-not-delete, pods that must not be evicted, disruption.budgets
	// and minNodeLifetimeSeconds hold nodes, and so does scaleDownPolicy.enabled false.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxNodes *int32 `json:"maxNodes,omitempty"`

	// Paused true stops buying and removing for the group meanwhile; false undoes what an
	// entry before it says.
	//
	// +optional
	Paused *bool `json:"paused,omitempty"`
}

// Cron is a schedule as a CronJob has it.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:XValidation:rule="self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|(([*]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?(,([*]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?)*) +(([*]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?(,([*]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?)*) +(([*?]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?(,([*]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?)*) +((?i)([*]|(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))?)(/[1-9][0-9]?)?(,([*]|(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))?)(/[1-9][0-9]?)?)*) +((?i)([*?]|([0-6]|sun|mon|tue|wed|thu|fri|sat)(-([0-6]|sun|mon|tue|wed|thu|fri|sat))?)(/[1-9][0-9]?)?(,([*]|([0-6]|sun|mon|tue|wed|thu|fri|sat)(-([0-6]|sun|mon|tue|wed|thu|fri|sat))?)(/[1-9][0-9]?)?)*))$')",message="cron must have five fields, minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-6), such as 0 2 * * 1-5, or be @hourly, @daily, @weekly, @monthly or @yearly"
// +kubebuilder:validation:XValidation:rule="!self.matches('(?i)(^|[ ,])([1-5][0-9]-0?[0-9]|5[0-9]-[1-4][0-9]|4[0-9]-[1-3][0-9]|3[0-9]-[12][0-9]|2[0-9]-1[0-9]|0?[1-9]-0?0|0?[2-9]-0?1|0?[3-9]-0?2|0?[4-9]-0?3|0?[5-9]-0?4|0?[6-9]-0?5|0?[7-9]-0?6|0?[8-9]-0?7|0?9-0?8|1[1-9]-10|1[2-9]-11|1[3-9]-12|1[4-9]-13|1[5-9]-14|1[6-9]-15|1[7-9]-16|1[8-9]-17|19-18|2[1-9]-20|2[2-9]-21|2[3-9]-22|2[4-9]-23|2[5-9]-24|2[6-9]-25|2[7-9]-26|2[8-9]-27|29-28|3[1-9]-30|3[2-9]-31|3[3-9]-32|3[4-9]-33|3[5-9]-34|3[6-9]-35|3[7-9]-36|3[8-9]-37|39-38|4[1-9]-40|4[2-9]-41|4[3-9]-42|4[4-9]-43|4[5-9]-44|4[6-9]-45|4[7-9]-46|4[8-9]-47|49-48|5[1-9]-50|5[2-9]-51|5[3-9]-52|5[4-9]-53|5[5-9]-54|5[6-9]-55|5[7-9]-56|5[8-9]-57|59-58|sat-(sun|mon|tue|wed|thu|fri)|fri-(sun|mon|tue|wed|thu)|thu-(sun|mon|tue|wed)|wed-(sun|mon|tue)|tue-(sun|mon)|mon-(sun))([^0-9]|$)')",message="cron has a range whose end is before its start, such as 22-6; write it as two ranges, such as 22-23,0-6"
type Cron string

// TimeZone is a name of the IANA time zone database.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$') && self != 'Local' && timestamp('2000-01-01T00:00:00Z').getHours(self) >= 0",message="timeZone must be a name of the IANA time zone database, such as Europe/Berlin or UTC"
type TimeZone string

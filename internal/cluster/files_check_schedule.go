package cluster

import (
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The CEL rules of a NodeGroup's schedules.
const (
	cronRule          = "cron must have five fields, minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-6), such as 0 2 * * 1-5, or be @hourly, @daily, @weekly, @monthly or @yearly"
	cronRangeRule     = "cron has a range whose end is before its start, such as 22-6; write it as two ranges, such as 22-23,0-6"
	zoneRule          = "timeZone must be a name of the IANA time zone database, such as Europe/Berlin or UTC"
	scheduleNameRule  = "schedules: name must be lower-case letters, digits and hyphens, such as night"
	scheduleIdleRule  = "schedules: an entry must say minNodes, maxNodes or paused; without them it changes nothing"
	scheduleOrderRule = "schedules: maxNodes must be >= minNodes in each entry"
	scheduleMaxRule   = "schedules: an entry has minNodes above the group's maxNodes; set maxNodes in the entry, too"
)

var scheduleName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

func checkSchedules(s *v1alpha1.NodeGroupSpec, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	names := map[string]bool{}
	for i := range s.Schedules {
		entry, at := &s.Schedules[i], path.Index(i)
		if names[entry.Name] {
			faults = append(faults, field.Duplicate(at.Child("name"), entry.Name))
		}
		names[entry.Name] = true
		if entry.Name != "" && !scheduleName.MatchString(entry.Name) {
			faults = append(faults, field.Invalid(at.Child("name"), entry.Name, scheduleNameRule))
		}
		least, most := entry.MinNodes, entry.MaxNodes
		switch {
		case least == nil && most == nil && entry.Paused == nil:
			faults = append(faults, field.Invalid(at, entry.Name, scheduleIdleRule))
		case least == nil:
		case most != nil && *most < *least:
			faults = append(faults, field.Invalid(at.Child("maxNodes"), *most, scheduleOrderRule))
		case most == nil && *least > s.MaxNodes:
			faults = append(faults, field.Invalid(path, *least, scheduleMaxRule))
		}
		faults = append(faults, checkCron(entry.Cron, entry.TimeZone, at)...)
	}
	return faults
}

// checkCron tests the fields cron and timeZone below the path.
func checkCron(cron v1alpha1.Cron, zone v1alpha1.TimeZone, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	if cron != "" {
		if _, _, err := parseCron(string(cron)); err != nil {
			faults = append(faults, field.Invalid(path.Child("cron"), cron, cronRule))
		}
	}
	if _, err := parseZone(string(zone)); err != nil {
		faults = append(faults, field.Invalid(path.Child("timeZone"), zone, zoneRule))
	}
	return faults
}

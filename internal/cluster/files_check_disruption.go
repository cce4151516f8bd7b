package cluster

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The CEL rules of a NodeGroup's spec.disruption.
const (
	limitNodesRule  = "nodes: a budget of kind Limit needs it, a number such as 1 or a part of the group's nodes such as 10%; for kind Window say so in kind"
	windowNodesRule = "nodes: a budget of kind Window has none; add a second budget of kind Limit"
	windowCronRule  = "cron: a budget of kind Window needs it, such as 0 2 * * *, and durationSeconds"
	durationRule    = "durationSeconds: says for how long each start of cron holds; give both or neither"
	zoneAloneRule   = "timeZone: is of no use without cron; add cron and durationSeconds, or leave it out"
	nodesRule       = "nodes must be a number >= 0, such as 1, or a percentage from 0% to 100%"
	paidPeriodRule  = "alignToPaidPeriodSeconds must be 0 or at least 600: there must be time to drain a node before its next period"
	maxAgeRule      = "nodeMaxAgeSeconds must be 0, which is never, or at least 60"
)

func checkDisruption(d *v1alpha1.Disruption, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	if s := d.AlignToPaidPeriodSeconds; s != nil && *s != 0 && *s < 600 {
		faults = append(faults, field.Invalid(path.Child("alignToPaidPeriodSeconds"), *s, paidPeriodRule))
	}
	if s := d.NodeMaxAgeSeconds; s != nil && *s != 0 && *s < 60 {
		faults = append(faults, field.Invalid(path.Child("nodeMaxAgeSeconds"), *s, maxAgeRule))
	}
	for i := range d.Budgets {
		faults = append(faults, checkDisruptionBudget(&d.Budgets[i], path.Child("budgets").Index(i))...)
	}
	return faults
}

func checkDisruptionBudget(b *v1alpha1.DisruptionBudget, path *field.Path) field.ErrorList {
	var faults field.ErrorList
	fault := func(name string, value any, rule string) {
		faults = append(faults, field.Invalid(path.Child(name), value, rule))
	}
	window := b.Kind == v1alpha1.DisruptionWindow
	if !window && b.Nodes == nil {
		fault("nodes", "", limitNodesRule)
	}
	if window && b.Nodes != nil {
		fault("nodes", b.Nodes.String(), windowNodesRule)
	}
	if n := b.Nodes; n != nil && (n.Type == intstr.Int && n.IntVal < 0 || n.Type == intstr.String && !nodesPattern.MatchString(n.StrVal)) {
		fault("nodes", n.String(), nodesRule)
	}
	if window && b.Cron == "" {
		fault("cron", "", windowCronRule)
	}
	if (b.Cron != "") != (b.DurationSeconds != nil) {
		fault("durationSeconds", "", durationRule)
	}
	if b.TimeZone != "" && b.Cron == "" {
		fault("timeZone", b.TimeZone, zoneAloneRule)
	}
	return append(faults, checkCron(b.Cron, b.TimeZone, path)...)
}

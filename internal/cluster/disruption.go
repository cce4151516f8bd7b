package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// What a replacement must save where the NodeGroup does not say it.
const (
	DefaultMinSavingsPercent = 15
	DefaultPaybackHours      = 24
)

// disruptionOf is what the NodeGroup says of removals, with its schedules as they are now.
// nodes is how many machines it has.
func disruptionOf(g *v1alpha1.NodeGroup, nodes int, now time.Time) plan.Disruption {
	spec := &g.Spec.Disruption
	d := plan.Disruption{Consolidation: plan.Consolidation(spec.Consolidation)}
	if s := spec.MinNodeLifetimeSeconds; s != nil {
		d.MinLifetime = time.Duration(*s) * time.Second
	}
	d.ReplaceDrifted = spec.DriftPolicy == v1alpha1.DriftReplace
	d.DrainSurge = spec.DrainSurge == v1alpha1.DrainSurgeSingleReplica
	if s := spec.NodeMaxAgeSeconds; s != nil {
		d.MaxAge = time.Duration(*s) * time.Second
	}
	if s := spec.AlignToPaidPeriodSeconds; s != nil {
		d.PaidPeriod = time.Duration(*s) * time.Second
	}
	d.MinSavings, d.Payback, d.SparePaid = DefaultMinSavingsPercent, DefaultPaybackHours*time.Hour, spec.PaybackHours == nil
	if p := spec.MinSavingsPercent; p != nil {
		d.MinSavings = int(*p)
	}
	if h := spec.PaybackHours; h != nil {
		d.Payback = time.Duration(*h) * time.Hour
	}
	for i := range spec.Budgets {
		if b, bounds := budgetNow(&spec.Budgets[i], i, nodes, now); bounds {
			d.Budgets = append(d.Budgets, b)
		}
	}
	return d
}

// budgetNow is the budget as the planner sees it; false when it bounds nothing now. What
// cannot be read, which the API server refuses, lets no node go.
func budgetNow(b *v1alpha1.DisruptionBudget, index, nodes int, now time.Time) (plan.DisruptionBudget, bool) {
	bound := plan.DisruptionBudget{}
	for _, r := range b.Reasons {
		bound.Reasons = append(bound.Reasons, plan.RemovalReason(r))
	}
	name := fmt.Sprintf("disruption.budgets[%d]", index)
	var at activity
	if b.Cron != "" {
		s, err := budgetSchedule(b)
		if err != nil {
			bound.Message = fmt.Sprintf("%s lets no node go: %v", name, err)
			return bound, true
		}
		at = s.at(now)
	}
	if b.Kind == v1alpha1.DisruptionWindow {
		if at.active {
			return bound, false
		}
		bound.Until, bound.Message = at.next, fmt.Sprintf("%s lets nodes go only in its window (%s), which %s", name, describe(b.Cron, b.TimeZone, *b.DurationSeconds), at.opens())
		return bound, true
	}
	if b.Cron != "" && !at.active {
		return bound, false
	}
	allowed, err := nodesAllowed(b.Nodes, nodes)
	bound.Nodes = allowed
	switch {
	case err != nil:
		bound.Message = fmt.Sprintf("%s lets no node go: %v", name, err)
	case allowed == 0:
		bound.Message = fmt.Sprintf("%s lets no node go (nodes: %s)", name, b.Nodes)
	default:
		bound.Message = fmt.Sprintf("%s lets %d of %d nodes leave at a time (nodes: %s)", name, allowed, nodes, b.Nodes)
	}
	if b.Cron != "" {
		bound.Until = at.ends
		bound.Message += fmt.Sprintf(" until %s (%s)", clock(at.ends), describe(b.Cron, b.TimeZone, *b.DurationSeconds))
	}
	return bound, true
}

// budgetSchedule is when the budget is active.
func budgetSchedule(b *v1alpha1.DisruptionBudget) (*schedule, error) {
	if b.DurationSeconds == nil {
		return nil, errors.New("durationSeconds is missing")
	}
	return newSchedule(b.Cron, b.TimeZone, *b.DurationSeconds)
}

// nodesAllowed reads a budget's nodes: a number, or a percentage of the group's nodes.
func nodesAllowed(text *intstr.IntOrString, nodes int) (int, error) {
	if text == nil {
		return 0, fmt.Errorf("nodes is missing")
	}
	if text.Type == intstr.Int {
		return max(int(text.IntVal), 0), nil
	}
	if !nodesPattern.MatchString(text.StrVal) {
		return 0, fmt.Errorf("nodes %q is no number >= 0 and no percentage from 0%% to 100%%", text.StrVal)
	}
	part, isPart := strings.CutSuffix(text.StrVal, "%")
	n, err := strconv.Atoi(part)
	switch {
	case err != nil:
		return 0, fmt.Errorf("reading nodes: %w", err)
	case !isPart || n == 0:
		return n, nil
	}
	return max(nodes*n/100, 1), nil
}

var nodesPattern = regexp.MustCompile(`^([0-9]{1,6}|(100|[1-9]?[0-9])%)$`)

// disruptionProblems says what of the NodeGroup's disruption cannot be read, though the
// API server has taken it.
func disruptionProblems(g *v1alpha1.NodeGroup) []string {
	var problems []string
	for i := range g.Spec.Disruption.Budgets {
		b := &g.Spec.Disruption.Budgets[i]
		if b.Cron == "" {
			continue
		}
		if _, err := budgetSchedule(b); err != nil {
			problems = append(problems, fmt.Sprintf("spec.disruption.budgets[%d]: %v; no node of the group goes for the budget's reasons until it is corrected", i, err))
		}
	}
	return problems
}

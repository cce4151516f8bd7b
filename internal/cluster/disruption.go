package cluster

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the image of the controller has no time zones of its own

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// disruptionOf is what the NodeGroup says of removals, with its schedules as they are now.
// nodes is how many machines it has.
func disruptionOf(g *v1alpha1.NodeGroup, nodes int, now time.Time) plan.Disruption {
	spec := &g.Spec.Disruption
	d := plan.Disruption{Consolidation: plan.Consolidation(spec.Consolidation)}
	if s := spec.MinNodeLifetimeSeconds; s != nil {
		d.MinLifetime = time.Duration(*s) * time.Second
	}
	if s := spec.AlignToPaidPeriodSeconds; s != nil {
		d.PaidPeriod = time.Duration(*s) * time.Second
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
		s, err := scheduleOf(b)
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
		bound.Until, bound.Message = at.next, fmt.Sprintf("%s lets nodes go only in its window (%s), which %s", name, describe(b), at.opens())
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
		bound.Message += fmt.Sprintf(" until %s (%s)", clock(at.ends), describe(b))
	}
	return bound, true
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

// describe is a budget's schedule in the words of its fields.
func describe(b *v1alpha1.DisruptionBudget) string {
	zone := b.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("cron %s, %s, for %s", b.Cron, zone, time.Duration(*b.DurationSeconds)*time.Second)
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// schedule is when a budget is active: for a while from each start.
type schedule struct {
	starts cron.Schedule
	zone   *time.Location
	lasts  time.Duration
}

func scheduleOf(b *v1alpha1.DisruptionBudget) (*schedule, error) {
	starts, err := parseCron(b.Cron)
	if err != nil {
		return nil, err
	}
	zone, err := parseZone(b.TimeZone)
	if err != nil {
		return nil, err
	}
	if b.DurationSeconds == nil || *b.DurationSeconds <= 0 {
		return nil, fmt.Errorf("durationSeconds is missing")
	}
	return &schedule{starts, zone, time.Duration(*b.DurationSeconds) * time.Second}, nil
}

// parseCron reads a schedule as a CronJob has it. What depends on the time at which the
// controller starts (@every), and a time zone in the text, are no such schedules.
func parseCron(text string) (cron.Schedule, error) {
	if strings.HasPrefix(text, "@every") || strings.Contains(text, "TZ=") {
		return nil, fmt.Errorf("cron %q: want five fields, such as 0 2 * * *, or @daily; the time zone is in timeZone", text)
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", text, err)
	}
	if s.Next(time.Unix(0, 0).UTC()).IsZero() {
		return nil, fmt.Errorf("cron %q names a day that no year has", text)
	}
	return s, nil
}

func parseZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("timeZone %q: want a name of the IANA time zone database, such as Europe/Berlin or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("timeZone %q: %w; want a name of the IANA time zone database, such as Europe/Berlin or UTC", name, err)
	}
	return zone, nil
}

// activity is what a schedule is at a moment.
type activity struct {
	active bool
	// ends is when it ends, if it is active; next is its next start, if it is not.
	ends, next time.Time
}

func (a activity) opens() string {
	if a.next.IsZero() {
		return "does not open in the next years"
	}
	return "opens at " + clock(a.next)
}

// mostStarts bounds how many starts that overlap are followed to the end of the last.
const mostStarts = 1000

// at works out the schedule from the time alone, so that it does not matter whether
// anybody was there when it started.
func (s *schedule) at(now time.Time) activity {
	local := now.In(s.zone)
	start := s.starts.Next(local.Add(-s.lasts))
	if start.IsZero() || start.After(local) {
		return activity{next: start}
	}
	ends := start.Add(s.lasts)
	for range mostStarts {
		start = s.starts.Next(start)
		if start.IsZero() || start.After(ends) {
			return activity{active: true, ends: ends}
		}
		ends = start.Add(s.lasts)
	}
	return activity{active: true, ends: now.Add(math.MaxInt64)} // it never ends
}

// disruptionProblems says what of the NodeGroup's disruption cannot be read, though the
// API server has taken it.
func disruptionProblems(g *v1alpha1.NodeGroup) []string {
	var problems []string
	for i := range g.Spec.Disruption.Budgets {
		b := &g.Spec.Disruption.Budgets[i]
		if b.Cron == "" {
			continue
		}
		if _, err := scheduleOf(b); err != nil {
			problems = append(problems, fmt.Sprintf("spec.disruption.budgets[%d]: %v; no node of the group goes for the budget's reasons until it is corrected", i, err))
		}
	}
	return problems
}

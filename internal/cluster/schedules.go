package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// scheduledLimits are the bounds of the spec with those of the active schedules in their
// place: of each bound, the one of the last entry that has it. Where the lower bound would be
// above the upper one, that counts for both.
func scheduledLimits(g *v1alpha1.NodeGroup, now time.Time) Limits {
	l := Limits{Min: int(g.Spec.MinNodes), Max: int(g.Spec.MaxNodes), Problems: scheduleProblems(g)}
	var byMin, byMax, byPause string
	for i := range g.Spec.Schedules {
		entry := &g.Spec.Schedules[i]
		s, err := newSchedule(entry.Cron, entry.TimeZone, entry.DurationSeconds)
		if err != nil {
			continue
		}
		at := s.at(now)
		if change := at.changes(); !change.IsZero() && (l.Until.IsZero() || change.Before(l.Until)) {
			l.Until = change
		}
		if !at.active {
			continue
		}
		l.Active = append(l.Active, entry.Name)
		if n := entry.MinNodes; n != nil {
			l.Min, byMin = int(*n), entry.Name
		}
		if n := entry.MaxNodes; n != nil {
			l.Max, byMax = int(*n), entry.Name
		}
		if p := entry.Paused; p != nil {
			l.Paused, byPause = *p, entry.Name
		}
	}
	for _, name := range l.Active {
		if name == byMin || name == byMax {
			l.Bounded = append(l.Bounded, name)
		}
	}
	l.Min = min(l.Min, l.Max)
	if l.Paused {
		l.PausedBy = fmt.Sprintf("by schedule %s until %s", byPause, clock(l.Until))
	}
	return l
}

// changes is when the schedule starts or ends next; zero when it never does.
func (a activity) changes() time.Time {
	if a.active {
		return a.ends
	}
	return a.next
}

// scheduleProblems says which schedules of the NodeGroup cannot be read, though the API server
// has taken them.
func scheduleProblems(g *v1alpha1.NodeGroup) []string {
	var problems []string
	for i := range g.Spec.Schedules {
		entry := &g.Spec.Schedules[i]
		if _, err := newSchedule(entry.Cron, entry.TimeZone, entry.DurationSeconds); err != nil {
			problems = append(problems, fmt.Sprintf("spec.schedules[%d] (%s): %v; it changes nothing until it is corrected", i, entry.Name, err))
		}
	}
	return problems
}

// Span is a time in which the bounds of a NodeGroup stay as they are.
type Span struct {
	From, To time.Time
	Limits   Limits
}

// Spans are the bounds of the NodeGroup from a time on for as long as given, as they follow
// from its spec, schedules and annotations of now. Neighbours differ.
func Spans(g *v1alpha1.NodeGroup, from time.Time, long time.Duration) []Span {
	// What the status keeps is of now alone.
	g = g.DeepCopy()
	var spans []Span
	for at, end := from, from.Add(long); at.Before(end); {
		l := LimitsOf(g, at)
		to := end
		if !l.Until.IsZero() && l.Until.Before(end) {
			to = l.Until
		}
		if n := len(spans); n > 0 && spans[n-1].Limits.same(&l) {
			spans[n-1].To = to
		} else {
			spans = append(spans, Span{at, to, l})
		}
		at = to
	}
	return spans
}

func (l *Limits) same(o *Limits) bool {
	return l.Min == o.Min && l.Max == o.Max && l.Paused == o.Paused && slices.Equal(l.Active, o.Active)
}

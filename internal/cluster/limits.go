package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Limits are a NodeGroup's bounds at a time: its spec's, those of the schedules that are
// active, and those of its override annotations, each before the one before it.
type Limits struct {
	Min, Max int
	// Paused: nothing is bought or removed. PausedBy names the schedule that pauses the group
	// and says until when; it is empty when the annotation does.
	Paused   bool
	PausedBy string
	// Active are the names of the schedules that are active, in their order.
	Active []string
	// Bounded are those of them by which Min or Max are what they are.
	Bounded []string
	// Until is when a schedule starts or ends next; zero when none will.
	Until time.Time
	// Problems are the overrides that were refused, each naming the annotation,
	// its value and the way out; the bounds that were in force stay so in their place.
	// Schedules that cannot be read are among them.
	Problems []string
}

// Pause says that the NodeGroup is paused, and by which schedule if one pauses it.
func (l *Limits) Pause() string { return plan.DescribePause(l.PausedBy) }

// Scheduled says by which schedules Min and Max are what they are, and until when; empty when
// by none.
func (l *Limits) Scheduled() string {
	if len(l.Bounded) == 0 {
		return ""
	}
	return fmt.Sprintf("schedule %s until %s", strings.Join(l.Bounded, ", "), clock(l.Until))
}

// LimitsOf reads the bounds of a NodeGroup (reference: NodeGroup Annotations). In the
// place of an override that makes no sense stands what was in force before, which the
// status keeps, until the spec changes. A pair of overrides that contradict each other
// is refused whole. A schedule's bound gives way to an override that contradicts it.
func LimitsOf(g *v1alpha1.NodeGroup, now time.Time) Limits {
	spec := Limits{Min: int(g.Spec.MinNodes), Max: int(g.Spec.MaxNodes)}
	scheduled := scheduledLimits(g, now)
	scheduled.pause(g)
	good := lastGood(g, scheduled)
	l := scheduled
	minNodes, lowest := l.override(g, v1alpha1.AnnotationMinNodesOverride, scheduled.Min, good.Min, 0)
	maxNodes, highest := l.override(g, v1alpha1.AnnotationMaxNodesOverride, scheduled.Max, good.Max, 1)
	switch {
	case minNodes <= maxNodes:
	case lowest && !highest && minNodes <= spec.Max:
		maxNodes = minNodes
	case highest && !lowest && maxNodes >= spec.Min:
		minNodes = maxNodes
	default:
		l.Problems = append(l.Problems, fmt.Sprintf(
			"MinNodes exceeds MaxNodes: with the annotations %s and %s the group would have minNodes %d and maxNodes %d; the overrides are ignored until they agree, and %d and %d stay in force",
			v1alpha1.AnnotationMinNodesOverride, v1alpha1.AnnotationMaxNodesOverride, minNodes, maxNodes, good.Min, good.Max))
		minNodes, maxNodes = good.Min, good.Max
	}
	if lowest && highest {
		l.Bounded = nil
	}
	l.Min, l.Max = minNodes, maxNodes
	return l
}

// lastGood are the bounds that were in force when the spec was as it is, else those without
// overrides.
func lastGood(g *v1alpha1.NodeGroup, without Limits) Limits {
	s := g.Status
	if s.MinNodes == nil || s.MaxNodes == nil || s.ObservedGeneration != g.Generation || *s.MinNodes > *s.MaxNodes {
		return without
	}
	return Limits{Min: int(*s.MinNodes), Max: int(*s.MaxNodes)}
}

// override is the value of the annotation, and whether there is one; the value given when
// there is none.
func (l *Limits) override(g *v1alpha1.NodeGroup, annotation string, value, good, least int) (int, bool) {
	text, set := g.Annotations[annotation]
	if !set {
		return value, false
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || int(n) < least {
		l.Problems = append(l.Problems, fmt.Sprintf(
			"annotation %s: %q is not a whole number >= %d; %d stays in force", annotation, text, least, good))
		return good, true
	}
	return int(n), true
}

// pause has the annotation before the schedules: true pauses the group, false does not let a
// schedule pause it. A value that is neither counts as true, which does less harm.
func (l *Limits) pause(g *v1alpha1.NodeGroup) {
	value, set := g.Annotations[v1alpha1.AnnotationPause]
	switch {
	case !set || value == "":
	case switchedOn(value, true):
		l.Paused, l.PausedBy = true, ""
	default:
		l.Paused, l.PausedBy = false, ""
	}
}

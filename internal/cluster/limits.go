package cluster

import (
	"fmt"
	"strconv"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Limits are a NodeGroup's bounds with its override annotations applied.
type Limits struct {
	Min, Max int
	// Problems are the overrides that were refused, each naming the annotation,
	// its value and the way out; the bounds that were in force stay so in their place.
	Problems []string
}

// LimitsOf reads the bounds of a NodeGroup (reference: NodeGroup Annotations). In the
// place of an override that makes no sense stands what was in force before, which the
// status keeps, until the spec changes. A pair of overrides that contradict each other
// is refused whole.
func LimitsOf(g *v1alpha1.NodeGroup) Limits {
	spec := Limits{Min: int(g.Spec.MinNodes), Max: int(g.Spec.MaxNodes)}
	good := lastGood(g, spec)
	l := good
	minNodes := l.override(g, v1alpha1.AnnotationMinNodesOverride, spec.Min, good.Min, 0)
	maxNodes := l.override(g, v1alpha1.AnnotationMaxNodesOverride, spec.Max, good.Max, 1)
	if minNodes <= maxNodes {
		l.Min, l.Max = minNodes, maxNodes
		return l
	}
	l.Problems = append(l.Problems, fmt.Sprintf(
		"MinNodes exceeds MaxNodes: with the annotations %s and %s the group would have minNodes %d and maxNodes %d; the overrides are ignored until they agree, and %d and %d stay in force",
		v1alpha1.AnnotationMinNodesOverride, v1alpha1.AnnotationMaxNodesOverride, minNodes, maxNodes, good.Min, good.Max))
	return l
}

// lastGood are the bounds that were in force when the spec was as it is, else the spec's.
func lastGood(g *v1alpha1.NodeGroup, spec Limits) Limits {
	s := g.Status
	if s.MinNodes == nil || s.MaxNodes == nil || s.ObservedGeneration != g.Generation || *s.MinNodes > *s.MaxNodes {
		return spec
	}
	return Limits{Min: int(*s.MinNodes), Max: int(*s.MaxNodes)}
}

func (l *Limits) override(g *v1alpha1.NodeGroup, annotation string, value, good, least int) int {
	text, set := g.Annotations[annotation]
	if !set {
		return value
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || int(n) < least {
		l.Problems = append(l.Problems, fmt.Sprintf(
			"annotation %s: %q is not a whole number >= %d; %d stays in force", annotation, text, least, good))
		return good
	}
	return int(n)
}

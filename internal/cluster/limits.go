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
	// its value and the way out; the spec's value holds in their place.
	Problems []string
}

// LimitsOf reads the bounds of a NodeGroup (reference: NodeGroup Annotations). A
// pair of overrides that contradict each other is refused whole.
func LimitsOf(g *v1alpha1.NodeGroup) Limits {
	l := Limits{Min: int(g.Spec.MinNodes), Max: int(g.Spec.MaxNodes)}
	minNodes := l.override(g, v1alpha1.AnnotationMinNodesOverride, l.Min, 0)
	maxNodes := l.override(g, v1alpha1.AnnotationMaxNodesOverride, l.Max, 1)
	if minNodes <= maxNodes {
		l.Min, l.Max = minNodes, maxNodes
		return l
	}
	l.Problems = append(l.Problems, fmt.Sprintf(
		"MinNodes exceeds MaxNodes: with the annotations %s and %s the group would have minNodes %d and maxNodes %d; the overrides are ignored until they agree",
		v1alpha1.AnnotationMinNodesOverride, v1alpha1.AnnotationMaxNodesOverride, minNodes, maxNodes))
	return l
}

func (l *Limits) override(g *v1alpha1.NodeGroup, annotation string, value, least int) int {
	text, set := g.Annotations[annotation]
	if !set {
		return value
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || int(n) < least {
		l.Problems = append(l.Problems, fmt.Sprintf(
			"annotation %s: %q is not a whole number >= %d; %d from the spec is used", annotation, text, least, value))
		return value
	}
	return int(n)
}

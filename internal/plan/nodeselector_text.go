package plan

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// termsText prints what a node has to match, as "zone In [a b], disk Exists"; terms, of
// which one is enough, are joined by "or".
func termsText(terms []corev1.NodeSelectorTerm) string {
	var texts []string
	for i := range terms {
		var parts []string
		for _, r := range terms[i].MatchExpressions {
			parts = append(parts, requirementText(r))
		}
		for _, r := range terms[i].MatchFields {
			parts = append(parts, requirementText(r))
		}
		if len(parts) == 0 {
			parts = []string{"an empty term, which matches no node"}
		}
		texts = append(texts, strings.Join(parts, ", "))
	}
	return strings.Join(texts, " or ")
}

// mostValues is how many values of a requirement a text names.
const mostValues = 8

func requirementText(r corev1.NodeSelectorRequirement) string {
	values := r.Values
	switch r.Operator {
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		return fmt.Sprintf("%s %s", r.Key, r.Operator)
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		return fmt.Sprintf("%s %s %s", r.Key, r.Operator, strings.Join(values, " "))
	}
	if more := len(values) - mostValues; more > 0 {
		return fmt.Sprintf("%s %s [%s and %d more]", r.Key, r.Operator, strings.Join(values[:mostValues], " "), more)
	}
	return fmt.Sprintf("%s %s [%s]", r.Key, r.Operator, strings.Join(values, " "))
}

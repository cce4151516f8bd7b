package filter

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// A refusal says what a node has to match, not only that none does.
func TestNodeConstraintsAreSpelledOut(t *testing.T) {
	want := func(key string, op corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorRequirement {
		return corev1.NodeSelectorRequirement{Key: key, Operator: op, Values: values}
	}
	term := func(list ...corev1.NodeSelectorRequirement) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: list}
	}
	for text, terms := range map[string][]corev1.NodeSelectorTerm{
		"region In [dc1]": {term(want("region", "In", "dc1"))},
		"zone In [a b], disk Exists or cores Gt 8, spot DoesNotExist": {
			term(want("zone", "In", "a", "b"), want("disk", "Exists")), term(want("cores", "Gt", "8"), want("spot", "DoesNotExist"))},
		"metadata.name In [n1]":                            {{MatchFields: []corev1.NodeSelectorRequirement{want("metadata.name", "In", "n1")}}},
		"host NotIn [1 2 3 4 5 6 7 8 and 2 more]":          {term(want("host", "NotIn", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))},
		"an empty term, which matches no node or a Exists": {{}, term(want("a", "Exists"))},
	} {
		if got := termsText(terms); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

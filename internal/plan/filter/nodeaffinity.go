package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// namesNodes says whether the pod's node constraints look at what differs from
// node to node: its name or its hostname label.
func namesNodes(spec *corev1.PodSpec) bool {
	if _, ok := spec.NodeSelector[corev1.LabelHostname]; ok {
		return true
	}
	for _, term := range RequiredTerms(spec) {
		if len(term.MatchFields) > 0 {
			return true
		}
		if slices.ContainsFunc(term.MatchExpressions, func(r corev1.NodeSelectorRequirement) bool { return r.Key == corev1.LabelHostname }) {
			return true
		}
	}
	return false
}

// RequiredTerms are the terms of the required node affinity, of which one has to match; nil for none.
func RequiredTerms(spec *corev1.PodSpec) []corev1.NodeSelectorTerm {
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil {
		if required := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
			return required.NodeSelectorTerms
		}
	}
	return nil
}

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

// Wants spells out the class's node constraints.
func (c *Class) Wants() string {
	spec := c.Spec
	var parts []string
	if len(spec.NodeSelector) > 0 {
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
			pairs = append(pairs, key+"="+spec.NodeSelector[key])
		}
		parts = append(parts, "its nodeSelector ("+strings.Join(pairs, ", ")+")")
	}
	if terms := RequiredTerms(spec); len(terms) > 0 {
		parts = append(parts, "its required node affinity ("+termsText(terms)+")")
	}
	return strings.Join(parts, " and ")
}

// Asks are the label keys that the class's node selector and affinity look at.
func (c *Class) Asks() []string {
	var keys []string
	spec := c.Spec
	for key := range spec.NodeSelector {
		keys = append(keys, key)
	}
	for _, term := range RequiredTerms(spec) {
		for _, r := range term.MatchExpressions {
			keys = append(keys, r.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

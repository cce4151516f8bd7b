package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// barUnasked keeps groups that want to be asked for from buying for other pods.
func (w *world) barUnasked() { w.barUnaskedOf(w.lots) }

func (w *world) barUnaskedOf(lots []*lot) {
	for _, g := range w.groups {
		if len(g.OnlyFor) == 0 {
			continue
		}
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(g.OnlyFor)) {
			pairs = append(pairs, key+"="+g.OnlyFor[key])
		}
		why := refusal{NotAskedFor, fmt.Sprintf("the NodeGroup buys only for pods whose nodeSelector or required node affinity asks for %s (nodeSelectorPolicy Require)",
			strings.Join(pairs, ", "))}
		for _, l := range lots {
			if asksForAll(l.kind.Class.Spec, g.OnlyFor) {
				continue
			}
			if l.barred == nil {
				l.barred = map[*template]refusal{}
			}
			for _, t := range g.templates {
				l.barred[t] = why
			}
		}
	}
}

// asksForAll says whether the pod can run only on nodes with all of the labels because it
// asks for them.
func asksForAll(spec *corev1.PodSpec, labels map[string]string) bool {
	for key, value := range labels {
		if got, ok := spec.NodeSelector[key]; ok && got == value {
			continue
		}
		terms := filter.RequiredTerms(spec)
		if len(terms) == 0 || slices.ContainsFunc(terms, func(t corev1.NodeSelectorTerm) bool { return !termAsksFor(t, key, value) }) {
			return false
		}
	}
	return true
}

// termAsksFor says whether the term matches only nodes that have the label with the value.
func termAsksFor(t corev1.NodeSelectorTerm, key, value string) bool {
	return slices.ContainsFunc(t.MatchExpressions, func(r corev1.NodeSelectorRequirement) bool {
		return r.Key == key && r.Operator == corev1.NodeSelectorOpIn && len(r.Values) > 0 &&
			!slices.ContainsFunc(r.Values, func(v string) bool { return v != value })
	})
}

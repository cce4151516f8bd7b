package filter

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// InvalidConstraint says which constraint of a pod on other pods cannot be parsed.
// API servers keep such pods from the time before they were refused. kube-scheduler
// places them nowhere (PreFilter of InterPodAffinity and PodTopologySpread fails), but
// those that run already disturb nobody.
func InvalidConstraint(spec *corev1.PodSpec) Refusal {
	if a := spec.Affinity; a != nil {
		if p := a.PodAffinity; p != nil {
			if err := parseTerms(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution); err != nil {
				return Refusal{PodAffinity, cannotParse("spec.affinity.podAffinity", err)}
			}
		}
		if p := a.PodAntiAffinity; p != nil {
			if err := parseTerms(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution); err != nil {
				return Refusal{PodAntiAffinity, cannotParse("spec.affinity.podAntiAffinity", err)}
			}
		}
	}
	// Constraints with ScheduleAnyway are parsed only when several nodes fit.
	if err := parseSpreads(spec.TopologySpreadConstraints); err != nil {
		return Refusal{TopologySpread, cannotParse("spec.topologySpreadConstraints", err)}
	}
	return Refusal{}
}

func cannotParse(field string, err error) string {
	return fmt.Sprintf("kube-scheduler cannot parse its %s and places it nowhere: %v", field, err)
}

// parseTerms fails when one term does not parse; kube-scheduler then drops them all.
func parseTerms(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) error {
	parse := func(t *corev1.PodAffinityTerm) error {
		if err := parseSelector(t.LabelSelector); err != nil {
			return err
		}
		return parseSelector(t.NamespaceSelector)
	}
	for i := range required {
		if err := parse(&required[i]); err != nil {
			return err
		}
	}
	for i := range preferred {
		if err := parse(&preferred[i].PodAffinityTerm); err != nil {
			return err
		}
	}
	return nil
}

// parseSpreads fails when the selector of one DoNotSchedule constraint does not parse.
func parseSpreads(list []corev1.TopologySpreadConstraint) error {
	for i := range list {
		if list[i].WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		if err := parseSelector(list[i].LabelSelector); err != nil {
			return err
		}
	}
	return nil
}

// parseSelector is of several faults always the same: the library looks at matchLabels
// in no particular order, and equal States must give equal Plans.
func parseSelector(selector *metav1.LabelSelector) error {
	_, err := metav1.LabelSelectorAsSelector(selector)
	if err == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(selector.MatchLabels)) {
		one := &metav1.LabelSelector{MatchLabels: map[string]string{key: selector.MatchLabels[key]}}
		if _, err := metav1.LabelSelectorAsSelector(one); err != nil {
			return err
		}
	}
	return err
}

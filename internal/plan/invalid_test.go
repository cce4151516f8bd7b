package plan

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A constraint that does not parse concerns the pod that has it and nobody else: it
// waits without a node, stays where it runs, and keeps no other pod away.
func TestConstraintsThatDoNotParse(t *testing.T) {
	invalid := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web shop"}}
	valid := &metav1.LabelSelector{} // every pod
	term := func(s, namespaces *metav1.LabelSelector) corev1.PodAffinityTerm {
		return corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: s, NamespaceSelector: namespaces}
	}
	spread := func(action corev1.UnsatisfiableConstraintAction) []corev1.TopologySpreadConstraint {
		return []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: action, LabelSelector: invalid}}
	}
	tests := map[string]struct {
		change func(*corev1.PodSpec)
		want   RefusalReason
		field  string
	}{
		"affinity": {func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term(valid, nil), term(invalid, nil)}}}
		}, PodAffinity, "spec.affinity.podAffinity"},
		"anti-affinity, beside a valid term": {func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term(valid, nil), term(invalid, nil)}}}
		}, PodAntiAffinity, "spec.affinity.podAntiAffinity"},
		"namespace selector": {func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term(valid, invalid)}}}
		}, PodAntiAffinity, "spec.affinity.podAntiAffinity"},
		"preferred": {func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: term(invalid, nil)}}}}
		}, PodAffinity, "spec.affinity.podAffinity"},
		"spread":           {func(s *corev1.PodSpec) { s.TopologySpreadConstraints = spread(corev1.DoNotSchedule) }, TopologySpread, "spec.topologySpreadConstraints"},
		"preferred spread": {func(s *corev1.PodSpec) { s.TopologySpreadConstraints = spread(corev1.ScheduleAnyway) }, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := emptyNodes(1)
			waits := benchPod("default", "waits", 100, 128, nil)
			test.change(&waits.Spec)
			runs := waits.DeepCopy()
			runs.Name, runs.Spec.NodeName = "runs", s.Nodes[0].Name
			other := benchPod("default", "other", 100, 128, nil)
			s.Pods = []*Pod{NewPod(waits), NewPod(runs), NewPod(other)}
			p := Decide(s)
			placed := map[string]string{}
			for _, pl := range p.Placements {
				placed[pl.Pod] = pl.Node
			}
			if placed["default/other"] != s.Nodes[0].Name {
				t.Errorf("the other pod is placed on %q", placed["default/other"])
			}
			if test.want == "" {
				if len(p.Unplaced) != 0 {
					t.Errorf("unplaced: %+v", p.Unplaced)
				}
				return
			}
			if len(p.Unplaced) != 1 || p.Unplaced[0].Refusals[0].Reason != test.want || !strings.Contains(p.Unplaced[0].Refusals[0].Message, test.field) {
				t.Errorf("the pod that waits is judged %+v", p.Unplaced)
			}
			s.Pods = s.Pods[1:2]
			if p := Decide(s); len(p.Kept) != 1 || p.Kept[0].Reason != KeptPodNotEvictable {
				t.Errorf("where it runs, the node is kept by %+v", p.Kept)
			}
		})
	}
}

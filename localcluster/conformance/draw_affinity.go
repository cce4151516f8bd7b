package conformance

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (d *drawing) selector(p *corev1.Pod) {
	p.Spec.NodeSelector = map[string]string{}
	for range d.between(1, 2) {
		key := pick(d, "tier", "rack", corev1.LabelTopologyZone, corev1.LabelHostname)
		p.Spec.NodeSelector[key] = map[string][]string{
			"tier": {"x", "y"}, "rack": {"r1", "r2"}, corev1.LabelTopologyZone: {"z1", "z2"}, corev1.LabelHostname: {"n0", "n1"},
		}[key][d.IntN(2)]
	}
}

func (d *drawing) nodeAffinity(p *corev1.Pod) {
	required := &corev1.NodeSelector{}
	for range d.between(1, 3) {
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, d.nodeTerm())
	}
	affinityOf(p).NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: required}
}

// preferences draws what a pod would like and can do without.
func (d *drawing) preferences(p *corev1.Pod) {
	a := affinityOf(p)
	weighted := func() []corev1.WeightedPodAffinityTerm {
		return []corev1.WeightedPodAffinityTerm{{Weight: int32(d.between(1, 100)), PodAffinityTerm: d.podTerm()}}
	}
	if d.chance(40) {
		if a.NodeAffinity == nil {
			a.NodeAffinity = &corev1.NodeAffinity{}
		}
		term := corev1.PreferredSchedulingTerm{Weight: 1, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{d.nodeRequirement()}}}
		a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = append(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution, term)
	}
	if d.chance(40) {
		if a.PodAffinity == nil {
			a.PodAffinity = &corev1.PodAffinity{}
		}
		a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution = weighted()
	}
	if d.chance(60) {
		if a.PodAntiAffinity == nil {
			a.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution = weighted()
	}
}

func affinityOf(p *corev1.Pod) *corev1.Affinity {
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	return p.Spec.Affinity
}

func (d *drawing) nodeTerm() corev1.NodeSelectorTerm {
	var t corev1.NodeSelectorTerm
	for range d.between(0, 2) {
		t.MatchExpressions = append(t.MatchExpressions, d.nodeRequirement())
	}
	if d.chance(25) {
		t.MatchFields = []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: pick(d, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), Values: []string{pick(d, "n0", "n1", "n2")},
		}}
	}
	return t
}

func (d *drawing) nodeRequirement() corev1.NodeSelectorRequirement {
	if d.chance(30) {
		return corev1.NodeSelectorRequirement{
			Key: "level", Operator: pick(d, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt), Values: []string{pick(d, "0", "4", "5", "9", "x")},
		}
	}
	r := corev1.NodeSelectorRequirement{
		Key:      pick(d, corev1.LabelTopologyZone, corev1.LabelTopologyZone, "rack", "tier", corev1.LabelHostname, "level", "nothing"),
		Operator: pick(d, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist),
	}
	if r.Operator == corev1.NodeSelectorOpIn || r.Operator == corev1.NodeSelectorOpNotIn {
		r.Values = some(d, 1, 3, "z1", "z2", "r1", "x", "n0", "n1", "5")
	}
	return r
}

// podSelector draws a selector over the labels that pods have; nil and the empty one
// are among them.
func (d *drawing) podSelector() *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	switch d.IntN(12) {
	case 0:
		return s
	case 1:
		s.MatchExpressions = []metav1.LabelSelectorRequirement{{
			Key: "app", Operator: pick(d, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn), Values: some(d, 1, 2, "p", "q", "r"),
		}}
	case 2:
		s.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: pick(d, "w", "v"), Operator: pick(d, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}}
	case 3:
		s.MatchLabels = map[string]string{"v": pick(d, "1", "2")}
	default:
		s.MatchLabels = map[string]string{"app": pick(d, "p", "q", "r")}
	}
	return s
}

func (d *drawing) podTerm() corev1.PodAffinityTerm {
	t := corev1.PodAffinityTerm{
		TopologyKey:   pick(d, corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyZone, "rack"),
		LabelSelector: d.podSelector(),
	}
	if d.chance(3) {
		t.LabelSelector = nil
	}
	switch d.IntN(8) {
	case 0:
		t.Namespaces = some(d, 1, 2, "default", "other", "bare")
	case 1:
		t.NamespaceSelector = &metav1.LabelSelector{}
	case 2:
		t.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": pick(d, "a", "b")}}
	case 3:
		t.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpDoesNotExist}}}
		if d.chance(50) {
			t.Namespaces = []string{"other"}
		}
	}
	if t.LabelSelector != nil && !selects(t.LabelSelector, "v") && d.chance(20) {
		if d.chance(50) {
			t.MatchLabelKeys = []string{"v"}
		} else {
			t.MismatchLabelKeys = []string{"v"}
		}
	}
	return t
}

func selects(s *metav1.LabelSelector, key string) bool {
	if _, ok := s.MatchLabels[key]; ok {
		return true
	}
	for _, e := range s.MatchExpressions {
		if e.Key == key {
			return true
		}
	}
	return false
}

func (d *drawing) podAffinity(p *corev1.Pod) {
	a := &corev1.PodAffinity{}
	for range d.between(1, 2) {
		t := d.podTerm()
		if d.chance(30) && t.LabelSelector != nil { // seeks its own like, as the first of its kind may
			t.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
		}
		a.RequiredDuringSchedulingIgnoredDuringExecution = append(a.RequiredDuringSchedulingIgnoredDuringExecution, t)
	}
	affinityOf(p).PodAffinity = a
}

func (d *drawing) podAntiAffinity(p *corev1.Pod) {
	a := &corev1.PodAntiAffinity{}
	for range d.between(1, 2) {
		a.RequiredDuringSchedulingIgnoredDuringExecution = append(a.RequiredDuringSchedulingIgnoredDuringExecution, d.podTerm())
	}
	affinityOf(p).PodAntiAffinity = a
}

func (d *drawing) spreads(p *corev1.Pod) {
	keys := some(d, 1, 3, corev1.LabelHostname, corev1.LabelTopologyZone, "rack")
	for _, key := range keys {
		c := corev1.TopologySpreadConstraint{
			TopologyKey: key, MaxSkew: pick[int32](d, 1, 1, 1, 2, 3), LabelSelector: d.podSelector(),
			WhenUnsatisfiable: corev1.DoNotSchedule,
		}
		if d.chance(50) {
			c.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
		}
		if d.chance(10) {
			c.WhenUnsatisfiable = corev1.ScheduleAnyway
		} else if d.chance(25) {
			c.MinDomains = new(int32(d.between(1, 4)))
		}
		if d.chance(30) {
			c.NodeAffinityPolicy = new(pick(d, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore))
		}
		if d.chance(30) {
			c.NodeTaintsPolicy = new(pick(d, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore))
		}
		if d.chance(3) {
			c.LabelSelector = nil
		} else if !selects(c.LabelSelector, "v") && d.chance(25) {
			c.MatchLabelKeys = []string{"v"}
		}
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, c)
	}
}

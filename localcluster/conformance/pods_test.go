package conformance

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pairs reads labels: key=value.
func pairs(texts ...string) map[string]string {
	out := map[string]string{}
	for _, text := range texts {
		key, value, _ := strings.Cut(text, "=")
		out[key] = value
	}
	return out
}

func selecting(pair string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: pairs(pair)}
}

func near(key, pair string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		a := affinityOf(p)
		if a.PodAffinity == nil {
			a.PodAffinity = &corev1.PodAffinity{}
		}
		terms := &a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		*terms = append(*terms, corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: selecting(pair)})
	}
}

func apart(key, pair string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		affinityOf(p).PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
			{TopologyKey: key, LabelSelector: selecting(pair)},
		}}
	}
}

func spread(key string, skew int32, pair string, with ...func(*corev1.TopologySpreadConstraint)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		c := corev1.TopologySpreadConstraint{TopologyKey: key, MaxSkew: skew, LabelSelector: selecting(pair), WhenUnsatisfiable: corev1.DoNotSchedule}
		for _, w := range with {
			w(&c)
		}
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, c)
	}
}

func minDomains(n int32) func(*corev1.TopologySpreadConstraint) {
	return func(c *corev1.TopologySpreadConstraint) { c.MinDomains = &n }
}

func byRevision(c *corev1.TopologySpreadConstraint) { c.MatchLabelKeys = []string{"v"} }

func terminating(p *corev1.Pod) {
	p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &metav1.Time{Time: epoch}, new(int64(30))
}

func sidecarPort(number int32) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		always := corev1.ContainerRestartPolicyAlways
		p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{
			Name: "sidecar", Image: "example.com/image", RestartPolicy: &always,
			Ports: []corev1.ContainerPort{{ContainerPort: number, HostPort: number}},
		})
	}
}

package main

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// diverse is the mix of Karpenter's own benchmark: a fifth each of plain pods, pods
// that spread by zone, pods that spread by hostname, pods that want the zone of
// their like, and pods that keep apart by hostname; what is left over is plain.
func diverse(n int) []*corev1.Pod {
	d := newDraw("diverse", 42)
	for i := range n {
		switch i / max(n/5, 1) {
		case 1:
			d.spread(corev1.LabelTopologyZone)
		case 2:
			d.spread(corev1.LabelHostname)
		case 3:
			d.near(corev1.LabelTopologyZone)
		case 4:
			apart(d.sized(map[string]string{"app": "nginx"}))
		default:
			d.sized(map[string]string{"my-label": d.letter()})
		}
	}
	return d.pods
}

// plain pods count for the spreads of diverse ones and ask nothing themselves.
func plain(n int) []*corev1.Pod {
	d := newDraw("plain", 43)
	for range n {
		d.sized(map[string]string{"my-label": d.letter()})
	}
	return d.pods
}

func (d *draw) sized(labels map[string]string) *corev1.Pod {
	return d.pod(d.one([]int64{100, 250, 500, 1000, 1500}), d.one([]int64{100, 256, 512, 1024, 2048, 4096}), labels)
}

// spread adds a pod whose own label and the label that it spreads against are
// drawn apart from each other, as in the original.
func (d *draw) spread(key string) {
	p := d.sized(map[string]string{"my-label": d.letter()})
	p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"my-label": d.letter()}},
	}}
}

func (d *draw) near(key string) {
	labels := map[string]string{"my-affinity": d.letter()}
	d.sized(labels).Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: labels},
		}},
	}}
}

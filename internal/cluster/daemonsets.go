package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// asPods gives the DaemonSets' templates the defaults that only pods get, such as
// requests from limits: what a new node will hold are pods.
func asPods(sets []*appsv1.DaemonSet) []*appsv1.DaemonSet {
	out := make([]*appsv1.DaemonSet, len(sets))
	for i, set := range sets {
		pod := corev1.Pod{Spec: *set.Spec.Template.Spec.DeepCopy()}
		setPodDefaults(&pod)
		made := *set
		made.Spec.Template.Spec = pod.Spec
		out[i] = &made
	}
	return out
}

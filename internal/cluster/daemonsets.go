package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

// asPods gives the DaemonSets' templates the defaults that only pods get, such as
// requests from limits and the priority of their class: what a new node will hold are
// pods.
func asPods(sets []*appsv1.DaemonSet, priorities []*schedulingv1.PriorityClass) []*appsv1.DaemonSet {
	classes := byClassName(priorities)
	out := make([]*appsv1.DaemonSet, len(sets))
	for i, set := range sets {
		pod := corev1.Pod{Spec: *set.Spec.Template.Spec.DeepCopy()}
		setPodDefaults(&pod)
		// A class that does not exist lets no pod be made; then none takes room either way.
		_ = setPriority(&pod.Spec, classes)
		made := *set
		made.Spec.Template.Spec = pod.Spec
		out[i] = &made
	}
	return out
}

package filter

import (
	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// Untolerated is the first taint that keeps the class's pods off.
func (c *Class) Untolerated(taints []corev1.Taint) (corev1.Taint, bool) {
	if len(taints) == 0 {
		return corev1.Taint{}, false
	}
	return schedulinghelpers.FindMatchingUntoleratedTaint(klog.Logger{}, taints, c.Spec.Tolerations, Repels, false)
}

// Repels says whether a taint keeps pods off a node; PreferNoSchedule does not.
func Repels(t *corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
}

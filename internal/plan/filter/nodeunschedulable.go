package filter

import (
	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// toleratesCordon says whether the class's pods may be on a node that is marked unschedulable.
func (c *Class) toleratesCordon() bool {
	cordon := &corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	return schedulinghelpers.TolerationsTolerateTaint(klog.Logger{}, c.Spec.Tolerations, cordon, false)
}

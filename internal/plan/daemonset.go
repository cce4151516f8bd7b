package plan

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// daemon is a DaemonSet, or what else belongs to every node: what one pod of it takes
// from every node it runs on.
type daemon struct {
	key residentKey
	// set is nil when it is no DaemonSet that is known.
	set *appsv1.DaemonSet
	// pod stands for any of its pods.
	pod   *Pod
	class *filter.Class
	kind  *filter.Kind
}

// newDaemons works out the DaemonSets, by namespace and name.
func newDaemons(sets []*appsv1.DaemonSet) []*daemon {
	var daemons []*daemon
	for _, set := range sets {
		if set.DeletionTimestamp != nil {
			continue
		}
		object := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: set.Namespace, Name: set.Name,
				Labels: set.Spec.Template.Labels, Annotations: set.Spec.Template.Annotations,
			},
			Spec: *set.Spec.Template.Spec.DeepCopy(),
		}
		object.Spec.Tolerations = append(object.Spec.Tolerations, daemonTolerations()...)
		pod := NewPod(object)
		daemons = append(daemons, &daemon{key: residentKey{set.Namespace, "DaemonSet", set.Name}, set: set, pod: pod})
	}
	slices.SortFunc(daemons, func(a, b *daemon) int {
		if c := strings.Compare(a.set.Namespace, b.set.Namespace); c != 0 {
			return c
		}
		return strings.Compare(a.set.Name, b.set.Name)
	})
	return daemons
}

// daemonTolerations are those that the DaemonSet controller adds to its pods.
func daemonTolerations() []corev1.Toleration {
	var all []corev1.Toleration
	for key, effect := range map[string]corev1.TaintEffect{
		corev1.TaintNodeNotReady:           corev1.TaintEffectNoExecute,
		corev1.TaintNodeUnreachable:        corev1.TaintEffectNoExecute,
		corev1.TaintNodeDiskPressure:       corev1.TaintEffectNoSchedule,
		corev1.TaintNodeMemoryPressure:     corev1.TaintEffectNoSchedule,
		corev1.TaintNodePIDPressure:        corev1.TaintEffectNoSchedule,
		corev1.TaintNodeUnschedulable:      corev1.TaintEffectNoSchedule,
		corev1.TaintNodeNetworkUnavailable: corev1.TaintEffectNoSchedule,
	} {
		all = append(all, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect})
	}
	slices.SortFunc(all, func(a, b corev1.Toleration) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// owns says whether the pod is the daemon's. Files may lack UIDs, so kind and name
// decide.
func (d *daemon) owns(pod *Pod) bool { return residentKeyOf(pod) == d.key }

// ReservedNode is the node that a waiting DaemonSet pod is meant for: its
// controller names it in the pod's node affinity.
func ReservedNode(pod *corev1.Pod) string { return reservedNode(&pod.Spec) }

func reservedNode(spec *corev1.PodSpec) string {
	for _, term := range filter.RequiredTerms(spec) {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && f.Operator == corev1.NodeSelectorOpIn && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}

package plan

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
)

// Pod is a pod with everything the planner asks of it worked out once.
type Pod struct {
	Object *corev1.Pod

	stage    podStage
	priority int32
	// preempts: its preemptionPolicy lets kube-scheduler evict pods for it.
	preempts bool
	requests requests
	// rules spells out every hard constraint but size and labels; pods with equal
	// rules get the same answer from every static filter.
	rules string
	// invalid says which of its constraints cannot be parsed.
	invalid refusal
	// unsupported names the features the planner does not understand.
	unsupported string
}

// NewPod works out a pod. It only reads the object and depends on nothing else,
// so a caller may keep the result for as long as UID and resourceVersion stay.
func NewPod(object *corev1.Pod) *Pod {
	p := &Pod{
		Object:      object,
		stage:       stageOf(object),
		priority:    schedulinghelpers.PodPriority(object),
		preempts:    object.Spec.PreemptionPolicy == nil || *object.Spec.PreemptionPolicy != corev1.PreemptNever,
		unsupported: unsupportedFeatures(&object.Spec),
	}
	if p.stage == stageGone {
		return p
	}
	p.requests = requestsOf(object)
	p.rules = rulesOf(object)
	p.invalid = invalidConstraint(&object.Spec)
	return p
}

// name is namespace/name, as reasons and results print it.
func (p *Pod) name() string { return p.Object.Namespace + "/" + p.Object.Name }

// comparePods orders pods by namespace and name.
func comparePods(a, b *Pod) int {
	if c := strings.Compare(a.Object.Namespace, b.Object.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.Object.Name, b.Object.Name)
}

// podStage is how far a pod has come, as far as planning minds.
type podStage uint8

const (
	// stageGone pods take nothing and want nothing: finished, or deleted before
	// they were placed.
	stageGone podStage = iota
	// stageBound pods hold room on their node.
	stageBound
	// stagePending pods want room.
	stagePending
	// stageGated pods want no room yet.
	stageGated
	// stageDaemon pods are a DaemonSet's that wait for the one node they name.
	stageDaemon
	// stageUndecided pods were not refused by their scheduler yet.
	stageUndecided
)

func stageOf(pod *corev1.Pod) podStage {
	switch {
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return stageGone
	case pod.Spec.NodeName != "":
		return stageBound
	case pod.DeletionTimestamp != nil:
		return stageGone
	case isDaemonPod(pod):
		return stageDaemon
	case len(pod.Spec.SchedulingGates) > 0:
		return stageGated
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Reason != corev1.PodReasonUnschedulable {
			return stageUndecided
		}
	}
	return stagePending
}

// isDaemonPod also honours cluster-autoscaler's annotation for pods of custom
// controllers that work like a DaemonSet.
func isDaemonPod(pod *corev1.Pod) bool {
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == "DaemonSet" {
		return true
	}
	return pod.Annotations["cluster-autoscaler.kubernetes.io/daemonset-pod"] == "true"
}

func isMirrorPod(pod *corev1.Pod) bool {
	_, ok := pod.Annotations[corev1.MirrorPodAnnotationKey]
	return ok
}

// stays says that a bound pod belongs to its node: it is not moved when the node
// goes, and is left out of the node's utilisation.
func (p *Pod) stays() bool { return isDaemonPod(p.Object) || isMirrorPod(p.Object) }

// leaves says that a bound pod is being deleted: it still holds its room, and needs
// no other.
func (p *Pod) leaves() bool { return p.Object.DeletionTimestamp != nil }

// otherScheduler is the name of the pod's scheduler when it is not the default one.
func (p *Pod) otherScheduler() string {
	if name := p.Object.Spec.SchedulerName; name != corev1.DefaultSchedulerName {
		return name // empty in files, where no API server has filled in the default
	}
	return ""
}

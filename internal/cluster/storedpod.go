package cluster

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// StoredPod is a pod as the cache keeps it: its own metadata, its node, and what is alike in all pods of
// its controller. It takes a fifth of the memory of a Pod, of which there are many. It is read-only.
type StoredPod struct {
	metav1.ObjectMeta
	// node is spec.nodeName, which spec lacks.
	node string
	// scheduled is the time of the condition PodScheduled, which status lacks.
	scheduled metav1.Time
	spec      *corev1.PodSpec
	status    *corev1.PodStatus
}

// StorePod keeps a pod that shares nothing with others. The pod is read-only from then on.
func StorePod(pod *corev1.Pod) *StoredPod {
	spec := pod.Spec
	spec.NodeName = ""
	return &StoredPod{ObjectMeta: pod.ObjectMeta, node: pod.Spec.NodeName, spec: &spec, status: &pod.Status}
}

// Node is the node that the pod is bound to; empty for none.
func (p *StoredPod) Node() string { return p.node }

// Spec is the pod's spec without its nodeName.
func (p *StoredPod) Spec() *corev1.PodSpec { return p.spec }

// Status is the pod's status, without the times of its conditions.
func (p *StoredPod) Status() *corev1.PodStatus { return p.status }

// Pod is the pod as an object, made anew at each call.
func (p *StoredPod) Pod() *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: p.ObjectMeta, Spec: *p.spec, Status: *p.status}
	pod.Spec.NodeName = p.node
	if !p.scheduled.IsZero() {
		pod.Status.Conditions = append([]corev1.PodCondition(nil), pod.Status.Conditions...)
		for i := range pod.Status.Conditions {
			if c := &pod.Status.Conditions[i]; c.Type == corev1.PodScheduled {
				c.LastTransitionTime = p.scheduled
			}
		}
	}
	return pod
}

// planned is the pod as the planner sees it.
func (p *StoredPod) planned() *plan.Pod {
	pod := plan.NewPod(p.Pod())
	pod.Keep(p, &p.ObjectMeta, p.spec, p.status)
	return pod
}

// GetObjectKind says that the kind is not known from the object, as of all objects in a cache.
func (p *StoredPod) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject is for client-go's detection of changes to what the cache holds.
func (p *StoredPod) DeepCopyObject() runtime.Object {
	return &StoredPod{
		ObjectMeta: *p.DeepCopy(), node: p.node, scheduled: p.scheduled, spec: p.spec.DeepCopy(), status: p.status.DeepCopy(),
	}
}

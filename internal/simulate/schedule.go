package simulate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// schedule binds pending pods, the oldest first, to the ready node that would have the
// largest free share afterwards, as kube-scheduler does by default (LeastAllocated); of
// equals to the first by name. Nodes that are being replaced or could go carry a taint that it weighs
// more (PreferNoSchedule).
func (s *simulation) schedule() {
	left := s.pending[:0]
	for _, l := range s.pending {
		var best *machine
		var score float64
		for _, m := range s.machines {
			if !m.takes || m.closed || m.freeMilli < l.milli || m.freeMemory < l.memory || m.freePods < 1 || !suits(l.pod, m.node) {
				continue
			}
			free := share(m.freeMilli-l.milli, m.size.Cpu().MilliValue()) + share(m.freeMemory-l.memory, m.size.Memory().Value())
			if best == nil || best.avoided && !m.avoided || best.avoided == m.avoided && free > score {
				best, score = m, free
			}
		}
		if best == nil {
			left = append(left, l)
			continue
		}
		before := l.pod
		l.pod = bound(before, best.node.Name)
		best.enter(l)
		s.podChanged(before, l.pod)
		s.books.pending(l, true)
	}
	clear(s.pending[len(left):])
	s.pending = left
}

func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// suits says whether the pod's node selector and affinity allow the node, and the pod
// tolerates its taints.
func suits(pod *corev1.Pod, node *corev1.Node) bool {
	if fits, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node); err != nil || !fits {
		return false
	}
	_, untolerated := schedulinghelpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}, false)
	return !untolerated
}

// startDaemons runs the pods of DaemonSets on a node that has joined.
func (s *simulation) startDaemons(m *machine) {
	for _, set := range s.objects.DaemonSets {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: set.Namespace, Name: fmt.Sprintf("%s-%s", set.Name, m.node.Name), UID: types.UID(set.Namespace + "/" + set.Name + "@" + m.node.Name),
				Labels:          set.Spec.Template.Labels,
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: set.Name, UID: set.UID, Controller: new(true)}},
			},
			Spec: *set.Spec.Template.Spec.DeepCopy(),
		}
		pod.Spec.SchedulerName = corev1.DefaultSchedulerName
		if !suits(pod, m.node) {
			continue
		}
		pod = bound(pod, m.node.Name)
		for i := range pod.Spec.Containers {
			requests := pod.Spec.Containers[i].Resources.Requests
			m.freeMilli -= requests.Cpu().MilliValue()
			m.freeMemory -= requests.Memory().Value()
		}
		m.freePods--
		m.daemons = append(m.daemons, pod)
		s.podChanged(nil, pod)
	}
}

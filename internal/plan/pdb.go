package plan

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// mostUnconfirmed is how many evictions the eviction API lets wait for the disruption
// controller before it refuses further ones.
const mostUnconfirmed = 2000

// Budgets answers what the eviction API would say about PodDisruptionBudgets. It asks
// the same questions in the same order as kube-apiserver (EvictionREST.Create in
// pkg/registry/core/pod/storage/eviction.go), so the plan, the drain and the plugin
// agree with what happens when a pod is evicted.
type Budgets struct{ byNamespace map[string][]*budget }

// budget is a PodDisruptionBudget.
type budget struct {
	object   *policyv1.PodDisruptionBudget
	selector labels.Selector
	// asked is how many of its disruptions the nodes use that the plan removes.
	asked int
}

// NewBudgets reads the budgets. One whose selector does not parse covers no pod, as
// in the eviction API.
func NewBudgets(objects []*policyv1.PodDisruptionBudget) *Budgets {
	all := &Budgets{byNamespace: map[string][]*budget{}}
	for _, object := range objects {
		selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
		if err != nil {
			continue
		}
		all.byNamespace[object.Namespace] = append(all.byNamespace[object.Namespace], &budget{object: object, selector: selector})
	}
	for _, list := range all.byNamespace {
		slices.SortFunc(list, func(a, b *budget) int { return cmp.Compare(a.object.Name, b.object.Name) })
	}
	return all
}

// Refusal says why the eviction API would not evict the pod now; empty when it would.
func (all *Budgets) Refusal(pod *corev1.Pod) string {
	_, why := all.charge(&pod.ObjectMeta, &pod.Status)
	return why
}

// charge finds the budget that pays for the eviction of the pod, nil when none has to,
// or says why the pod cannot be evicted.
func (all *Budgets) charge(pod *metav1.ObjectMeta, status *corev1.PodStatus) (*budget, string) {
	if ignoresBudgets(pod, status) {
		return nil, ""
	}
	covering := all.of(pod)
	switch {
	case len(covering) == 0:
		return nil, ""
	case len(covering) > 1:
		return nil, fmt.Sprintf("pod %s/%s is covered by more than one PodDisruptionBudget (%s, %s), so it cannot be evicted",
			pod.Namespace, pod.Name, covering[0].object.Name, covering[1].object.Name)
	}
	b := covering[0]
	if !countsAsReady(status) && b.givesUpUnready() {
		return nil, ""
	}
	if why := b.closed(); why != "" {
		return nil, fmt.Sprintf("PodDisruptionBudget %s/%s allows no disruption of pod %s/%s now: %s",
			pod.Namespace, b.object.Name, pod.Namespace, pod.Name, why)
	}
	return b, ""
}

// ignoresBudgets says that a pod is deleted without a look at budgets: it does not run
// yet, or does not run any more.
func ignoresBudgets(pod *metav1.ObjectMeta, status *corev1.PodStatus) bool {
	return status.Phase == corev1.PodPending || hasFinished(status) || pod.DeletionTimestamp != nil
}

// countsAsReady says that a budget protects the pod as a healthy one. A pod without
// any condition was written by hand, because a kubelet always sets them; nothing says
// that it is broken, so it is protected.
func countsAsReady(status *corev1.PodStatus) bool {
	for _, c := range status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return len(status.Conditions) == 0
}

// of are the budgets that cover the pod.
func (all *Budgets) of(pod *metav1.ObjectMeta) []*budget {
	var covering []*budget
	for _, b := range all.byNamespace[pod.Namespace] {
		if b.selector.Matches(labels.Set(pod.Labels)) {
			covering = append(covering, b)
		}
	}
	return covering
}

// givesUpUnready says that unready pods of the budget are evicted without using up a
// disruption.
func (b *budget) givesUpUnready() bool {
	if p := b.object.Spec.UnhealthyPodEvictionPolicy; p != nil && *p == policyv1.AlwaysAllow {
		return true
	}
	status := &b.object.Status
	return status.DesiredHealthy > 0 && status.CurrentHealthy >= status.DesiredHealthy
}

// closed says why the budget allows no disruption at all now; empty when it does.
func (b *budget) closed() string {
	status := &b.object.Status
	switch {
	case status.ObservedGeneration < b.object.Generation:
		return "its status is older than its spec; the disruption controller has to catch up"
	case status.DisruptionsAllowed < 0:
		return "its status.disruptionsAllowed is negative"
	case len(status.DisruptedPods) > mostUnconfirmed:
		return fmt.Sprintf("more than %d evictions of it are not confirmed by the disruption controller yet", mostUnconfirmed)
	case status.DisruptionsAllowed > 0:
		return ""
	case b.unset():
		return "its status is empty: the disruption controller has not filled it in (in a file, add status.disruptionsAllowed, currentHealthy and desiredHealthy)"
	}
	if c := meta.FindStatusCondition(status.Conditions, policyv1.DisruptionAllowedCondition); c != nil && c.Reason == policyv1.SyncFailedReason && c.Message != "" {
		return "its status is not up to date: " + c.Message
	}
	return fmt.Sprintf("it has %d healthy pods and must keep %d", status.CurrentHealthy, status.DesiredHealthy)
}

// unset says that no controller and no person has filled the budget's status in.
func (b *budget) unset() bool {
	s := &b.object.Status
	return s.ExpectedPods == 0 && s.CurrentHealthy == 0 && s.DesiredHealthy == 0 && len(s.Conditions) == 0
}

// allows says whether a node with n pods of the budget can go along with the nodes
// that go already. One node alone may hold more pods than the budget allows, as they
// are evicted one after another.
func (b *budget) allows(n int) bool {
	allowed := int(b.object.Status.DisruptionsAllowed)
	if b.asked == 0 {
		return allowed > 0
	}
	return b.asked+n <= allowed
}

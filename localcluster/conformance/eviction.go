package conformance

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// asks is how many disruptions the eviction of the node's pods takes from each budget, or
// why one of them would be refused now.
func (c *cluster) asks(node string) (asked map[string]int, why string) {
	asked = map[string]int{}
	for _, p := range c.bound() {
		owner := metav1.GetControllerOf(p)
		if p.Spec.NodeName != node || owner != nil && owner.Kind == "DaemonSet" {
			continue
		}
		budget, refusal := c.evicts(p)
		if refusal != "" && why == "" {
			why = refusal
		}
		if budget != "" {
			asked[budget]++
		}
	}
	return asked, why
}

// evicts is the budget that the eviction of a pod is charged to, if any, or why it is refused.
func (c *cluster) evicts(p *corev1.Pod) (budget, refusal string) {
	if p.DeletionTimestamp != nil || slices.Contains([]corev1.PodPhase{corev1.PodPending, corev1.PodSucceeded, corev1.PodFailed}, p.Status.Phase) {
		return "", ""
	}
	var covering []*policyv1.PodDisruptionBudget
	for _, b := range c.budgets {
		s, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err == nil && b.Namespace == p.Namespace && s.Matches(labels.Set(p.Labels)) {
			covering = append(covering, b)
		}
	}
	switch len(covering) {
	case 0:
		return "", ""
	case 1:
	default:
		return "", fmt.Sprintf("pod %s has %d budgets", nameOf(p), len(covering))
	}
	b := covering[0]
	ready := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	always := b.Spec.UnhealthyPodEvictionPolicy != nil && *b.Spec.UnhealthyPodEvictionPolicy == policyv1.AlwaysAllow
	s := &b.Status
	switch {
	case !ready && (always || s.DesiredHealthy > 0 && s.CurrentHealthy >= s.DesiredHealthy):
		return "", ""
	case s.ObservedGeneration < b.Generation:
		return "", fmt.Sprintf("pod %s: the status of budget %s is old", nameOf(p), b.Name)
	case s.DisruptionsAllowed <= 0:
		return "", fmt.Sprintf("pod %s: budget %s allows %d disruptions", nameOf(p), b.Name, s.DisruptionsAllowed)
	}
	return budgetName(b), ""
}

func budgetName(b *policyv1.PodDisruptionBudget) string { return b.Namespace + "/" + b.Name }

func (c *cluster) budgetNamed(name string) *policyv1.PodDisruptionBudget {
	return c.budgets[slices.IndexFunc(c.budgets, func(b *policyv1.PodDisruptionBudget) bool { return budgetName(b) == name })]
}

func (c *cluster) nodeNamed(name string) *plan.Node {
	if i := slices.IndexFunc(c.nodes, func(n *plan.Node) bool { return n.Name == name }); i >= 0 {
		return c.nodes[i]
	}
	return nil
}

// disruptions draws which of the pods on nodes are ready, and budgets for some.
func (d *drawing) disruptions() {
	c := d.cluster
	for _, p := range c.pods {
		if p.Spec.NodeName == "" {
			continue
		}
		ready := pick(d, corev1.ConditionTrue, corev1.ConditionTrue, corev1.ConditionFalse)
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: ready})
	}
	for i := range max(d.between(-2, 3), 0) {
		b := &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Namespace: pick(d, "default", "default", "other"), Name: fmt.Sprintf("b%d", i), Generation: 2},
			Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(d, "p", "q", "r")}}},
			Status: policyv1.PodDisruptionBudgetStatus{
				ObservedGeneration: 2, ExpectedPods: 3, DisruptionsAllowed: int32(d.between(0, 2)), CurrentHealthy: int32(d.between(0, 3)), DesiredHealthy: int32(d.between(0, 3)),
			},
		}
		switch d.IntN(10) {
		case 0:
			b.Status.ObservedGeneration = 1
		case 1:
			b.Spec.Selector = &metav1.LabelSelector{}
		case 2:
			b.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "v", Operator: metav1.LabelSelectorOpExists}}}
		}
		if d.chance(50) {
			b.Spec.UnhealthyPodEvictionPolicy = new(pick(d, policyv1.AlwaysAllow, policyv1.IfHealthyBudget))
		}
		c.budgets = append(c.budgets, b)
	}
}

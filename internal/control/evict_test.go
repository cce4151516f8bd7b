package control

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// budgetCase is a pod with budgets as the disruption controller and a kubelet leave them.
type budgetCase struct {
	phase  corev1.PodPhase
	ready  corev1.ConditionStatus
	policy policyv1.UnhealthyPodEvictionPolicyType
	status policyv1.PodDisruptionBudgetStatus
	// behind: the controller has not seen the budget's spec.
	behind bool
	count  int
}

func (c *budgetCase) String() string {
	return fmt.Sprintf("%s pod, Ready=%s, %d budgets, policy %q, allowed %d, healthy %d of %d, behind %t",
		c.phase, c.ready, c.count, c.policy, c.status.DisruptionsAllowed, c.status.CurrentHealthy, c.status.DesiredHealthy, c.behind)
}

func budgetCases() []*budgetCase {
	var all []*budgetCase
	for _, phase := range []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded} {
		for _, ready := range []corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse} {
			for _, policy := range []policyv1.UnhealthyPodEvictionPolicyType{"", policyv1.IfHealthyBudget, policyv1.AlwaysAllow} {
				for _, s := range [][3]int32{{0, 1, 2}, {0, 2, 2}, {1, 2, 1}, {0, 0, 0}} {
					status := policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: s[0], CurrentHealthy: s[1], DesiredHealthy: s[2], ExpectedPods: 2}
					all = append(all, &budgetCase{phase, ready, policy, status, false, 1})
				}
				allowed := policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: 1, CurrentHealthy: 1, ExpectedPods: 2}
				all = append(all, &budgetCase{phase, ready, policy, allowed, true, 1}, &budgetCase{phase, ready, policy, allowed, false, 2})
			}
		}
	}
	return all
}

// What the plan reads from budgets is what the API server does with evictions.
func TestBudgetsAreReadAsTheEvictionAPIDoes(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	clientset, err := kubernetes.NewForConfig(w.env.Config)
	w.must(err)
	// Without retries: kube-apiserver has clients come back after ten seconds.
	ask := func(ctx context.Context, p *corev1.Pod) error {
		return clientset.PolicyV1().RESTClient().Post().AbsPath("/api/v1").Namespace(p.Namespace).Resource("pods").Name(p.Name).SubResource("eviction").
			MaxRetries(0).Body(&policyv1.Eviction{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name}, DeleteOptions: &metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}},
		}).Do(ctx).Error()
	}
	refused := 0
	for i, c := range budgetCases() {
		name := fmt.Sprintf("evicted-%d", i)
		p := w.pod(name, "nowhere", func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(30)) })
		p.Status.Phase, p.Status.Conditions = c.phase, []corev1.PodCondition{{Type: corev1.PodReady, Status: c.ready}}
		w.must(w.admin.Status().Update(w.Context(), p))
		var budgets []*policyv1.PodDisruptionBudget
		for n := range c.count {
			b := &policyv1.PodDisruptionBudget{
				ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: fmt.Sprintf("%s-%d", name, n)},
				Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}},
			}
			if c.policy != "" {
				b.Spec.UnhealthyPodEvictionPolicy = &c.policy
			}
			w.must(w.admin.Create(w.Context(), b))
			b.Status = c.status
			if b.Status.ObservedGeneration = b.Generation; c.behind {
				b.Status.ObservedGeneration--
			}
			w.must(w.admin.Status().Update(w.Context(), b))
			budgets = append(budgets, b)
		}
		why, answer := plan.NewBudgets(budgets).Refusal(p), ask(w.Context(), p)
		if (answer != nil) != (why != "") {
			t.Errorf("%s: the API server says %v, the plan %q", c, answer, why)
		}
		held, err := w.machines.evict(w.Context(), p, true)
		w.must(err)
		if held != why {
			t.Errorf("%s: the drain says %q, the plan %q", c, held, why)
		}
		if why != "" {
			refused++
		}
		for _, b := range budgets {
			w.must(w.admin.Delete(w.Context(), b))
		}
	}
	if refused == 0 || refused == len(budgetCases()) {
		t.Errorf("%d of %d evictions are refused, which proves nothing", refused, len(budgetCases()))
	}
}

// What a drain leaves on the node, what a plan does not move and what counts as ending
// with the node is one set of pods.
func TestWhatEndsWithItsNode(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "ends", UID: types.UID("ends")}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	annotated := func(key, value string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Annotations = map[string]string{key: value} }
	}
	ends := map[string]bool{}
	for name, c := range map[string]struct {
		change func(*corev1.Pod)
		phase  corev1.PodPhase
		ends   bool
	}{
		"of-a-daemonset":   {ownedBy("DaemonSet"), corev1.PodRunning, true},
		"as-a-daemonset":   {annotated("cluster-autoscaler.kubernetes.io/daemonset-pod", "true"), corev1.PodRunning, true},
		"no-daemonset":     {annotated("cluster-autoscaler.kubernetes.io/daemonset-pod", "false"), corev1.PodRunning, false},
		"mirror":           {annotated(corev1.MirrorPodAnnotationKey, "x"), corev1.PodRunning, true},
		"finished":         {ownedBy("Job"), corev1.PodSucceeded, true},
		"failed":           {ownedBy("Job"), corev1.PodFailed, true},
		"of-a-job":         {ownedBy("Job"), corev1.PodRunning, false},
		"of-a-replica-set": {ownedBy("ReplicaSet"), corev1.PodRunning, false},
	} {
		ends[name] = c.ends
		if name == "mirror" { // an API server takes these from kubelets only
			continue
		}
		w.phase(w.pod(name, node.Name, c.change), c.phase)
	}
	pods, err := w.machines.podsToMove(w.Context(), node)
	w.must(err)
	drained := map[string]bool{}
	for _, p := range pods {
		drained[p.Name] = true
	}
	all, err := podsOn(w.Context(), w.machines.Live, node.Name)
	w.must(err)
	for i := range all {
		p := &all[i]
		moved := movedOff(p)
		if drained[p.Name] == ends[p.Name] || moved == ends[p.Name] || plan.EndsWithNode(p) != ends[p.Name] {
			t.Errorf("%s: drained %t, moved by a plan %t, ends with its node %t, want the last %t", p.Name, drained[p.Name], moved, plan.EndsWithNode(p), ends[p.Name])
		}
	}
	if len(all) != len(ends)-1 {
		t.Errorf("%d pods were looked at, want %d", len(all), len(ends)-1)
	}
}

// movedOff says whether a plan that removes the pod's node moves the pod.
func movedOff(p *corev1.Pod) bool {
	machine := func(name, group string) *plan.Node {
		return &plan.Node{Name: name, Group: group, State: plan.Ready, Object: &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Allocatable: plan.EstimateAllocatable(2, 4096, 80)},
		}}
	}
	p = p.DeepCopy()
	p.Spec.NodeName = "a"
	decided := plan.Decide(&plan.State{
		Groups: []*plan.Group{{Name: "g", Max: 5, ScaleDown: plan.ScaleDown{Enabled: true, CPU: 50, Memory: 50}}},
		Nodes:  []*plan.Node{machine("a", "g"), machine("b", "")}, Pods: []*plan.Pod{plan.NewPod(p)},
		Options: plan.Options{IgnoreTimers: true, ExpendablePriorityCutoff: -10},
	})
	return strings.Contains(fmt.Sprint(decided.Removals), p.Name)
}

package control

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// podsToMove lists the node's pods that a drain waits for. When the cache shows
// none the API server has the last word: a pod may have been bound just now.
func (r *drainer) podsToMove(ctx context.Context, node *corev1.Node) ([]corev1.Pod, error) {
	dead := !cluster.IsReady(node)
	live := func(node string) ([]corev1.Pod, error) { return podsOn(ctx, r.Live, node) }
	for _, read := range []func(node string) ([]corev1.Pod, error){r.cachedPods(ctx), live} {
		pods, err := read(node.Name)
		if err != nil {
			return nil, err
		}
		pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool {
			// A kubelet that is not there never confirms the end of a pod.
			return plan.EndsWithNode(&p) || dead && p.DeletionTimestamp != nil && r.Clock.Since(p.DeletionTimestamp.Time) > graceSlack
		})
		if len(pods) > 0 {
			return pods, nil
		}
	}
	return nil, nil
}

// cachedPods reads the pods of a node as the cache has them.
func (r *drainer) cachedPods(ctx context.Context) func(node string) ([]corev1.Pod, error) {
	if r.PodsOn != nil {
		return r.PodsOn
	}
	return func(node string) ([]corev1.Pod, error) { return podsOn(ctx, r.Client, node) }
}

func podsOn(ctx context.Context, from client.Reader, node string) ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := from.List(ctx, &list, client.MatchingFields{"spec.nodeName": node}); err != nil {
		return nil, fmt.Errorf("listing the pods of node %s: %w", node, err)
	}
	return list.Items, nil
}

// mustStay says why a pod is not evicted, however long it runs; empty when it may be. What the autoscaler would not move
// it does not evict for a decision of its own: such a pod came when the decision was made.
func (r *drainer) mustStay(node *corev1.Node, p *corev1.Pod) string {
	if plan.AwaitsCompletion(p) {
		return awaited(p)
	}
	if took(node, stepDecided) {
		return plan.NewPod(p).Immovable(&r.Options.Plan, r.Clock.Now())
	}
	return ""
}

// endsByItself tells pods that run to an end, whose work an eviction would lose:
// a Job's, and those that nothing would make anew. They are given half of the drain.
func endsByItself(p *corev1.Pod) bool {
	if plan.SafeToEvict(p) {
		return false
	}
	owner := metav1.GetControllerOf(p)
	return owner != nil && owner.Kind == "Job" || owner == nil && p.Spec.RestartPolicy != corev1.RestartPolicyAlways
}

func awaited(p *corev1.Pod) string {
	return fmt.Sprintf("%s/%s (runs to its end)", p.Namespace, p.Name)
}

// obstacles are what keeps a drain from ending if it began now: pods that must be
// waited for, and pods whose eviction the API server would refuse. Those whose Deployments are
// restarted are not evicted.
func (r *drainer) obstacles(ctx context.Context, node *corev1.Node, pods []corev1.Pod, surging map[types.UID]bool) ([]string, error) {
	var found []string
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp != nil {
			continue
		}
		if why := r.mustStay(node, p); why != "" {
			found = append(found, why)
			continue
		}
		if surging[p.UID] {
			continue
		}
		why, err := r.evict(ctx, p, true)
		if err != nil {
			return nil, err
		}
		if why != "" {
			found = append(found, why)
		}
	}
	return found, nil
}

// evict asks for the eviction of a pod, or whether it would be granted, and says
// what holds it back. Budgets that refuse are not put to the API server, which can tell
// a client to wait for ten seconds and more: that would hold up the worker.
func (r *drainer) evict(ctx context.Context, p *corev1.Pod, dryRun bool) (held string, err error) {
	var budgets policyv1.PodDisruptionBudgetList
	if err := r.Client.List(ctx, &budgets, client.InNamespace(p.Namespace)); err != nil {
		return "", fmt.Errorf("listing the PodDisruptionBudgets of namespace %s: %w", p.Namespace, err)
	}
	if why := plan.NewBudgets(pointersTo(budgets.Items)).Refusal(p); why != "" {
		r.Metrics.Evicted(observe.EvictionRefused)
		return why, nil
	}
	eviction := &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}},
	}
	if dryRun {
		eviction.DeleteOptions.DryRun = []string{metav1.DryRunAll}
	}
	err = r.Client.SubResource("eviction").Create(ctx, p, eviction)
	if !dryRun || apierrors.IsTooManyRequests(err) {
		r.countEviction(err)
	}
	switch {
	case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return "", nil
	case apierrors.IsTooManyRequests(err), apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause), apierrors.IsInternalError(err):
		// The last is what a pod with several budgets gets; all wait for a person or for time.
		return fmt.Sprintf("%s/%s (%v)", p.Namespace, p.Name, err), nil
	}
	return "", fmt.Errorf("evicting pod %s/%s: %w", p.Namespace, p.Name, err)
}

func pointersTo[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}

func (r *drainer) countEviction(err error) {
	switch {
	case err == nil:
		r.Metrics.Evicted(observe.EvictionGranted)
	case apierrors.IsNotFound(err), apierrors.IsConflict(err): // It has left already.
	case apierrors.IsTooManyRequests(err):
		r.Metrics.Evicted(observe.EvictionRefused)
	default:
		r.Metrics.Evicted(observe.EvictionFailed)
	}
}

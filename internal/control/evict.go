package control

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// podsToMove lists the node's pods that a drain waits for. When the cache shows
// none the API server has the last word: a pod may have been bound just now.
func (r *drainer) podsToMove(ctx context.Context, node *corev1.Node) ([]corev1.Pod, error) {
	dead := !cluster.IsReady(node)
	live := func(node string) ([]corev1.Pod, error) { return podsOn(ctx, r.Live, node) }
	cached := r.PodsOn
	if cached == nil {
		cached = func(node string) ([]corev1.Pod, error) { return podsOn(ctx, r.Client, node) }
	}
	for _, read := range []func(node string) ([]corev1.Pod, error){cached, live} {
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

// awaitDetached waits until the volumes of the pods that left are detached: a VPS
// that goes before leaves them locked for the pods' next node. It does not wait for
// ever, because nobody uses them any more.
func (r *drainer) awaitDetached(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node, late bool) (progress, error) {
	if !cluster.IsReady(node) {
		return done(), nil // No kubelet is left that could unmount them.
	}
	attached, err := r.attachedVolumes(ctx, node.Name)
	if err != nil {
		return progress{}, err
	}
	if len(attached) == 0 {
		return done(), nil
	}
	if late {
		logf.FromContext(ctx).Info("deleting a VPS with volumes that are not detached in time", "node", node.Name, "volumes", attached)
		return done(), nil
	}
	r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, "Draining", fmt.Sprintf("Draining: %s still attached: %v", observe.Count(len(attached), "volume"), attached))
	return again(r.Options.PollInterval), nil
}

// attachedVolumes are the volumes attached to the node, without those of pods that stay.
func (r *drainer) attachedVolumes(ctx context.Context, node string) ([]string, error) {
	var list storagev1.VolumeAttachmentList
	if err := r.Live.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing VolumeAttachments: %w", err)
	}
	var attached []string
	for _, a := range list.Items {
		if a.Spec.NodeName == node && a.Spec.Source.PersistentVolumeName != nil {
			attached = append(attached, *a.Spec.Source.PersistentVolumeName)
		}
	}
	if len(attached) == 0 {
		return nil, nil
	}
	staying, err := podsOn(ctx, r.Client, node)
	if err != nil {
		return nil, err
	}
	for _, p := range staying {
		for _, v := range p.Spec.Volumes {
			if v.PersistentVolumeClaim == nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
				continue
			}
			var claim corev1.PersistentVolumeClaim
			err := r.Client.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: v.PersistentVolumeClaim.ClaimName}, &claim)
			if client.IgnoreNotFound(err) != nil {
				return nil, fmt.Errorf("reading a claim of pod %s/%s: %w", p.Namespace, p.Name, err)
			}
			attached = slices.DeleteFunc(attached, func(volume string) bool { return volume == claim.Spec.VolumeName })
		}
	}
	slices.Sort(attached)
	return attached, nil
}

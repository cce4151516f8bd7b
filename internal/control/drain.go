package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// annotationCordoned tells a node that the autoscaler cordoned from one that a
// person did, which is not uncordoned after a failed drain.
const annotationCordoned = "autoscaler.vpsie.com/cordoned"

// reasonDrainFailed stands in the condition Error during the pause after a drain that failed.
const reasonDrainFailed = "DrainFailed"

// drain empties the node step by step and never waits inside. It returns 0 when
// nothing is left that must go.
func (r *machines) drain(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node) (time.Duration, error) {
	if node == nil || !cluster.IsReady(node) && r.vanished(ctx, m) {
		return 0, nil // No kubelet is left that could end a pod.
	}
	if left := r.drainPause(m); left > 0 {
		return left, nil
	}
	if err := r.cordon(ctx, node); err != nil {
		return 0, err
	}
	pods, err := r.podsToMove(ctx, node.Name)
	if err != nil || len(pods) == 0 {
		return 0, err
	}
	if limit := r.drainTimeout(m, node); r.Clock.Since(m.Status.TerminatingAt.Time) > limit {
		return r.Options.DrainRetry, r.giveUp(ctx, m, node, pods, limit)
	}
	held, err := r.evict(ctx, pods)
	if err != nil {
		return 0, err
	}
	message := fmt.Sprintf("Draining: %d pods left", len(pods))
	if len(held) > 0 {
		message += ", held back: " + strings.Join(held, "; ")
	}
	r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, "Draining", message)
	return r.Options.PollInterval, nil
}

// vanished tells whether the cloud's newest list lacks the machine's VPS.
func (r *machines) vanished(ctx context.Context, m *v1alpha1.VPSieNode) bool {
	sight, err := r.Cloud.Look(ctx, r.Clock.Now())
	if err != nil {
		return false
	}
	vm, pending, err := r.find(m, sight)
	return err == nil && vm == nil && !pending && r.absences.since(m.UID, sight.Began, secondLook)
}

// drainPause is what is left of the pause after a failed drain; at its end the
// drain begins anew.
func (r *machines) drainPause(m *v1alpha1.VPSieNode) time.Duration {
	failed := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError)
	if failed == nil || failed.Status != metav1.ConditionTrue || failed.Reason != reasonDrainFailed {
		return 0
	}
	if left := r.Options.DrainRetry - r.Clock.Since(failed.LastTransitionTime.Time); left > 0 {
		return left
	}
	m.Status.TerminatingAt = new(metav1.NewTime(r.Clock.Now()))
	r.calm(m)
	return 0
}

// cordon keeps new pods off, and takes the node out of load balancers before its
// pods go.
func (r *machines) cordon(ctx context.Context, node *corev1.Node) error {
	if node.Spec.Unschedulable && node.Labels[corev1.LabelNodeExcludeBalancers] != "" {
		return nil
	}
	changed := node.DeepCopy()
	if !node.Spec.Unschedulable {
		changed.Spec.Unschedulable = true
		metav1.SetMetaDataAnnotation(&changed.ObjectMeta, annotationCordoned, "true")
	}
	metav1.SetMetaDataLabel(&changed.ObjectMeta, corev1.LabelNodeExcludeBalancers, "true")
	return r.patchNode(ctx, node, changed)
}

func (r *machines) uncordon(ctx context.Context, node *corev1.Node) error {
	changed := node.DeepCopy()
	delete(changed.Labels, corev1.LabelNodeExcludeBalancers)
	if changed.Annotations[annotationCordoned] != "" {
		delete(changed.Annotations, annotationCordoned)
		changed.Spec.Unschedulable = false
	}
	return r.patchNode(ctx, node, changed)
}

func (r *machines) patchNode(ctx context.Context, node, changed *corev1.Node) error {
	if err := r.Client.Patch(ctx, changed, client.MergeFrom(node)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cordoning node %s: %w", node.Name, err)
	}
	*node = *changed
	return nil
}

// podsToMove lists the node's pods that a drain waits for. When the cache shows
// none the API server has the last word: a pod may have been bound just now.
func (r *machines) podsToMove(ctx context.Context, node string) ([]corev1.Pod, error) {
	for _, reader := range []client.Reader{r.Client, r.Live} {
		var list corev1.PodList
		if err := reader.List(ctx, &list, client.MatchingFields{podsByNode: node}); err != nil {
			return nil, fmt.Errorf("listing the pods of node %s: %w", node, err)
		}
		if pods := slices.DeleteFunc(list.Items, staysOnNode); len(pods) > 0 {
			return pods, nil
		}
	}
	return nil, nil
}

// staysOnNode tells pods that end with the node: a DaemonSet's, a static pod's
// mirror, and those that have finished.
func staysOnNode(p corev1.Pod) bool {
	owner := metav1.GetControllerOf(&p)
	_, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]
	return mirror || owner != nil && owner.Kind == "DaemonSet" ||
		p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// evict asks for the eviction of every pod that is not leaving yet, and returns
// what a disruption budget holds back.
func (r *machines) evict(ctx context.Context, pods []corev1.Pod) (held []string, err error) {
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp != nil {
			continue
		}
		e := r.Client.SubResource("eviction").Create(ctx, p, &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}},
		})
		switch {
		case e == nil:
			r.Metrics.Evicted(observe.EvictionGranted)
		case apierrors.IsNotFound(e), apierrors.IsConflict(e):
		case apierrors.IsTooManyRequests(e):
			r.Metrics.Evicted(observe.EvictionRefused)
			held = append(held, fmt.Sprintf("%s/%s (%v)", p.Namespace, p.Name, e))
		default:
			r.Metrics.Evicted(observe.EvictionFailed)
			err = errors.Join(err, fmt.Errorf("evicting pod %s/%s: %w", p.Namespace, p.Name, e))
		}
	}
	return held, err
}

func (r *machines) drainTimeout(m *v1alpha1.VPSieNode, node *corev1.Node) time.Duration {
	for _, annotations := range []map[string]string{m.Annotations, node.Annotations} {
		if seconds, err := strconv.Atoi(annotations[v1alpha1.AnnotationDrainTimeout]); err == nil && seconds >= 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return r.Options.DrainTimeout
}

// giveUp lets the node work on until the next try.
func (r *machines) giveUp(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node, pods []corev1.Pod, limit time.Duration) error {
	if err := r.uncordon(ctx, node); err != nil {
		return err
	}
	names := make([]string, len(pods))
	for i, p := range pods {
		names[i] = p.Namespace + "/" + p.Name
	}
	slices.Sort(names)
	e := observe.DrainFailed(fmt.Sprintf("Node %s is not drained after %s, next try in %s; still there: %s",
		node.Name, limit, r.Options.DrainRetry, strings.Join(names, ", ")))
	r.Voice.Say(m, e)
	r.trouble(m, reasonDrainFailed, errors.New(e.Note))
	return nil
}

package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// reasonDrainFailed stands in the condition Error during the pause after a drain that failed.
const reasonDrainFailed = "DrainFailed"

// drainer empties nodes.
type drainer struct {
	*store
	cordons cordons
	Metrics *observe.Metrics
	// PodsOn are the pods of a node as the cache has them; nil asks Client.
	PodsOn func(node string) ([]corev1.Pod, error)
}

func newDrainer(d *Deps, s *store) drainer { return drainer{s, cordons{d.Client}, d.Metrics, d.PodsOn} }

// drain empties the node step by step and never waits inside. It is done when
// nothing is left that must go. Nothing is evicted before all can be: a drain that
// fails half-way has disrupted pods for nothing.
func (r *drainer) drain(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node) (progress, error) {
	if node == nil || skipsDrain(m, node) || !cluster.IsReady(node) && r.vanished(ctx, m) {
		return done(), nil // A person wants no drain, or no kubelet is left that could end a pod.
	}
	deadline, err := r.deadline(ctx, m)
	if err != nil {
		return progress{}, err
	}
	if !deadline.IsZero() && !r.Clock.Now().Before(deadline) {
		return r.force(ctx, m, node)
	}
	if left := r.drainPause(m); left > 0 {
		if !deadline.IsZero() {
			left = min(left, deadline.Sub(r.Clock.Now()))
		}
		return again(left), nil
	}
	if err := r.cordons.cordon(ctx, node); err != nil {
		return progress{}, err
	}
	pods, err := r.podsToMove(ctx, node)
	if err != nil {
		return progress{}, err
	}
	limit, spent := r.drainTimeout(m, node), r.Clock.Since(m.Status.TerminatingAt.Time)
	if len(pods) == 0 {
		return r.release(ctx, m, node, spent > limit)
	}
	if spent > limit && !r.endingInTime(pods) {
		if r.deadFor(node) > r.Options.UnreadyTimeout {
			return done(), nil // Whatever holds its pods back protects nothing that runs.
		}
		return r.giveUp(ctx, m, node, pods, limit)
	}
	held, err := r.moveOff(ctx, m, node, pods, spent > limit/2)
	if err != nil {
		return progress{}, err
	}
	message := "Draining: " + observe.Count(len(pods), "pod") + " left"
	if len(held) > 0 {
		message += ", held back: " + strings.Join(held, "; ")
	}
	r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, "Draining", message)
	return again(r.Options.PollInterval), nil
}

func skipsDrain(m *v1alpha1.VPSieNode, node *corev1.Node) bool {
	return cluster.SkipsDrain(m) || cluster.SkipsDrain(node)
}

// moveOff evicts what may be evicted, and returns what holds the drain back. Deployments of a single
// ready replica are restarted once nothing else holds the drain, and before anything is evicted.
func (r *drainer) moveOff(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node, pods []corev1.Pod, impatient bool) (held []string, err error) {
	surging, err := r.surging(ctx, m, pods)
	if err != nil {
		return nil, err
	}
	if !evicting(node) {
		if held, err = r.obstacles(ctx, node, pods, surging); err != nil || len(held) > 0 {
			return held, err
		}
		if len(surging) > 0 {
			return r.surgeAll(ctx, m, pods, surging)
		}
		if err := r.beginEvicting(ctx, node); err != nil {
			return nil, err
		}
	}
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp != nil {
			continue
		}
		if endsByItself(p) && !impatient {
			held = append(held, awaited(p))
			continue
		}
		if why := r.mustStay(node, p); why != "" {
			held = append(held, why)
			continue
		}
		why, e := r.evictOrSurge(ctx, m, p, surging)
		if why != "" {
			held = append(held, why)
		}
		err = errors.Join(err, e)
	}
	return held, err
}

// vanished tells whether the cloud's newest list lacks the machine's VPS.
func (r *drainer) vanished(ctx context.Context, m *v1alpha1.VPSieNode) bool {
	sight, err := r.Cloud.Look(ctx, r.Clock.Now())
	if err != nil {
		return false
	}
	vm, pending, err := r.find(m, sight)
	return err == nil && vm == nil && !pending && r.absences.since(m.UID, sight.Began, proofAfter(m, sight, secondLook))
}

// deadFor is for how long the node's kubelet has not been ready; 0 when it is.
func (r *drainer) deadFor(node *corev1.Node) time.Duration {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return r.Clock.Since(c.LastTransitionTime.Time)
		}
	}
	return 0
}

// endingInTime tells whether all pods left are ending within their grace periods,
// which a drain grants in full.
func (r *drainer) endingInTime(pods []corev1.Pod) bool {
	return !slices.ContainsFunc(pods, func(p corev1.Pod) bool {
		return p.DeletionTimestamp == nil || r.Clock.Since(p.DeletionTimestamp.Time) > graceSlack
	})
}

// graceSlack is how much longer than its grace period a pod may take to go.
const graceSlack = 30 * time.Second

// drainPause is what is left of the pause after a failed drain; at its end the
// drain begins anew.
func (r *drainer) drainPause(m *v1alpha1.VPSieNode) time.Duration {
	failed := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError)
	if failed == nil || failed.Status != metav1.ConditionTrue || failed.Reason != reasonDrainFailed {
		return 0
	}
	if left := r.pauseAfterDrain(m, failed.LastTransitionTime.Time) - r.Clock.Since(failed.LastTransitionTime.Time); left > 0 {
		return left
	}
	m.Status.TerminatingAt = new(metav1.NewTime(r.Clock.Now()))
	r.calm(m)
	return 0
}

// pauseAfterDrain grows with the time that the removal has taken in vain.
func (r *drainer) pauseAfterDrain(m *v1alpha1.VPSieNode, failed time.Time) time.Duration {
	const longest = 12
	inVain := failed.Sub(m.DeletionTimestamp.Time)
	return max(r.Options.DrainRetry, min(inVain/2, longest*r.Options.DrainRetry))
}

// deadline is when the VPS goes with the pods that are left on the node, zero for never: see the
// NodeGroup's terminationDeadlineSeconds.
func (r *drainer) deadline(ctx context.Context, m *v1alpha1.VPSieNode) (time.Time, error) {
	group, err := r.groupOf(ctx, r.Client, m)
	if err != nil {
		return time.Time{}, client.IgnoreNotFound(err)
	}
	return cluster.TerminationDeadline(group, m), nil
}

// force says which pods go with the VPS because the deadline has passed.
func (r *drainer) force(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node) (progress, error) {
	pods, err := r.podsToMove(ctx, node)
	if err != nil {
		return progress{}, err
	}
	if len(pods) > 0 {
		r.Voice.SayNew(m, observe.DrainForced(node.Name, podNames(pods)))
	}
	return done(), nil
}

func podNames(pods []corev1.Pod) []string {
	names := make([]string, len(pods))
	for i, p := range pods {
		names[i] = p.Namespace + "/" + p.Name
	}
	slices.Sort(names)
	return names
}

func (r *drainer) drainTimeout(m *v1alpha1.VPSieNode, node *corev1.Node) time.Duration {
	for _, o := range []client.Object{m, node} {
		if limit, ok := cluster.DrainTimeout(o); ok {
			return limit
		}
	}
	return r.Options.DrainTimeout
}

// giveUp lets the node work on until the next try.
func (r *drainer) giveUp(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node, pods []corev1.Pod, limit time.Duration) (progress, error) {
	surging, err := r.surging(ctx, m, pods)
	if err != nil {
		return progress{}, err
	}
	held, err := r.obstacles(ctx, node, pods, surging)
	if err != nil {
		return progress{}, err
	}
	if err := r.cordons.uncordon(ctx, node, stepDecided); err != nil {
		return progress{}, err
	}
	left := strings.Join(podNames(pods), ", ")
	if len(held) > 0 {
		left += "; held back: " + strings.Join(held, "; ")
	}
	pause := r.pauseAfterDrain(m, r.Clock.Now())
	e := observe.DrainFailed(fmt.Sprintf("Node %s is not drained after %s, next try in %s; still there: %s; the annotation %s=true on the VPSieNode deletes it with its pods",
		node.Name, limit, pause.Round(time.Second), left, v1alpha1.AnnotationSkipDrain))
	r.Voice.Say(m, e)
	r.trouble(m, reasonDrainFailed, errors.New(e.Note))
	return again(pause), nil
}

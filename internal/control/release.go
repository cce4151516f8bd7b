package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// When the pods that must move have left its node, a VPS waits for the end of what else needs the node. None of it makes the drain
// fail: what takes too long goes with the VPS.

// release is done when nothing needs the node any more. late says that the time of the drain is over.
func (r *drainer) release(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node, late bool) (progress, error) {
	p, err := r.awaitDetached(ctx, m, node, late)
	if p.done && err == nil { // the agents that detach volumes are pods of DaemonSets
		p, err = r.endDaemons(ctx, m, node, late)
	}
	if p.done && err == nil {
		p = r.awaitDelays(m, node)
	}
	return p, err
}

// waits says what an emptied node waits for.
func (r *drainer) waits(m *v1alpha1.VPSieNode, format string, args ...any) progress {
	r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, "Draining", "Draining: "+fmt.Sprintf(format, args...))
	return again(r.Options.PollInterval)
}

// endDaemons evicts the pods of DaemonSets that are annotated to be evicted (cluster-autoscaler's enable-ds-eviction), and waits for
// their end. It evicts once: what a DaemonSet that tolerates every taint makes anew goes with the VPS.
func (r *drainer) endDaemons(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node, late bool) (progress, error) {
	if !cluster.IsReady(node) {
		return done(), nil // No kubelet is left that could end them.
	}
	pods, err := r.cachedPods(ctx)(node.Name)
	if err != nil || !slices.ContainsFunc(pods, asksForEviction) {
		return done(), err
	}
	if pods, err = podsOn(ctx, r.Live, node.Name); err != nil {
		return progress{}, err
	}
	evicted := took(node, stepDaemons)
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool { return !asksForEviction(p) || evicted && p.DeletionTimestamp == nil })
	if len(pods) == 0 || late && !r.endingInTime(pods) {
		return done(), nil
	}
	var held []string
	if !evicted {
		if held, err = r.evictDaemons(ctx, node, pods); err != nil {
			return progress{}, err
		}
	}
	message := observe.Count(len(pods), "DaemonSet pod") + " left"
	if len(held) > 0 {
		message += ", held back: " + strings.Join(held, "; ")
	}
	return r.waits(m, "%s", message), nil
}

func asksForEviction(p corev1.Pod) bool { return plan.EvictsFromNode(&p) }

// evictDaemons evicts pods of DaemonSets, and returns what holds them back. The taint comes first: DaemonSets tolerate a cordon, and
// would make the pods anew.
func (r *drainer) evictDaemons(ctx context.Context, node *corev1.Node, pods []corev1.Pod) (held []string, err error) {
	changed := node.DeepCopy()
	if !took(node, stepTainted) {
		take(changed, stepTainted)
		taint(changed, corev1.Taint{Key: v1alpha1.TaintDeleting, Effect: corev1.TaintEffectNoSchedule})
		if err := r.cordons.patchNode(ctx, node, changed); err != nil {
			return nil, err
		}
	}
	for i := range pods {
		if pods[i].DeletionTimestamp != nil {
			continue
		}
		why, err := r.evict(ctx, &pods[i], false)
		if err != nil {
			return nil, err
		}
		if why != "" {
			held = append(held, why)
		}
	}
	if len(held) > 0 {
		return held, nil
	}
	changed = node.DeepCopy()
	take(changed, stepDaemons)
	return nil, r.cordons.patchNode(ctx, node, changed)
}

// awaitDelays waits while an annotation of the node delays its deletion (cluster-autoscaler's delay-deletion), for a bounded time
// that a restart begins anew.
func (r *drainer) awaitDelays(m *v1alpha1.VPSieNode, node *corev1.Node) progress {
	delays := plan.DeletionDelays(node)
	if len(delays) == 0 {
		r.delays.forget(m.UID)
		return done()
	}
	until := r.delays.begin(m.UID, r.Clock.Now()).Add(r.Options.DeletionDelay)
	if !r.Clock.Now().Before(until) {
		return done()
	}
	return r.waits(m, "until %s at most the VPS is kept by the node's %s", until.UTC().Format(time.RFC3339), strings.Join(delays, ", "))
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
	return r.waits(m, "%s still attached: %v", observe.Count(len(attached), "volume"), attached), nil
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

package control

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/workqueue"
	volumehelpers "k8s.io/component-helpers/storage/volume"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

// watchWorld starts a round, after the debounce, on every change that can change
// a decision, and on no other: heartbeats and our own status writes are not news.
func (r *round) watchWorld(b *ctrl.Builder) *ctrl.Builder {
	soon := debounced(r.debounce, &r.recorder.heard, &r.asked)
	b = b.
		Watches(&corev1.Pod{}, soon, builder.WithPredicates(r.followed(), differs(podNews))).
		Watches(&corev1.Node{}, soon, changed(nodeNews)).
		Watches(&v1alpha1.NodeGroup{}, soon, changed(groupNews)).
		Watches(&v1alpha1.VPSieNode{}, soon, changed(machineNews)).
		Watches(&appsv1.DaemonSet{}, soon, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&policyv1.PodDisruptionBudget{}, soon, changed(budgetNews)).
		Watches(&corev1.PersistentVolumeClaim{}, soon, changed(claimNews)).
		Watches(&corev1.PersistentVolume{}, soon, changed(volumeNews)).
		Watches(&storagev1.StorageClass{}, soon, changed(func(c *storagev1.StorageClass) any { return c.AllowedTopologies })).
		Watches(&corev1.Secret{}, soon, builder.WithPredicates(predicate.NewPredicateFuncs(func(o client.Object) bool {
			return o.GetName() == r.Options.SecretName
		})))
	return b
}

// debounced adds the round's request a little later, unless one that was added before
// still waits: asked is set from then until the round begins. A stream of changes so
// cannot put a round off, nor fill the queue.
func debounced(after func() time.Duration, heard *news, asked *atomic.Bool) handler.EventHandler {
	add := func(q workqueue.TypedRateLimitingInterface[reconcile.Request], o client.Object, what string) {
		heard.note(o, what)
		if asked.CompareAndSwap(false, true) {
			q.AddAfter(one(roundName), after())
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(q, e.Object, "is there")
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(q, e.ObjectNew, "changed")
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(q, e.Object, "is gone")
		},
	}
}

// followed has Pods hear of every change before a round can be started by it. It lets
// all of them through.
func (r *round) followed() predicate.Predicate {
	follow := func(before, after client.Object) bool {
		if r.Pods != nil {
			was, _ := before.(*cluster.StoredPod)
			is, _ := after.(*cluster.StoredPod)
			r.Pods.Changed(was, is)
		}
		return true
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return follow(nil, e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool { return follow(e.ObjectOld, e.ObjectNew) },
		DeleteFunc: func(e event.DeleteEvent) bool { return follow(e.Object, nil) },
	}
}

// changed lets updates through for which news gives different values.
func changed[T client.Object](news func(T) any) builder.Predicates {
	return builder.WithPredicates(differs(news))
}

func differs[T client.Object](news func(T) any) predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(T)
		after, ok2 := e.ObjectNew.(T)
		return !ok1 || !ok2 || !equality.Semantic.DeepEqual(news(before), news(after))
	}}
}

func podNews(p *cluster.StoredPod) any {
	var scheduled corev1.PodCondition
	status := p.Status()
	for _, c := range status.Conditions {
		if c.Type == corev1.PodScheduled {
			scheduled = corev1.PodCondition{Status: c.Status, Reason: c.Reason}
		}
	}
	return []any{
		p.Node(), status.Phase, status.NominatedNodeName, scheduled, p.DeletionTimestamp,
		p.Labels, p.Annotations, p.Generation, p.Spec().SchedulingGates,
	}
}

func nodeNews(n *corev1.Node) any {
	return []any{n.Labels, n.Annotations, n.Spec, n.Status.Allocatable, cluster.IsReady(n), n.DeletionTimestamp}
}

func groupNews(g *v1alpha1.NodeGroup) any {
	return []any{g.Generation, g.Annotations, g.DeletionTimestamp}
}

// machineNews has a machine's trouble, by which the account shows that it can do
// less than was thought.
func machineNews(m *v1alpha1.VPSieNode) any {
	trouble := ""
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError); c != nil {
		trouble = c.Reason
	}
	return []any{m.Generation, withoutTimer(m.Annotations), m.DeletionTimestamp, m.Status.Phase, m.Status.NodeName, trouble}
}

// withoutTimer are the annotations but for that of the round's own timer.
func withoutTimer(annotations map[string]string) map[string]string {
	if _, set := annotations[v1alpha1.AnnotationUnneededSince]; !set {
		return annotations
	}
	annotations = maps.Clone(annotations)
	delete(annotations, v1alpha1.AnnotationUnneededSince)
	return annotations
}

func claimNews(c *corev1.PersistentVolumeClaim) any {
	return []any{c.Spec.VolumeName, c.Status.Phase, c.DeletionTimestamp, c.Annotations[volumehelpers.AnnSelectedNode]}
}

func volumeNews(v *corev1.PersistentVolume) any {
	return []any{v.Spec.NodeAffinity, v.Spec.ClaimRef, v.Status.Phase, v.DeletionTimestamp, v.Labels}
}

func budgetNews(b *policyv1.PodDisruptionBudget) any {
	return []any{b.Generation, b.Status.DisruptionsAllowed}
}

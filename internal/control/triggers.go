package control

import (
	"context"
	"maps"
	"slices"
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
	soon := r.bell.on()
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

// bell asks for rounds.
type bell struct {
	// after is how long a round waits for more changes after the first.
	after time.Duration
	heard *news
	// rung: a change has asked for a round that has not begun yet. urgent: one of them does not wait for the end of the
	// last round's rest.
	rung, urgent atomic.Bool
}

// answered notes that a round begins: a change that it may miss rings again.
func (b *bell) answered() {
	b.rung.Store(false)
	b.urgent.Store(false)
}

// ring adds the round's request a little later, unless one that was added before still waits. A stream of changes so
// cannot put a round off, nor fill the queue.
func (b *bell) ring(q workqueue.TypedRateLimitingInterface[reconcile.Request], o client.Object, what string) {
	b.heard.note(o, what)
	first := b.rung.CompareAndSwap(false, true)
	if waitsForMachine(o) && b.urgent.CompareAndSwap(false, true) || first {
		q.AddAfter(one(roundName), b.after)
	}
}

// on rings at every change.
func (b *bell) on() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			b.ring(q, e.Object, "is there")
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			b.ring(q, e.ObjectNew, "changed")
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			b.ring(q, e.Object, "is gone")
		},
	}
}

// waitsForMachine says that the object is a pod that kube-scheduler has found no node for.
func waitsForMachine(o client.Object) bool {
	p, ok := o.(*cluster.StoredPod)
	return ok && p.Node() == "" && p.DeletionTimestamp.IsZero() && scheduledOf(p) == unschedulable
}

// unschedulable is kube-scheduler's verdict on a pod that fits no node.
var unschedulable = corev1.PodCondition{Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}

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
	status := p.Status()
	return []any{
		p.Node(), status.Phase, status.NominatedNodeName, scheduledOf(p), p.DeletionTimestamp,
		p.Labels, p.Annotations, p.Generation, p.Spec().SchedulingGates,
	}
}

// scheduledOf is kube-scheduler's verdict, without its times and words; empty for none.
func scheduledOf(p *cluster.StoredPod) corev1.PodCondition {
	for _, c := range p.Status().Conditions {
		if c.Type == corev1.PodScheduled {
			return corev1.PodCondition{Status: c.Status, Reason: c.Reason}
		}
	}
	return corev1.PodCondition{}
}

func nodeNews(n *corev1.Node) any {
	spec := n.Spec
	if slices.ContainsFunc(spec.Taints, isAvoidance) { // which rounds put there, and decide nothing by
		spec.Taints = slices.DeleteFunc(slices.Clone(spec.Taints), isAvoidance)
	}
	return []any{n.Labels, n.Annotations, spec, n.Status.Allocatable, cluster.IsReady(n), n.DeletionTimestamp}
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

package control

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// groups keeps a NodeGroup until its machines are gone.
type groups struct {
	Client   client.Client
	Live     client.Reader
	Metrics  *observe.Metrics
	arrivals *arrivals
}

func newGroups(d *Deps) *groups { return &groups{d.Client, d.Live, d.Metrics, d.arrivals} }

func setupGroups(mgr ctrl.Manager, d *Deps) error {
	err := ctrl.NewControllerManagedBy(mgr).Named("nodegroup").
		For(&v1alpha1.NodeGroup{}).
		Watches(&v1alpha1.VPSieNode{}, handler.EnqueueRequestsFromMapFunc(groupOfMachine)).
		Complete(d.measured("nodegroup", newGroups(d)))
	if err != nil {
		return fmt.Errorf("setting up NodeGroups: %w", err)
	}
	return nil
}

func groupOfMachine(_ context.Context, o client.Object) []reconcile.Request {
	m, ok := o.(*v1alpha1.VPSieNode)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: m.Namespace, Name: m.Spec.NodeGroupName}}}
}

// Reconcile gives a NodeGroup the finalizer, and takes it away when the group is
// deleted and its last machine is gone.
func (r *groups) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var g v1alpha1.NodeGroup
	if err := r.Client.Get(ctx, req.NamespacedName, &g); err != nil {
		if apierrors.IsNotFound(err) {
			r.Metrics.ForgetGroup(req.Name)
			r.arrivals.forget(req.Name)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	r.Metrics.NewGroup(g.Name)
	before := g.DeepCopy()
	if g.DeletionTimestamp.IsZero() {
		if !controllerutil.AddFinalizer(&g, v1alpha1.Finalizer) {
			return reconcile.Result{}, nil
		}
		return r.patch(ctx, before, &g)
	}
	left, err := r.dismissAll(ctx, &g)
	if err != nil || left > 0 || !controllerutil.RemoveFinalizer(&g, v1alpha1.Finalizer) {
		return reconcile.Result{}, err
	}
	return r.patch(ctx, before, &g)
}

// dismissAll deletes the group's machines and counts those that are still there. That
// none is left to delete or to wait for is only true when the API server itself says so:
// a machine that the cache has not seen yet would be left without its group. While the
// cache has machines that leave, their ends bring it back here.
func (r *groups) dismissAll(ctx context.Context, g *v1alpha1.NodeGroup) (left int, err error) {
	left, err = r.dismissFrom(ctx, r.Client, g)
	if err != nil || left > 0 {
		return left, err
	}
	return r.dismissFrom(ctx, r.Live, g)
}

func (r *groups) dismissFrom(ctx context.Context, from client.Reader, g *v1alpha1.NodeGroup) (left int, err error) {
	var list v1alpha1.VPSieNodeList
	if err := from.List(ctx, &list, client.InNamespace(g.Namespace)); err != nil {
		return 0, fmt.Errorf("listing VPSieNodes: %w", err)
	}
	for i := range list.Items {
		m := &list.Items[i]
		if m.Spec.NodeGroupName != g.Name {
			continue
		}
		left++
		if m.DeletionTimestamp.IsZero() {
			e := r.Client.Delete(ctx, m, client.Preconditions{UID: &m.UID})
			err = errors.Join(err, client.IgnoreNotFound(e))
		}
	}
	return left, err
}

func (r *groups) patch(ctx context.Context, before, g *v1alpha1.NodeGroup) (reconcile.Result, error) {
	// Finalizers are one list: without the lock another's would be lost.
	err := r.Client.Patch(ctx, g, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: staleRetry}, nil
	}
	if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("changing the finalizer of NodeGroup %s: %w", g.Name, err)
	}
	return reconcile.Result{}, nil
}

package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// remover takes machines away.
type remover struct {
	*store
	wiring
	drainer
}

// remove is the only way out: drain the node, delete the VPS, see that it is
// gone, delete the Node, let the object go.
func (r *remover) remove(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	if m.Status.TerminatingAt == nil {
		m.Status.TerminatingAt = new(metav1.NewTime(r.Clock.Now()))
	}
	if m.Status.Phase != v1alpha1.PhaseDeleting {
		if p, err := r.empty(ctx, m); !p.done || err != nil {
			return p.pause, err
		}
		before := &v1alpha1.VPSieNode{ObjectMeta: *m.ObjectMeta.DeepCopy()}
		m.Status.Phase = v1alpha1.PhaseDeleting
		// Written before the VPS goes: once it is gone, a drain would wait for what no
		// kubelet is left to do.
		if err := r.save(ctx, before, m); err != nil {
			return 0, err
		}
	}
	if p, err := r.deleteVPS(ctx, m); !p.done || err != nil {
		return p.pause, err
	}
	return 0, r.bury(ctx, m)
}

// empty drains the machine's node, and is done when nothing on it must go any more.
// Without a node nothing is drained, and a dead one's pods are not waited for: a cache
// that is behind must not have the word on that.
func (r *remover) empty(ctx context.Context, m *v1alpha1.VPSieNode) (progress, error) {
	m.Status.Phase = v1alpha1.PhaseTerminating
	node, err := r.owners.nodeOf(ctx, r.Live, m)
	if errors.Is(err, errNodeUnclear) {
		r.trouble(m, "NodeUnclear", err)
		return again(pendingRetry), nil
	}
	if errors.Is(err, errNodeTaken) {
		node, err = nil, nil // It is not this machine's to drain.
	}
	if err != nil {
		return progress{}, err
	}
	p, err := r.drain(ctx, m, node)
	if p.done && node != nil {
		r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, "Drained", "Nothing that must go is left on the node")
	}
	return p, err
}

// deleteVPS asks the cloud to delete the VPS until two of its lists, one after
// the other, do not have it. It is done when that is proved.
func (r *remover) deleteVPS(ctx context.Context, m *v1alpha1.VPSieNode) (progress, error) {
	sight, err := r.Cloud.Look(ctx, r.Clock.Now())
	if err != nil {
		r.trouble(m, "VPSieUnreachable", err)
		return again(pendingRetry), nil
	}
	vm, pending, err := r.find(m, sight)
	if err != nil {
		// What bears its name is not its own, or cannot be told apart: nothing is
		// deleted on a guess, and the object stays to say so.
		if m.Spec.VPSieInstanceID == 0 && vm == nil && !pending {
			r.trouble(m, "VPSUnclear", err)
		}
		return again(pendingRetry), nil
	}
	vms := withTwins(r.Cloud, m, vm, sight)
	if len(vms) == 0 && !pending {
		p := r.absent(ctx, m, sight)
		if p.done { // Whoever has deleted it may have left its address in the VPC.
			return r.disconnect(ctx, m)
		}
		return p, nil
	}
	r.absences.forget(m.UID)
	if len(vms) == 0 {
		return again(r.Options.PollInterval), nil // It must be there before it can be deleted.
	}
	m.Status.VPSieStatus = statusOf(vms[0])
	return r.askToDelete(ctx, m, vms)
}

// askToDelete repeats the requests while a VPS stays.
func (r *remover) askToDelete(ctx context.Context, m *v1alpha1.VPSieNode, vms []*vpsie.VM) (progress, error) {
	if left, lasted := r.pauses.left(m.UID, r.Clock.Now()); left > 0 {
		return again(min(left, r.poll(lasted))), nil
	}
	// Written first, under the lock: from a stale copy the request would be made twice.
	before := &v1alpha1.VPSieNode{ObjectMeta: *m.ObjectMeta.DeepCopy()}
	meta.RemoveStatusCondition(&m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonDeleting, "VPSie is deleting the VPS")
	if err := r.save(ctx, before, m); err != nil {
		return progress{}, err
	}
	// A scheduler that had not heard of the cordon may have bound a pod since the drain.
	if p, err := r.empty(ctx, m); !p.done || err != nil {
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotDeleted, "The node has to be drained once more before the VPS goes")
		return p, err
	}
	m.Status.Phase = v1alpha1.PhaseDeleting
	if p, err := r.disconnect(ctx, m); !p.done || err != nil {
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotDeleted, "The VPS has to be detached from its network before it goes")
		return p, err
	}
	for _, vm := range vms {
		if err := r.Cloud.Delete(ctx, vm, fmt.Sprintf("VPSieNode %s", m.Name)); err != nil && !vpsie.IsNotFound(err) {
			return r.undeleted(m, err), nil
		}
		logf.FromContext(ctx).Info("asked for the deletion of the VPS", "vps", vm.ID)
	}
	r.pauses.begin(m.UID, r.Clock.Now(), deleteAgain)
	r.calm(m)
	return again(r.Options.PollInterval), nil
}

// undeleted says why VPSie did not take a deletion, and when to ask again.
func (r *remover) undeleted(m *v1alpha1.VPSieNode, err error) progress {
	// It stays to be asked for: the condition must not say that it was.
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotDeleted, err.Error())
	if errors.Is(err, cloud.ErrPasswordOnTrial) {
		return again(trialRetry)
	}
	long := max(askedPause(err), pendingRetry)
	// No refusal with a wrong password means that the Secret has changed meanwhile.
	if refusal := r.Cloud.Refusal(); refusal != nil && vpsie.ClassOf(err) == vpsie.WrongPassword {
		long = cloud.PasswordPause
		r.trouble(m, "AuthenticationFailed", refusal)
	} else {
		r.trouble(m, "DeleteFailed", err)
	}
	r.pauses.begin(m.UID, r.Clock.Now(), long)
	return again(long)
}

const (
	reasonDeleting   = "Deleting"
	reasonNotDeleted = "NotDeleted"
	// deleteAgain is after how long a deletion that has shown no effect is asked for again.
	deleteAgain = time.Minute
	// trialRetry is about how long one request to the cloud takes.
	trialRetry = time.Second
	// secondLook is the least time between the two sights that prove absence.
	secondLook = 500 * time.Millisecond
)

// absent is done when the VPS is proved to be gone. An
// order that may still be under way is given the time to show.
func (r *remover) absent(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) progress {
	if left := r.mayShow(m, sight); left > 0 {
		if wasTaken(m) {
			c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
			until := orderedAt(m).Add(r.Options.ProvisionTimeout).UTC().Format(time.RFC3339)
			r.condition(m, c.Type, c.Status, c.Reason, "VPSie has taken the order and lists no VPS yet; it is looked for until "+until+", to be deleted")
		}
		return again(min(left, slowestPoll))
	}
	missing := sight.Began.Sub(r.absences.begin(m.UID, sight.Began))
	if !r.absences.since(m.UID, sight.Began, proofAfter(m, sight, secondLook)) {
		return again(min(max(missing/8, secondLook), slowestPoll)) // soon at first: VPSie is asked for the VPS itself by then
	}
	if wasTaken(m) {
		r.lost(ctx, m)
	}
	return done()
}

// mayShow is how long the VPS of an order may still turn up in the lists that lack it, 0 when it was never ordered or was
// listed before. VPSie may list an order that it took minutes later. Whoever lets the object go before leaves a VPS that nobody knows.
func (r *remover) mayShow(m *v1alpha1.VPSieNode, sight *cloud.Sight) time.Duration {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	switch {
	case m.Spec.VPSieInstanceID != 0 || c == nil || c.Reason == reasonNotOrdered:
		return 0
	case wasTaken(m):
		return r.Options.ProvisionTimeout - sight.Began.Sub(orderedAt(m))
	}
	return sight.ProofAfter(0, "", r.Options.CreateSettle) - sight.Began.Sub(c.LastTransitionTime.Time)
}

// bury deletes the Node and what pods are left of it, then lets the object go. It asks the API server itself for the Node, which may have registered
// while the VPS was being deleted: nobody else would find it.
func (r *remover) bury(ctx context.Context, m *v1alpha1.VPSieNode) error {
	node, err := r.owners.nodeOf(ctx, r.Live, m)
	if err != nil && !errors.Is(err, errNodeTaken) {
		return err
	}
	name := ""
	if err == nil {
		name = m.Status.NodeName
	}
	if node != nil {
		name = node.Name
		err := r.Client.Delete(ctx, node, client.Preconditions{UID: &node.UID})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting node %s: %w", node.Name, err)
		}
	}
	if err := r.endPods(ctx, name); err != nil {
		return err
	}
	// A lost order's VPS that turns up late still needs its token to join.
	if _, lost := r.arrivals.orders.lostAs(m.Name); !lost {
		if err := r.burn(ctx, m); err != nil {
			return err
		}
	}
	r.absences.forget(m.UID)
	r.doubts.forget(m.UID)
	r.delays.forget(m.UID)
	r.arrivals.orders.forget(m.UID, r.Clock.Now())
	r.pauses.end(m.UID)
	logf.FromContext(ctx).Info("the VPS is gone", "vps", m.Spec.VPSieInstanceID)
	return client.IgnoreNotFound(r.patch(ctx, m, func(m *v1alpha1.VPSieNode) {
		controllerutil.RemoveFinalizer(m, v1alpha1.Finalizer)
	}))
}

// endPods deletes the pods of a node that is gone with its VPS. Nothing runs of them any more, and
// no kubelet is left to say so: their controllers would replace them only when Kubernetes' garbage
// collection finds them, and a StatefulSet's not before.
func (r *remover) endPods(ctx context.Context, node string) error {
	if node == "" {
		return nil
	}
	pods, err := podsOn(ctx, r.Live, node)
	if err != nil {
		return err
	}
	for i := range pods {
		err := r.Client.Delete(ctx, &pods[i], client.GracePeriodSeconds(0), client.Preconditions{UID: &pods[i].UID})
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("deleting pod %s/%s, whose VPS is gone: %w", pods[i].Namespace, pods[i].Name, err)
		}
	}
	return nil
}

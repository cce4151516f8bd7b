package control

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Reasons of the condition VPSReady, in the order of a launch. Ordering is written
// before the cloud is asked: as long as it stands, an order may or may not have
// been made.
const (
	reasonOrdering   = "Ordering"
	reasonNotOrdered = "NotOrdered"
	reasonOrdered    = "Ordered"
	reasonBuilding   = "Building"
	reasonStarting   = "Starting"
	reasonRunning    = "VPSRunning"
)

// launch orders the machine: status first, then a look at the cloud, then the
// order. A machine that a person adopts has an id and is never ordered.
func (r *machines) launch(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	now := metav1.NewTime(r.Clock.Now())
	if m.Status.CreatedAt == nil {
		m.Status.CreatedAt = &now
	}
	m.Status.Phase = v1alpha1.PhasePending
	if m.Spec.VPSieInstanceID != 0 {
		m.Status.Phase = v1alpha1.PhaseProvisioning
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonOrdered, "Looking for the VPS to adopt")
		return staleRetry, nil
	}
	if left, _ := r.pauses.left(m.UID, r.Clock.Now()); left > 0 {
		return left, nil
	}
	group, err := r.groupOf(ctx, r.Live, m)
	if apierrors.IsNotFound(err) || err == nil && !group.DeletionTimestamp.IsZero() {
		// The NodeGroup went while the intent was being written.
		return 0, r.discard(ctx, m)
	}
	if err != nil {
		return 0, err
	}
	// Nothing that the cloud lists now can be this object's as long as no order was ever
	// announced for it: what was seen before will do, and costs no request.
	since := time.Time{}
	if m.Status.OrderedAt != nil {
		since = r.Clock.Now()
	}
	if err := r.announce(ctx, m); err != nil {
		return 0, err
	}
	return r.place(ctx, m, group, since)
}

// announce makes it known that an order may have been made from now on.
func (r *machines) announce(ctx context.Context, m *v1alpha1.VPSieNode) error {
	before := &v1alpha1.VPSieNode{ObjectMeta: *m.ObjectMeta.DeepCopy()}
	m.Status.Phase = v1alpha1.PhaseProvisioning
	m.Status.OrderedAt = new(metav1.NewTime(r.Clock.Now()))
	meta.RemoveStatusCondition(&m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionUnknown, reasonOrdering, "Asking VPSie for the VPS")
	return r.save(ctx, before, m)
}

// place looks, since the given time, whether the machine is there already, and orders it if not. Only then its bootstrap token is made: that
// takes the place of an earlier one, by which a machine that is there already joins.
func (r *machines) place(ctx context.Context, m *v1alpha1.VPSieNode, group *v1alpha1.NodeGroup, since time.Time) (time.Duration, error) {
	sight, err := r.Cloud.Look(ctx, since)
	if err != nil {
		return r.declined(m, group, err)
	}
	vm, pending, err := sight.ByHostname(m.Name)
	if err != nil || vm != nil || pending {
		return r.provisionSeen(ctx, m, sight)
	}
	order, err := r.orderFor(ctx, m, group)
	if _, config := cloud.IsConfig(err); err != nil && !config {
		// Kubernetes could not do its part. Nothing was ordered, and nothing is wrong with the order.
		m.Status.Phase = v1alpha1.PhasePending
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotOrdered, err.Error())
		return 0, err
	}
	if err != nil {
		return r.declined(m, group, err)
	}
	err = r.Cloud.Create(ctx, order)
	if err == nil {
		logf.FromContext(ctx).Info("ordered the VPS", "instanceType", order.InstanceType)
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonOrdered, "VPSie has taken the order")
		r.calm(m)
		return r.Options.PollInterval, nil
	}
	if vpsie.MayHaveHappened(err) {
		r.trouble(m, "OrderUnconfirmed", err)
		return r.Options.PollInterval, nil
	}
	return r.declined(m, group, err)
}

// declined handles an order that was surely not made: a machine that the cloud
// does not sell fails at once, so that the next-best is bought; anything else waits.
func (r *machines) declined(m *v1alpha1.VPSieNode, group *v1alpha1.NodeGroup, err error) (time.Duration, error) {
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotOrdered, err.Error())
	if cloud.Refused(err) {
		r.Voice.Say(group, observe.GroupProvisioningFailed(m.Name, m.Spec.InstanceType, err.Error()))
		r.fail(m, observe.ProvisioningFailed(err.Error()))
		return 0, nil
	}
	m.Status.Phase = v1alpha1.PhasePending
	reason, _ := cloud.Fault(err)
	r.trouble(m, reason, err)
	r.Voice.SayNew(m, observe.ProvisioningFailed(err.Error()))
	long := max(vpsie.RetryAfter(err), pendingRetry)
	r.pauses.begin(m.UID, r.Clock.Now(), long)
	return long, nil
}

// pendingRetry is the pause between two tries of an order that the API could not
// take; a change of the Secret ends it.
const pendingRetry = 5 * time.Second

// provision waits until the ordered machine runs.
func (r *machines) provision(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	sight, err := r.Cloud.Look(ctx, r.Clock.Now().Add(-r.Options.PollInterval/2))
	if err != nil {
		r.trouble(m, "VPSieUnreachable", err)
		return pendingRetry, nil
	}
	return r.provisionSeen(ctx, m, sight)
}

func (r *machines) provisionSeen(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) (time.Duration, error) {
	vm, pending, err := r.find(m, sight)
	if several, ok := errors.AsType[*cloud.ErrSeveral](err); ok {
		r.trouble(m, "SeveralVPSes", several)
		return pendingRetry, nil
	}
	if err != nil {
		r.fail(m, observe.ProvisioningFailed(err.Error()))
		return 0, nil
	}
	switch {
	case vm != nil:
		r.absences.forget(m.UID)
		return r.built(ctx, m, vm)
	case pending:
		r.absences.forget(m.UID)
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonBuilding, "VPSie is creating the VPS")
		m.Status.VPSieStatus = "pending"
		r.calm(m)
		return r.overdue(m)
	}
	return r.unseen(m, sight)
}

// unseen handles a machine that is in neither of the cloud's lists.
func (r *machines) unseen(m *v1alpha1.VPSieNode, sight *cloud.Sight) (time.Duration, error) {
	ordering := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	if ordering == nil || ordering.Reason == reasonOrdering {
		if ordering != nil && sight.Began.Sub(ordering.LastTransitionTime.Time) < r.Options.CreateSettle {
			return r.Options.PollInterval, nil
		}
		// Long enough unseen: the order was never made.
		m.Status.Phase = v1alpha1.PhasePending
		return staleRetry, nil
	}
	if !r.absences.since(m.UID, sight.Began, r.Options.CreateSettle) {
		return r.overdue(m)
	}
	why := "VPSie took the order, but made no VPS"
	if m.Spec.VPSieInstanceID != 0 {
		why = "VPS not found: spec.vpsieInstanceID is no VPS of this account"
	}
	r.miss(m, observe.ProvisioningFailed(why))
	return 0, nil
}

// overdue fails a machine that takes too long, else says when to look again:
// often at first, ever less often later.
func (r *machines) overdue(m *v1alpha1.VPSieNode) (time.Duration, error) {
	age := r.Clock.Since(orderedAt(m))
	if age > r.Options.ProvisionTimeout {
		r.miss(m, observe.ProvisioningFailed(r.whyOverdue(m)))
		return 0, nil
	}
	return r.poll(age), nil
}

func (r *machines) whyOverdue(m *v1alpha1.VPSieNode) string {
	why := "the VPS cannot be used after " + r.Options.ProvisionTimeout.String()
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c != nil {
		why += ": " + c.Message
	}
	return why
}

// orderedAt is when the machine's VPS was asked for: what waited for the cloud to
// answer does not count as slow.
func orderedAt(m *v1alpha1.VPSieNode) time.Time {
	if m.Status.OrderedAt != nil {
		return m.Status.OrderedAt.Time
	}
	return m.CreationTimestamp.Time
}

// slowestPoll bounds the growing pause between two looks.
const slowestPoll = 10 * time.Second

func (r *machines) poll(age time.Duration) time.Duration {
	return max(min(age/8, slowestPoll), r.Options.PollInterval)
}

package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Reasons of the condition VPSReady, in the order of a launch. Ordering is written
// before the cloud is asked: as long as it stands, an order may or may not have
// been made.
const (
	reasonOrdering   = cluster.ReasonOrdering
	reasonNotOrdered = cluster.ReasonNotOrdered
	reasonOrdered    = "Ordered"
	reasonBuilding   = "Building"
	reasonStarting   = "Starting"
	reasonRunning    = "VPSRunning"
)

// launcher orders VPSes and sees them run.
type launcher struct {
	*store
	wiring
	joiner
	prices    prices
	bootstrap bootstrap
	scalings  scalings
	// kubernetesVersion is the API server's, as major.minor.
	kubernetesVersion func() string
}

func newLauncher(d *Deps, s *store) launcher {
	return launcher{
		store: s, wiring: wiring{s}, joiner: joiner{s, serving{d.Client, &d.Options}}, prices: prices{d.Cloud}, bootstrap: bootstrap{s.reads, &d.Options},
		scalings: scalings{d.Client, d.Clock, d.arrivals}, kubernetesVersion: d.kubernetesVersion(),
	}
}

// launch orders the machine: status first, then a look at the cloud, then the
// order. A machine that a person adopts has an id and is never ordered.
func (r *launcher) launch(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
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
	if cluster.IsReplacement(m) && len(cluster.Replaces(m)) == 0 {
		// The replacement was given up before the machine was ordered.
		return 0, r.discard(ctx, m)
	}
	if alone, err := r.lacksOthers(ctx, m); alone || err != nil {
		return r.Options.PollInterval, err
	}
	if left, _ := r.pauses.left(m.UID, r.Clock.Now()); left > 0 {
		return left, nil
	}
	if wait := r.admit(m); wait > 0 {
		return wait, nil
	}
	group, err := r.groupNow(ctx, m)
	if apierrors.IsNotFound(err) || err == nil && !group.DeletionTimestamp.IsZero() {
		// The NodeGroup went while the intent was being written.
		return 0, r.discard(ctx, m)
	}
	if err != nil {
		return 0, err
	}
	if limits := cluster.LimitsOf(group, now.Time); limits.Paused {
		return r.postpone(m, "NodeGroup "+group.Name+" is "+limits.Pause()), nil
	}
	m.Status.SpecHash, m.Status.MadeFrom = r.Options.specHash(group), cluster.MadeFrom(group, r.kubernetesVersion())
	r.prices.notePrice(ctx, m, group)
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

// lacksOthers tells that not all machines are written down which are to replace the same nodes together: alone it would be
// bought for nothing. A round gives the replacement up if they stay missing.
func (r *launcher) lacksOthers(ctx context.Context, m *v1alpha1.VPSieNode) (bool, error) {
	if cluster.ReplacesTogether(m) < 2 {
		return false, nil
	}
	var all v1alpha1.VPSieNodeList
	if err := r.Client.List(ctx, &all, client.InNamespace(m.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return false, fmt.Errorf("listing VPSieNodes: %w", err)
	}
	there := 0
	for i := range all.Items {
		if slices.Equal(cluster.Replaces(&all.Items[i]), cluster.Replaces(m)) {
			there++
		}
	}
	return there < cluster.ReplacesTogether(m), nil
}

// admit returns 0 when the machine may be ordered, else when to ask again: other orders
// have to be listed first. Once buying is stopped, a machine that was decided on before is
// given up.
func (r *launcher) admit(m *v1alpha1.VPSieNode) time.Duration {
	if why := r.arrivals.orders.stopped(); why != "" {
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotOrdered, why)
		r.fail(m, observe.ProvisioningFailed(why))
		return pendingRetry
	}
	if !r.arrivals.orders.admit(m, r.Clock.Now()) {
		if r.Clock.Since(m.CreationTimestamp.Time) > shortWait {
			r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotOrdered, "Waiting until VPSie lists the orders before it")
		}
		return pendingRetry
	}
	return 0
}

// postpone has a machine that was decided on wait, and others not wait for it. One that may have been ordered goes on saying so:
// whoever deletes it has to look for its VPS.
func (r *launcher) postpone(m *v1alpha1.VPSieNode, why string) time.Duration {
	r.arrivals.orders.forget(m.UID, r.Clock.Now())
	if !isUnlisted(m) {
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotOrdered, why)
	}
	return pendingRetry
}

// shortWait is how long a machine waits for others before its status says so. A thousand that are bought together would
// write it a thousand times, which holds up the orders themselves.
const shortWait = 30 * time.Second

// announce makes it known that an order may have been made from now on.
func (r *launcher) announce(ctx context.Context, m *v1alpha1.VPSieNode) error {
	before := &v1alpha1.VPSieNode{ObjectMeta: *m.ObjectMeta.DeepCopy()}
	m.Status.Phase = v1alpha1.PhaseProvisioning
	m.Status.OrderedAt = new(metav1.NewTime(r.Clock.Now()))
	meta.RemoveStatusCondition(&m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionUnknown, reasonOrdering, "Asking VPSie for the VPS")
	return r.save(ctx, before, m)
}

// place looks, since the given time, whether the machine is there already, and orders it if not. Only then its bootstrap token is made: that
// takes the place of an earlier one, by which a machine that is there already joins.
func (r *launcher) place(ctx context.Context, m *v1alpha1.VPSieNode, group *v1alpha1.NodeGroup, since time.Time) (time.Duration, error) {
	sight, err := r.Cloud.Look(ctx, since)
	if err != nil {
		return r.declined(m, group, err)
	}
	vm, pending, err := sight.ByHostname(m.Name)
	again := !since.IsZero()
	if err != nil || vm != nil || pending || again && sight.Partial {
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
	r.Cloud.Vet(ctx)
	err = r.Cloud.Create(ctx, order)
	if err == nil {
		logf.FromContext(ctx).Info("ordered the VPS", "instanceType", order.InstanceType)
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonOrdered, "VPSie has taken the order")
		r.calm(m)
		return r.Options.PollInterval / 2, r.noteOrder(ctx, m, group) // soon: others wait until it is listed
	}
	if vpsie.MayHaveHappened(err) {
		r.trouble(m, "OrderUnconfirmed", err)
		if e, answered := errors.AsType[*vpsie.Error](err); answered && e.Status/100 == 2 {
			// Whatever the answer means, it may mean yes as often as it is given.
			r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonOrdered, "VPSie has answered to the order: "+err.Error())
		}
		return r.Options.PollInterval, r.noteOrder(ctx, m, group)
	}
	return r.declined(m, group, err)
}

// noteOrder notes that the group has scaled up, but for a replacement: pods do not wait for
// what is bought in the place of nodes.
func (r *launcher) noteOrder(ctx context.Context, m *v1alpha1.VPSieNode, group *v1alpha1.NodeGroup) error {
	if cluster.IsReplacement(m) {
		return nil
	}
	return r.scalings.noteScaling(ctx, group)
}

// declined handles an order that was surely not made: a machine that the cloud
// does not sell fails at once, so that the next-best is bought; anything else waits.
func (r *launcher) declined(m *v1alpha1.VPSieNode, group *v1alpha1.NodeGroup, err error) (time.Duration, error) {
	r.arrivals.orders.forget(m.UID, r.Clock.Now())
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonNotOrdered, err.Error())
	if cloud.Refused(err) {
		if !cloud.IsBackoff(err) { // else the first that was refused has said it
			r.Voice.Say(group, observe.GroupProvisioningFailed(m.Name, m.Spec.InstanceType, err.Error()))
		}
		r.fail(m, observe.ProvisioningFailed(err.Error()))
		return 0, nil
	}
	m.Status.Phase = v1alpha1.PhasePending
	reason, _ := cloud.Fault(err)
	r.trouble(m, reason, err)
	r.Voice.SayNew(m, observe.ProvisioningFailed(err.Error()))
	long := max(askedPause(err), pendingRetry, min(r.Clock.Since(m.CreationTimestamp.Time)/8, longestRetry))
	r.pauses.begin(m.UID, r.Clock.Now(), long)
	return long, nil
}

// pendingRetry is the first pause between two tries of an order that the API could not
// take. It grows with the machine's age to longestRetry; a change of the Secret ends it.
const (
	pendingRetry = 5 * time.Second
	longestRetry = time.Minute
)

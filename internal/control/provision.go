package control

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// provision waits until the ordered machine runs.
func (r *launcher) provision(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	sight, err := r.Cloud.Look(ctx, r.Clock.Now().Add(-r.Options.PollInterval/2))
	if err != nil {
		r.trouble(m, "VPSieUnreachable", err)
		return max(pendingRetry, r.poll(r.Clock.Since(orderedAt(m)))), nil
	}
	r.seeOrders(sight)
	return r.provisionSeen(ctx, m, sight)
}

// seeOrders notes all orders that a look shows as VPSes. If each were noted when its own machine comes to its turn, those
// that wait for it to be listed would wait for the turns of all.
func (r *launcher) seeOrders(sight *cloud.Sight) {
	open := r.arrivals.orders.unseen(sight.Began)
	if len(open) == 0 {
		return
	}
	for i := range sight.VMs {
		vm := &sight.VMs[i]
		if mark, ours := r.Cloud.Ours(vm); ours && !vm.Gone() && open.Has(types.UID(mark.UID)) {
			r.arrivals.orders.see(types.UID(mark.UID), true, r.Clock.Now())
		}
	}
}

func (r *launcher) provisionSeen(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) (time.Duration, error) {
	vm, pending, err := r.find(m, sight)
	if several, ok := errors.AsType[*cloud.ErrSeveral](err); ok {
		r.trouble(m, reasonSeveralVPSes, several)
		return pendingRetry, nil
	}
	if err != nil {
		r.fail(m, observe.ProvisioningFailed(err.Error()))
		return 0, nil
	}
	if (vm != nil || pending) && orderedByUs(m) {
		r.arrivals.orders.see(m.UID, vm != nil, r.Clock.Now())
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
		return r.overdue(ctx, m)
	}
	return r.unseen(ctx, m, sight)
}

// unseen handles a machine that is in neither of the cloud's lists.
func (r *launcher) unseen(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) (time.Duration, error) {
	ordering := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	switch {
	case ordering == nil || ordering.Reason == reasonOrdering:
		return r.doubtful(ctx, m, sight, ordering)
	case m.Spec.VPSieInstanceID == 0:
		return r.awaited(ctx, m)
	case !r.absences.since(m.UID, sight.Began, proofAfter(m, sight, r.Options.CreateSettle)):
		return r.overdue(ctx, m)
	case r.serves(ctx, m):
		return slowestPoll, nil // The lists are wrong, or somebody else's.
	}
	why := "the VPS has gone from VPSie's lists"
	if !orderedByUs(m) {
		why = "VPS not found: spec.vpsieInstanceID is no VPS of this account"
	}
	return 0, r.miss(ctx, m, observe.ProvisioningFailed(why))
}

// doubtful handles an order without a clear answer. Its VPS is looked for; if there is
// none, the order is made again: the first soon, those that follow in a row after the
// account's growing back-off, because any of them may have bought a VPS.
func (r *launcher) doubtful(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight, ordering *metav1.Condition) (time.Duration, error) {
	if ordering == nil {
		m.Status.Phase = v1alpha1.PhasePending
		return staleRetry, nil
	}
	asked := ordering.LastTransitionTime.Time
	if sight.Began.Sub(asked) < r.Options.CreateSettle || r.serves(ctx, m) {
		return r.poll(r.Clock.Since(asked)), nil
	}
	if first, inARow := r.arrivals.orders.doubt(m.UID, asked); first && inARow > 1 {
		r.Cloud.Unconfirmed("VPSie gave no clear answer to orders and lists no VPS for them: " + m.Status.LastError)
	}
	if r.Clock.Since(r.doubts.begin(m.UID, asked)) > r.Options.ProvisionTimeout {
		return 0, r.miss(ctx, m, observe.ProvisioningFailed("VPSie gave no clear answer to its orders, and lists no VPS"))
	}
	if sight.Partial || r.Cloud.Resting(m.Spec.NodeGroupName, m.Spec.DatacenterID) != nil {
		return r.poll(r.Clock.Since(asked)), nil //nolint:nilerr // neither is a failure: the VPS may still be listed
	}
	m.Status.Phase = v1alpha1.PhasePending
	return staleRetry, nil
}

// awaited handles an order that VPSie took and does not list. It may be listed late, so
// nothing takes its place before the time-out; then it counts as lost.
func (r *launcher) awaited(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	age := r.Clock.Since(orderedAt(m))
	if age <= r.Options.ProvisionTimeout || r.serves(ctx, m) {
		return r.poll(age), nil
	}
	return 0, r.miss(ctx, m, observe.ProvisioningFailed(r.lost(ctx, m)))
}

// serves tells that the machine's node is ready: whatever a list says, its VPS runs.
func (r *store) serves(ctx context.Context, m *v1alpha1.VPSieNode) bool {
	node, err := r.owners.nodeOf(ctx, r.Live, m)
	return err != nil || node != nil && cluster.IsReady(node)
}

// overdue fails a machine that takes too long, else says when to look again:
// often at first, ever less often later.
func (r *launcher) overdue(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	age := r.Clock.Since(orderedAt(m))
	if age > r.Options.ProvisionTimeout && !r.serves(ctx, m) {
		return 0, r.miss(ctx, m, observe.ProvisioningFailed(r.whyOverdue(m)))
	}
	return r.poll(age), nil
}

func (r *launcher) whyOverdue(m *v1alpha1.VPSieNode) string {
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

func (r *store) poll(age time.Duration) time.Duration {
	return max(min(age/8, slowestPoll), r.Options.PollInterval)
}

// built takes over what the list says of the VPS, and moves on when it runs.
func (r *launcher) built(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (time.Duration, error) {
	if wait := r.arrivals.upcoming.yield(orderedAt(m), r.Clock.Now()); wait > 0 {
		return wait, nil
	}
	if owner, err := r.owners.otherOwner(ctx, m, vm); err != nil || owner != nil {
		if owner != nil {
			r.yieldTo(m, owner)
		}
		return 0, err
	}
	if done, wait, err := r.verifyAdoption(ctx, m, vm); !done || err != nil {
		return wait, err
	}
	if err := r.identify(ctx, m, vm); err != nil {
		return 0, err
	}
	r.describe(ctx, m, vm)
	p, err := r.connect(ctx, m, vm)
	if err != nil {
		return 0, err
	}
	if !p.done {
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonStarting, "The VPS is being attached to its network")
		if err := r.holdPodsOff(ctx, m); err != nil {
			return 0, err
		}
		return r.unconnected(ctx, m, p.pause)
	}
	r.calm(m)
	return r.starting(ctx, m, vm)
}

// starting waits until the connected VPS runs and can be reached, and then for its node.
func (r *launcher) starting(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (time.Duration, error) {
	if err := r.identify(ctx, m, vm); err != nil { // by now it may have an address in its VPC
		return 0, err
	}
	reachable, err := r.addressed(ctx, m, vm)
	if err != nil {
		return 0, err
	}
	if (!vm.Usable() || !reachable) && !r.serves(ctx, m) {
		what := "The VPS is starting"
		if vm.Usable() {
			what = "The VPS runs, but has no IPv4 address yet"
		}
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonStarting, what)
		return r.overdue(ctx, m)
	}
	if m.Status.ProvisionedAt == nil {
		m.Status.ProvisionedAt = new(metav1.NewTime(r.Clock.Now()))
	}
	m.Status.Phase = v1alpha1.PhaseProvisioned
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionTrue, reasonRunning, "VPS is running on VPSie platform")
	return r.join(ctx, m)
}

// identify writes down the VPS's number, identifier and addresses.
func (r *launcher) identify(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) error {
	return r.patch(ctx, m, func(m *v1alpha1.VPSieNode) {
		m.Spec.VPSieInstanceID = int64(vm.ID)
		metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationVPSIdentifier, vm.Identifier)
		if address := primaryAddress(m, vm); address != "" {
			m.Spec.IPAddress = address
		}
		if vm.IPv6 != "" {
			m.Spec.IPv6Address = vm.IPv6
		}
	})
}

func (r *launcher) describe(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) {
	m.Status.VPSieStatus = statusOf(vm)
	m.Status.Hostname = vm.Hostname
	m.Status.Resources = v1alpha1.NodeResources{
		CPU: int64(vm.CPU), MemoryMB: int64(vm.MemoryMB), DiskGB: int64(vm.DiskGB), BandwidthGB: int64(vm.TrafficGB),
	}
	group, err := r.groupOf(ctx, r.Client, m)
	if err != nil {
		return // The price is informational; ignore the error.
	}
	r.prices.notePrice(ctx, m, group)
}

package control

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// reasonNotArriving is the condition reason of a NodeGroup whose machines fail one
// after another on their way to a ready node.
const reasonNotArriving = "MachinesNotArriving"

// arrivals counts, by NodeGroup and datacenter, the machines in a row that were bought and did not
// become ready nodes. The first is replaced at once; when the next fails as well,
// the group pauses longer and longer, because every try is paid for. The round
// keeps the counts in the NodeGroups' status.
type arrivals struct {
	growth cloud.Growth
	// orders are those on their way to VPSie's lists.
	orders *orders
	// upcoming are those that are to be made next.
	upcoming *upcoming

	mu sync.Mutex
	of map[place]arrival
	// demand are the groups that pods wait for, as the last round saw it.
	demand map[string]bool
	// scaled is when a scaling of each NodeGroup was noted last.
	scaled map[types.UID]time.Time
}

type arrival struct {
	failures    int
	last, until time.Time
	why         string
}

func newArrivals() *arrivals {
	return &arrivals{orders: newOrders(), upcoming: newUpcoming(), of: map[place]arrival{}, scaled: map[types.UID]time.Time{}}
}

// claimScaling leaves it to the caller to note a scaling of the group for that time, unless somebody has or does.
func (a *arrivals) claimScaling(group types.UID, at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scaled[group].Equal(at) {
		return false
	}
	a.scaled[group] = at
	return true
}

// returnScaling takes a claim back whose note could not be written.
func (a *arrivals) returnScaling(group types.UID, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scaled[group].Equal(at) {
		delete(a.scaled, group)
	}
}

// retain forgets what is kept of NodeGroups that are gone.
func (a *arrivals) retain(alive map[types.UID]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.scaled, func(uid types.UID, _ time.Time) bool { return !alive[uid] })
}

// pauseAfter is how long a group pauses after so many failures in a row. Where nothing
// has ever worked the first failure counts as well, and the longest pause is twice as long.
func (a *arrivals) pauseAfter(failures int, proven bool) time.Duration {
	switch {
	case !proven && a.growth.After(failures+1) == a.growth.After(failures):
		return 2 * a.growth.After(failures)
	case !proven:
		return a.growth.After(failures)
	case failures < 2:
		return 0
	}
	return a.growth.After(failures - 1)
}

// failed counts a machine that was ordered then. Machines that were on their way
// together are one try: only one ordered after the last failure counts as another.
func (a *arrivals) failed(p place, ordered, now time.Time, why string, proven bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of[p]
	if t.failures > 0 && !ordered.After(t.last) {
		return
	}
	t.failures++
	t.last, t.until, t.why = now, now.Add(a.pauseAfter(t.failures, proven)), why
	a.of[p] = t
}

// succeeded forgets what failed: a machine has arrived.
func (a *arrivals) succeeded(p place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, p)
}

// forget forgets all that failed of a group: it is gone, or a person has changed it.
func (a *arrivals) forget(group string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.of, func(p place, _ arrival) bool { return p.group == group })
}

// held is why nothing is bought there now, and until when; "" when it may.
func (a *arrivals) held(p place, now time.Time) (why string, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of[p]
	if !t.until.After(now) {
		return "", time.Time{}
	}
	return fmt.Sprintf("%s; %d machines in a row did not become ready nodes, the next is bought at %s",
		t.why, t.failures, t.until.UTC().Format(time.TimeOnly)), t.until
}

// noted is the count for the group's status, nil when there is none.
func (a *arrivals) noted(p place) *v1alpha1.Backoff {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, known := a.of[p]
	if !known {
		return nil
	}
	return &v1alpha1.Backoff{
		DatacenterID: p.datacenter,
		Failures:     int32(t.failures), Until: metav1.NewTime(t.until.Truncate(time.Second)), Reason: reasonNotArriving, Message: t.why,
	}
}

func (a *arrivals) recall(p place, b v1alpha1.Backoff) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.of[p]; !known {
		// Nothing is ordered before the pause ends, so whatever fails later and was ordered
		// before belongs to the failures that are counted.
		// Stored times are whole seconds, and what is ordered in the second in which the pause
		// ends is another try.
		a.of[p] = arrival{int(b.Failures), b.Until.Add(-time.Second), b.Until.Time, b.Message}
	}
}

// noteDemand keeps which groups pods wait for that only a limit on buying holds up.
func (a *arrivals) noteDemand(p *plan.Plan) {
	demand := map[string]bool{}
	for _, u := range p.Unplaced {
		for _, r := range u.Refusals {
			switch r.Reason {
			case plan.Unproven, plan.BuyingStopped, plan.Backoff:
				demand[r.Group] = true
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.demand = demand
}

// wanting tells whether pods wait for the group.
func (a *arrivals) wanting(group string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.demand[group]
}

// inARow is how many tries there have failed since one succeeded, and why the last.
func (a *arrivals) inARow(p place) (failures int, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[p].failures, a.of[p].why
}

// miss fails a machine that was bought and does not become a ready node. The count is
// written down first: a restart must not make it a first failure again.
func (r *store) miss(ctx context.Context, m *v1alpha1.VPSieNode, e observe.Event) error {
	g, err := r.groupOf(ctx, r.Client, m)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if orderedByUs(m) && m.Status.CreatedAt != nil {
		proven := r.Options.UnprovenLimit <= 0 || g != nil && g.Status.ProvenSpec != "" && g.Status.ProvenSpec == m.Status.SpecHash
		r.arrivals.failed(placeOf(m, g), m.Status.CreatedAt.Time, r.Clock.Now(), e.Note, proven)
	}
	if g != nil {
		if err := r.backoffs.keep(ctx, g); err != nil {
			return err
		}
		if err := r.rollouts.stopRollout(ctx, g, m, e.Note); err != nil {
			return err
		}
	}
	r.fail(m, e)
	return nil
}

// hold is why nothing is bought for a NodeGroup; why is empty when it may be.
type hold struct {
	reason plan.RefusalReason
	why    string
	// fault is the condition reason.
	fault string
}

// hold is why nothing is bought in any of a group's places now. The account's stop goes before
// the group's pause.
func (a *arrivals) hold(places []place, now time.Time) hold {
	if why := a.orders.stopped(); why != "" {
		return hold{plan.BuyingStopped, why, reasonNotListed}
	}
	var first time.Time
	var all hold
	for _, p := range places {
		why, until := a.held(p, now)
		if why == "" {
			return hold{}
		}
		if first.IsZero() || until.Before(first) {
			first, all = until, hold{plan.Backoff, why, reasonNotArriving}
		}
	}
	return all
}

// forgetMended lets a group buy at once whose spec a person has changed: most often
// because its machines did not arrive.
func (a *arrivals) forgetMended(groups []*v1alpha1.NodeGroup) {
	for _, g := range groups {
		if seen := g.Status.ObservedGeneration; seen != 0 && seen != g.Generation {
			a.forget(g.Name)
		}
	}
}

// retry ends the group's pause; another failure still makes the next one longer.
func (a *arrivals) retry(group string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p, t := range a.of {
		if p.group == group && t.until.After(now) {
			t.until = now
			a.of[p] = t
		}
	}
}

package control

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const (
	// mostLost is how many orders VPSie may take and never list before buying stops for
	// the whole account.
	mostLost = 2
	// shortMemory is how long an order that was listed allows more than mostLost unlisted
	// orders at a time.
	shortMemory = time.Minute
	// freshMemory is how long a listed VPS shows that pending orders become VPSes.
	freshMemory = 10 * time.Minute
	// longMemory is after how long a lost order is forgotten while others are listed.
	longMemory = 24 * time.Hour

	// reasonNotListed is the condition reason of NodeGroups while buying is stopped.
	reasonNotListed = "OrdersNotListed"
	// scopeOrder marks a lost order among a NodeGroup's back-offs.
	scopeOrder = "Order"
)

// orders follows the account's orders from the request until VPSie lists them. An
// unlisted VPS costs money and can be neither used nor deleted, so few orders may be
// unlisted at a time. The number grows with each order that is listed, as the congestion
// window of TCP does in slow start. It falls to 0 after mostLost orders were lost, until a
// person allows another.
type orders struct {
	mu sync.Mutex
	// recalled: what was stored before a restart is known. Nothing is ordered earlier.
	recalled bool
	// open are ordered and not listed, since when; listed have been.
	open   map[types.UID]time.Time
	listed sets.Set[types.UID]
	window int
	// waiting are the machines that were not admitted, in the order in which they asked; wake has one ask again.
	waiting []waiter
	wake    func(client.ObjectKey)
	// looked is when the last look began that was gone through for all of them.
	looked time.Time
	// lastListed is when an order was last listed, lastVPS when one last became a VPS.
	lastListed, lastVPS time.Time
	// lost are orders that were never listed, by VPSieNode.
	lost map[string]lostOrder
	// doubts are the orders in a row without a clear answer and without a VPS; doubted is
	// when each machine's order was last counted as one.
	doubts  int
	doubted map[types.UID]time.Time
}

// waiter is a machine that waits until others are listed.
type waiter struct {
	uid  types.UID
	name client.ObjectKey
}

func newOrders() *orders {
	return &orders{
		open: map[types.UID]time.Time{}, listed: sets.New[types.UID](), window: mostLost,
		lost: map[string]lostOrder{}, doubted: map[types.UID]time.Time{},
	}
}

// recall takes over which orders the VPSieNodes' status shows as not listed, and when one
// last became a VPS.
func (o *orders) recall(machines []*v1alpha1.VPSieNode) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recalled = true
	for _, m := range machines {
		if isUnlisted(m) {
			o.open[m.UID] = orderedAt(m)
		}
		if at := m.Status.ProvisionedAt; at != nil && orderedByUs(m) && at.After(o.lastVPS) {
			o.lastVPS = at.Time
		}
	}
}

// isUnlisted tells that the machine's VPS was asked for and has not been in the list.
func isUnlisted(m *v1alpha1.VPSieNode) bool {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	return m.Spec.VPSieInstanceID == 0 && c != nil && slices.Contains([]string{reasonOrdering, reasonOrdered, reasonBuilding}, c.Reason)
}

// wasTaken tells that VPSie took the machine's order, and that its VPS has not been in the list.
func wasTaken(m *v1alpha1.VPSieNode) bool { return isUnlisted(m) && !cluster.Unanswered(m) }

// admit lets the machine be ordered, or says that others have to be listed first; it is woken when there is room.
func (o *orders) admit(m client.Object, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	uid := m.GetUID()
	if _, again := o.open[uid]; again {
		return o.recalled
	}
	waits := func(w waiter) bool { return w.uid == uid }
	if o.recalled && len(o.open) < o.allowed(now) {
		o.open[uid] = now
		o.waiting = slices.DeleteFunc(o.waiting, waits)
		return true
	}
	if !slices.ContainsFunc(o.waiting, waits) {
		o.waiting = append(o.waiting, waiter{uid, client.ObjectKeyFromObject(m)})
	}
	return false
}

// wakeBy says how machines that wait are woken.
func (o *orders) wakeBy(wake func(client.ObjectKey)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wake = wake
}

// wakeSome wakes as many as may be ordered now.
func (o *orders) wakeSome(now time.Time) {
	n := min(len(o.waiting), max(o.allowed(now)-len(o.open), 0))
	if o.wake == nil || n == 0 {
		return
	}
	for _, w := range o.waiting[:n] {
		o.wake(w.name)
	}
	o.waiting = slices.Delete(o.waiting, 0, n)
}

func (o *orders) allowed(now time.Time) int {
	switch {
	case len(o.lost) > 0:
		return max(mostLost-len(o.lost), 0)
	case now.Sub(o.lastListed) > shortMemory:
		return mostLost
	}
	return o.window
}

// limit bounds what is bought while an order is lost, nil at other times: what little may
// be ordered is then for pods before it is for head-room.
func (o *orders) limit(now time.Time) *plan.Limit {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lost) == 0 {
		return nil
	}
	return &plan.Limit{
		Left: o.allowed(now) - len(o.open), Reason: plan.Unproven,
		Message: "VPSie took an order and never listed its VPS, so one machine at a time is bought until one is listed",
	}
}

// unseen are the orders that a look may show which began then: all that are open, or none when such a look has been gone
// through.
func (o *orders) unseen(began time.Time) sets.Set[types.UID] {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.open) == 0 || !began.After(o.looked) {
		return nil
	}
	o.looked = began
	return sets.KeySet(o.open)
}

// see notes that VPSie lists the order: as a VPS, or only as pending. A pending order
// counts as listed while others became VPSes lately.
func (o *orders) see(uid types.UID, isVPS bool, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !isVPS && now.Sub(o.lastVPS) > freshMemory {
		return
	}
	defer o.wakeSome(now)
	if isVPS {
		o.lastVPS, o.doubts = now, 0
		maps.DeleteFunc(o.lost, func(_ string, l lostOrder) bool { return now.Sub(l.at) > longMemory })
	}
	delete(o.open, uid)
	if o.listed.Has(uid) {
		return
	}
	if now.Sub(o.lastListed) > shortMemory {
		o.window = mostLost
	}
	o.listed.Insert(uid)
	o.window++
	o.lastListed = now
}

// forget drops an order that was refused, or whose machine is gone.
func (o *orders) forget(uid types.UID, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.wakeSome(now)
	delete(o.open, uid)
	delete(o.doubted, uid)
	o.listed.Delete(uid)
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiter) bool { return w.uid == uid })
}

// retain drops the orders whose objects somebody took away without the autoscaler. Very
// young ones may be missing in the caller's view only.
func (o *orders) retain(alive map[types.UID]bool, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.open, func(uid types.UID, at time.Time) bool { return !alive[uid] && now.Sub(at) > shortMemory })
	maps.DeleteFunc(o.doubted, func(uid types.UID, _ time.Time) bool { return !alive[uid] })
	for uid := range o.listed {
		if !alive[uid] {
			o.listed.Delete(uid)
		}
	}
}

// doubt counts an order, asked for at that time, that had no clear answer and no VPS. It
// tells whether the order is counted for the first time, and how many there are in a row.
func (o *orders) doubt(uid types.UID, asked time.Time) (first bool, inARow int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if first = !o.doubted[uid].Equal(asked); first {
		o.doubted[uid] = asked
		o.doubts++
	}
	return first, o.doubts
}

package control

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// orderTime is about how long a busy API server takes for the writes of one order.
const orderTime = 20 * time.Millisecond

// upcoming are the VPSieNodes, by name, that are about to have their turn to be ordered. What carries other machines further
// waits for them a little: a VPS that has just been ordered boots, and writing down that VPSie lists it would only delay the
// orders that pods still wait for. Of a thousand machines bought at once the last is ordered in about half the time.
type upcoming struct {
	mu    sync.Mutex
	names sets.Set[string]
}

func newUpcoming() *upcoming { return &upcoming{names: sets.New[string]()} }

// expect notes that the machine will have its turn soon.
func (u *upcoming) expect(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.names.Insert(name)
}

// served notes that the machine had its turn, whatever came of it, or will have none.
func (u *upcoming) served(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.names.Delete(name)
}

// yield is for how long a machine that was ordered then lets others go first, 0 when there are none, or when it has waited enough.
func (u *upcoming) yield(ordered, now time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(ordered) >= shortWait {
		return 0
	}
	return min(time.Duration(len(u.names))*orderTime, time.Second)
}

// yields is for how long the machine, which was ordered, lets others go first.
func (r *store) yields(m *v1alpha1.VPSieNode) time.Duration {
	return r.arrivals.upcoming.yield(orderedAt(m), r.Clock.Now())
}

// recollect puts into the status at hand that VPSie took the machine's order, which the stored status does not say yet.
func (r *store) recollect(m *v1alpha1.VPSieNode) {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	if c == nil || c.Reason != reasonOrdering || !r.arrivals.orders.took(m.UID) {
		return
	}
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonOrdered, "VPSie has taken the order")
	r.calm(m)
}

// answerCanWait tells that the status at hand is new only in that VPSie took the machine's order, and that others wait to be
// ordered: a third of the writes of a thousand orders. It is written down with what comes next, or a little later. Whoever
// starts without knowing it finds the order announced, and looks for its VPS before ordering again, as after an order
// without an answer.
func (r *store) answerCanWait(m *v1alpha1.VPSieNode) bool {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	return c != nil && c.Reason == reasonOrdered && r.arrivals.orders.took(m.UID) && r.yields(m) > 0
}

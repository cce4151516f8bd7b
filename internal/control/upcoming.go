package control

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
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

package control

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// absences remembers since when machines have been missing in the cloud's lists.
// It lives in memory: a restart only makes the wait for proof begin again.
type absences struct {
	mu    sync.Mutex
	first map[types.UID]time.Time
}

func newAbsences() absences { return absences{first: map[types.UID]time.Time{}} }

// since notes one more sight without the machine. It is true when an earlier
// sight without it began at least that long before: one list proves nothing.
func (a *absences) since(uid types.UID, began time.Time, long time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first, known := a.first[uid]
	if !known {
		a.first[uid] = began
		return false
	}
	return began.After(first) && began.Sub(first) >= long
}

// begin returns since when the machine has been missing; at, when that is not known.
func (a *absences) begin(uid types.UID, at time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	first, known := a.first[uid]
	if !known {
		a.first[uid], first = at, at
	}
	return first
}

func (a *absences) forget(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.first, uid)
}

package cloud

import (
	"sync"
	"time"
)

const (
	firstBackoff = time.Minute
	lastBackoff  = 30 * time.Minute
)

// backoffs remembers which instance types the cloud refused, for how long they
// are left alone, and why.
type backoffs struct {
	mu     sync.Mutex
	byType map[typeKey]refused
}

type typeKey struct{ datacenter, instanceType string }

type refused struct {
	until time.Time
	wait  time.Duration
	why   error
}

func newBackoffs() *backoffs { return &backoffs{byType: map[typeKey]refused{}} }

// add doubles the wait with each refusal that follows another.
func (b *backoffs) add(k typeKey, now time.Time, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.byType[k]
	if now.Before(r.until) {
		// Orders of one round are refused together; they are one refusal.
		return
	}
	r.wait = min(max(2*r.wait, firstBackoff), lastBackoff)
	r.until, r.why = now.Add(r.wait), why
	b.byType[k] = r
}

func (b *backoffs) clear(k typeKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byType, k)
}

// forget drops what another account refused.
func (b *backoffs) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.byType)
}

func (b *backoffs) get(k typeKey) refused {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byType[k]
}

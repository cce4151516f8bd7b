package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const (
	firstBackoff = time.Minute
	lastBackoff  = 30 * time.Minute
	// forgetBackoff is how long after its end a back-off still makes the next one longer.
	forgetBackoff = 2 * lastBackoff
)

// Growth is how long what has failed is left alone: First after one failure, twice as
// long after each that follows, Last at most. What is zero takes the default.
type Growth struct{ First, Last time.Duration }

// After is the wait after so many failures in a row.
func (g Growth) After(failures int) time.Duration {
	wait, last := cmp.Or(g.First, firstBackoff), cmp.Or(g.Last, lastBackoff)
	for i := 1; i < failures && wait < last; i++ {
		wait *= 2
	}
	return min(wait, last)
}

// Backoff is an instance type that the cloud refused, and is not asked for until
// the time given. Recall takes one back after a restart.
type Backoff struct {
	Datacenter, InstanceType string
	// Failures are the refusals in a row.
	Failures int
	Until    time.Time
	// Reason is a condition reason, Message what the cloud said.
	Reason, Message string
}

// Error makes a Backoff the reason why nothing can be bought.
func (b *Backoff) Error() string {
	return fmt.Sprintf("%s; the next try is at %s", b.Message, b.Until.UTC().Format(time.TimeOnly))
}

// backoffs remembers which instance types the cloud refused, for how long they
// are left alone, and why.
type backoffs struct {
	mu     sync.Mutex
	byType map[typeKey]Backoff
	growth Growth
}

type typeKey struct{ datacenter, instanceType string }

func newBackoffs(g Growth) *backoffs { return &backoffs{byType: map[typeKey]Backoff{}, growth: g} }

// add doubles the wait with each refusal that follows another.
func (b *backoffs) add(k typeKey, now time.Time, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.byType[k]
	if now.Before(r.Until) {
		// Orders of one round are refused together; they are one refusal.
		return
	}
	if now.Sub(r.Until) > forgetBackoff {
		r.Failures = 0
	}
	r.Datacenter, r.InstanceType = k.datacenter, k.instanceType
	r.Failures++
	r.Until, r.Message = now.Add(b.growth.After(r.Failures)), why.Error()
	r.Reason, _ = Fault(why)
	if reason, ok := IsConfig(why); ok {
		r.Reason = reason
	}
	b.byType[k] = r
}

// recall takes a back-off over from before a restart, unless there is a newer one.
func (b *backoffs) recall(r Backoff) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := typeKey{r.Datacenter, r.InstanceType}
	if b.byType[k].Until.Before(r.Until) {
		b.byType[k] = r
	}
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

func (b *backoffs) get(k typeKey) Backoff {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byType[k]
}

// Backoffs are what the cloud has refused of the group's offerings, in their order;
// also those that have just ended, because they make the next one longer.
func (c *Cloud) Backoffs(w Wanted) []Backoff {
	var all []Backoff
	for _, name := range w.Offerings {
		r := c.backoff.get(typeKey{w.Datacenter, name})
		if r.Failures > 0 && c.opts.Clock.Since(r.Until) <= forgetBackoff {
			all = append(all, r)
		}
	}
	return all
}

// Recall takes over a back-off that was noted before a restart.
func (c *Cloud) Recall(b Backoff) { c.backoff.recall(b) }

// remember keeps what a create call's outcome says of the instance type.
func (c *Cloud) remember(k typeKey, err error) {
	switch {
	case err == nil:
		c.backoff.clear(k)
	case Refused(err):
		c.backoff.add(k, c.opts.Clock.Now(), err)
	}
}

// Refused tells whether the cloud declined to sell: asking again soon for the
// same is pointless, something else may be sold.
func Refused(err error) bool {
	switch vpsie.ClassOf(err) {
	case vpsie.OutOfStock, vpsie.Quota, vpsie.Balance, vpsie.Denied, vpsie.Invalid, vpsie.NotFound, vpsie.Conflict:
		return !vpsie.MayHaveHappened(err)
	}
	_, config := IsConfig(err)
	return config
}

// asBackoff is the back-off that err is, or nil.
func asBackoff(err error) *Backoff {
	b, _ := errors.AsType[*Backoff](err)
	return b
}

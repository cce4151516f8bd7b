package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
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

// Scope is what a refusal concerns, and so what is left alone after it.
type Scope string

// The scopes.
const (
	// ScopeAccount: quota, balance, a suspension, a missing right. Nothing else is sold either.
	ScopeAccount Scope = "Account"
	// ScopeGroup: something in the order that every order of the NodeGroup has.
	ScopeGroup Scope = "NodeGroup"
	// ScopeOffering: this instance type in this datacenter; another may be sold.
	ScopeOffering Scope = "Offering"
)

// scopeOf is what an order's refusal concerns.
func scopeOf(err error) Scope {
	switch vpsie.ScopeOf(err) {
	case vpsie.ScopeAccount:
		return ScopeAccount
	case vpsie.ScopeRequest:
		return ScopeGroup
	}
	return ScopeOffering
}

// Backoff is what the cloud refused, and is not asked for until the time given: an
// instance type, all orders of a NodeGroup, or all orders of the account. Recall takes
// one back after a restart.
type Backoff struct {
	// Scope says which of the names below are given: Datacenter and InstanceType of an
	// offering, Group of a NodeGroup, and Datacenter too where it has several, none of the account.
	Scope                           Scope
	Group, Datacenter, InstanceType string
	// Spot: it is of the instance type as a spot instance.
	Spot bool
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

// backoffs remembers what the cloud refused, for how long it is left alone, and why.
type backoffs struct {
	mu     sync.Mutex
	byKey  map[backoffKey]Backoff
	growth Growth
}

// backoffKey is an offering, a NodeGroup, or, when it is empty, the account.
type backoffKey struct {
	group string
	offer plan.OfferKey
}

// keyOf is the key of a back-off of the offering.
func keyOf(k plan.OfferKey) backoffKey { return backoffKey{offer: k} }

func (b *Backoff) key() backoffKey {
	return backoffKey{b.Group, plan.OfferKey{DatacenterID: b.Datacenter, InstanceType: b.InstanceType, Spot: b.Spot}}
}

func newBackoffs(g Growth) *backoffs { return &backoffs{byKey: map[backoffKey]Backoff{}, growth: g} }

// add doubles the wait with each refusal that follows another.
func (b *backoffs) add(what Backoff, now time.Time, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.byKey[what.key()]
	if now.Before(r.Until) {
		// Orders of one round are refused together; they are one refusal.
		return
	}
	if now.Sub(r.Until) > forgetBackoff {
		r.Failures = 0
	}
	what.Failures = r.Failures + 1
	what.Until, what.Message = now.Add(b.growth.After(what.Failures)), why.Error()
	if already := asBackoff(why); already != nil {
		what.Message = already.Message
	}
	what.Reason, _ = Fault(why)
	b.byKey[what.key()] = what
}

// recall takes a back-off over from before a restart, unless there is a newer one.
func (b *backoffs) recall(r Backoff) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byKey[r.key()].Until.Before(r.Until) {
		b.byKey[r.key()] = r
	}
}

func (b *backoffs) clear(keys ...backoffKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		delete(b.byKey, k)
	}
}

// end lets what was refused be tried at once; another refusal still makes the next wait
// longer.
func (b *backoffs) end(now time.Time, keys ...backoffKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		if r, known := b.byKey[k]; known && r.Until.After(now) {
			r.Until = now
			b.byKey[k] = r
		}
	}
}

// forget drops what another account refused.
func (b *backoffs) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.byKey)
}

func (b *backoffs) get(k backoffKey) Backoff {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byKey[k]
}

// restsFor are what nothing at all is ordered by: the account, the group, the group in the
// datacenter.
func restsFor(group, datacenter string) []backoffKey {
	return []backoffKey{{}, {group: group}, {group, plan.OfferKey{DatacenterID: datacenter}}}
}

// keysOf are all that a group's orders depend on, which wants something in each of its
// datacenters: the account, the group, its offerings.
func keysOf(ws []Wanted) []backoffKey {
	keys := []backoffKey{{}}
	add := func(k backoffKey) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, w := range ws {
		if w.Group != "" {
			add(backoffKey{group: w.Group})
			add(backoffKey{w.Group, plan.OfferKey{DatacenterID: w.Datacenter}})
		}
	}
	for _, w := range ws {
		for _, name := range w.Offerings {
			for _, k := range w.Spot.Buys(w.Datacenter, name) {
				add(keyOf(k))
			}
		}
	}
	return keys
}

// Backoffs are what the cloud has refused that the group's orders depend on: the
// account's, the group's, then its offerings' in their order; also those that have just
// ended, because they make the next one longer.
func (c *Cloud) Backoffs(ws ...Wanted) []Backoff {
	var all []Backoff
	for _, k := range keysOf(ws) {
		r := c.backoff.get(k)
		if r.Failures > 0 && c.opts.Clock.Since(r.Until) <= forgetBackoff {
			all = append(all, r)
		}
	}
	return all
}

// Recall takes over a back-off that was noted before a restart.
func (c *Cloud) Recall(b Backoff) { c.backoff.recall(b) }

// TryNow ends the back-offs of the account, of the group and of its offerings.
func (c *Cloud) TryNow(ws ...Wanted) { c.backoff.end(c.opts.Clock.Now(), keysOf(ws)...) }

// Unconfirmed leaves the account alone for a while because its orders have had no clear
// answer and no VPS, time after time; why is what was last answered.
func (c *Cloud) Unconfirmed(why string) {
	c.backoff.add(Backoff{Scope: ScopeAccount}, c.opts.Clock.Now(), &Backoff{Reason: reasonUnconfirmed, Message: why})
}

// OnTrial says, with what the cloud refused, that the account's last order was refused
// and the next may be tried: one alone, until it is taken. It is nil at other times.
func (c *Cloud) OnTrial() *Backoff {
	b := c.backoff.get(backoffKey{})
	if past := c.opts.Clock.Since(b.Until); b.Failures == 0 || past < 0 || past > forgetBackoff {
		return nil
	}
	return &b
}

// Resting is the back-off for which nothing at all may be ordered for the group in the
// datacenter, nil when there is none. The account's goes before the group's.
func (c *Cloud) Resting(group, datacenter string) *Backoff {
	for _, k := range restsFor(group, datacenter) {
		if b := c.backoff.get(k); b.Until.After(c.opts.Clock.Now()) {
			return &b
		}
	}
	return nil
}

// justRefused is the account's or group's back-off that has ended a moment ago: until
// the next order has been answered the trouble is not over.
func (c *Cloud) justRefused(group, datacenter string) error {
	for _, k := range restsFor(group, datacenter) {
		if b := c.backoff.get(k); b.Failures > 0 && c.opts.Clock.Since(b.Until) < firstBackoff {
			return &b
		}
	}
	return nil
}

// remember keeps what the outcome of an order says: a refusal is left alone for as
// much as it concerns, an order that was taken ends all that concerned it.
func (c *Cloud) remember(o Order, err error) {
	k := o.Wanted.offer(o.InstanceType, o.Spot)
	switch {
	case err == nil:
		over := restsFor(o.Group, k.DatacenterID)
		if c.backoff.get(keyOf(k)).Reason != reasonInterrupted { // an order that is taken says nothing of the next interruption
			over = append(over, keyOf(k))
		}
		c.backoff.clear(over...)
		return
	case !Refused(err):
		return
	}
	what := Backoff{Scope: scopeOf(err)}
	switch what.Scope {
	case ScopeOffering:
		what.Datacenter, what.InstanceType, what.Spot = k.DatacenterID, k.InstanceType, k.Spot
	case ScopeGroup:
		what.Group = o.Group
		if len(o.Wanted.Among) > 0 { // which image, key and network there are depends on it
			what.Datacenter = k.DatacenterID
		}
	}
	c.backoff.add(what, c.opts.Clock.Now(), err)
}

// Refused tells whether the cloud declined to sell, or is not asked because it just
// did: asking again soon for the same is pointless.
func Refused(err error) bool {
	if asBackoff(err) != nil {
		return true
	}
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

// IsBackoff tells whether err is only that something was refused and is left alone for
// a while.
func IsBackoff(err error) bool { return asBackoff(err) != nil }

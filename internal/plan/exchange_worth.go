package plan

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// bothPaid is for how long the old and the new machines of an exchange are likely to be paid
// for: the new ones boot, then the old ones are drained.
const bothPaid = 15 * time.Minute

// beats says that the trade is better. What one replaces more than the other, it does only
// if that saves enough by itself.
func (t *trade) beats(o *trade) bool {
	switch {
	case o == nil:
		return true
	case t.price < o.price:
		return !o.beats(t)
	}
	return t.saves > o.saves && (t.saves-o.saves)*100 >= (t.price-o.price)*Money(t.minSavings())
}

// minSavings is the highest percentage that a group of the nodes asks for.
func (t *trade) minSavings() int {
	percent := 0
	for _, c := range t.nodes {
		percent = max(percent, c.host.group.Disruption.MinSavings)
	}
	return percent
}

// mean is the average of a time over the nodes by their price.
func (t *trade) mean(of func(*candidate) time.Duration) time.Duration {
	sum := 0.0
	for _, c := range t.nodes {
		sum += float64(c.price) * of(c).Hours()
	}
	return time.Duration(sum / float64(t.price) * float64(time.Hour))
}

// payback is how long the exchange may take to save what it costs.
func (t *trade) payback() time.Duration {
	return t.mean(func(c *candidate) time.Duration { return c.host.group.Disruption.Payback })
}

// costs is what the exchange costs once: the new machines while the old ones are still there; of the old ones the rest of the period
// that is paid for; and of the new ones half a period, which is what is lost of the last one on an average. It is in Money times
// hours, as what is saved is per hour.
func (x *exchanger) costs(t *trade) float64 {
	sum := 0.0
	for _, h := range t.bought {
		sum += float64(h.template.offer.Price) * (bothPaid + h.group.paidPeriod()/2).Hours()
	}
	for _, c := range t.nodes {
		sum += float64(c.price) * x.paidRest(c, 0).Hours()
	}
	return sum
}

// paidRest is how much is left, once the node is gone, of the period that is paid for it, if the exchange begins so much later.
func (x *exchanger) paidRest(c *candidate, later time.Duration) time.Duration {
	return c.host.node.paidRest(c.host.group, x.w.state.Now.Add(bothPaid+later))
}

// mostLost is the part of a paid period that may be lost of the nodes of an exchange whose groups leave it to the planner when to begin.
const mostLost = 1.0 / 3

// shortlyBefore is how long before a paid period ends an exchange begins at the latest that is to begin within it.
const shortlyBefore = 5 * time.Minute

// tooEarly says that more is paid for the nodes in advance than may be lost, and until when the exchange waits. Until their periods end
// they cost nothing more, and the new machines would. Who sets paybackHours has exchanges begin at once.
func (x *exchanger) tooEarly(t *trade, names []string) (string, time.Time) {
	if slices.ContainsFunc(t.nodes, func(c *candidate) bool { return !c.host.group.Disruption.SparePaid }) {
		return "", time.Time{}
	}
	wait := x.paidWait(t).Round(time.Second)
	if wait <= 0 {
		return "", time.Time{}
	}
	until := x.w.state.Now.Add(wait)
	return fmt.Sprintf("replacing %s by %s would save %s/h, and waits until %s for the end of what is paid in advance; disruption.paybackHours is not set",
		someNames(names), machinesOf(t.bought), Hourly(t.saves), clock(until)), until
}

// paidWait is how long it takes until no more than mostLost of what is paid for the nodes would be lost, on an average by their price.
// It falls with time until the period of a node ends, and rises then, as the next one is paid. Many nodes whose periods end one
// after another never come to so little: for these it is until shortly before the end of a period when least is lost.
func (x *exchanger) paidWait(t *trade) time.Duration {
	ends := []time.Duration{0}
	for _, c := range t.nodes {
		ends = append(ends, x.paidRest(c, 0))
	}
	slices.Sort(ends)
	least, best := time.Duration(math.MaxInt64), time.Duration(0)
	for i, end := range ends[1:] {
		start := ends[i]
		over := t.mean(func(c *candidate) time.Duration {
			return x.paidRest(c, start) - time.Duration(mostLost*float64(c.host.group.paidPeriod()))
		})
		if over < end-start {
			return start + max(over, 0)
		}
		if left := over - (end - start); left < least {
			least, best = left, end
		}
	}
	return max(best-shortlyBefore, 0)
}

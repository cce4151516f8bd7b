package plan

import (
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

// minSavings is the highest percentage that a group of the nodes asks for, payback the
// shortest time.
func (t *trade) minSavings() int {
	percent := 0
	for _, c := range t.nodes {
		percent = max(percent, c.host.group.Disruption.MinSavings)
	}
	return percent
}

// payback is how long the exchange may take to save what it costs, on an average of the nodes by their price. With PaybackByAge that
// is no longer than they have been there: nobody knows how long the saving will last, but what has lasted is likely to last as
// long again, and waiting until the price of the wait is that of the exchange costs at most twice what knowing would (the ski
// rental problem).
func (t *trade) payback(now time.Time) time.Duration {
	sum := 0.0
	for _, c := range t.nodes {
		d := &c.host.group.Disruption
		lasts := d.Payback
		if created := c.host.node.Created; d.PaybackByAge && !created.IsZero() {
			lasts = min(lasts, now.Sub(created))
		}
		sum += float64(c.price) * lasts.Hours()
	}
	return time.Duration(sum / float64(t.price) * float64(time.Hour))
}

// paybackText says where payback is from.
func (t *trade) paybackText() string {
	if slices.ContainsFunc(t.nodes, func(c *candidate) bool { return c.host.group.Disruption.PaybackByAge }) {
		return "as long as it has been there; disruption.paybackHours is not set"
	}
	return "disruption.paybackHours"
}

// costs is what the exchange costs once: the new machines while the old ones are still there; of the old ones the rest of the period
// that is paid for; and of the new ones half a period, which is what is lost of the last one on an average. It is in Money times
// hours, as what is saved is per hour.
func (x *exchanger) costs(t *trade) float64 {
	sum := 0.0
	for _, h := range t.bought {
		sum += float64(h.template.offer.Price) * (bothPaid + h.group.paidPeriod()/2).Hours()
	}
	gone := x.w.state.Now.Add(bothPaid)
	for _, c := range t.nodes {
		sum += float64(c.price) * c.host.node.paidRest(c.host.group, gone).Hours()
	}
	return sum
}

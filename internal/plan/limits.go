package plan

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
)

// spending is what machines come to in the units of Limits.
type spending struct {
	milliCPU, memory int64
	cost             Money
	// nodes and spot count machines: all, and those that are spot instances.
	nodes, spot int64
}

// spendingOf is what one machine of the offer comes to.
func spendingOf(o *Offer) spending {
	return spending{o.Capacity.Cpu().MilliValue(), o.Capacity.Memory().Value(), o.Price, 1, spotCount(o.Spot)}
}

// plus adds n times the other spending.
func (s spending) plus(other spending, n int) spending {
	times := int64(n)
	return spending{
		s.milliCPU + times*other.milliCPU, s.memory + times*other.memory, s.cost + Money(n)*other.cost,
		s.nodes + times*other.nodes, s.spot + times*other.spot,
	}
}

// take counts n machines of the template as bought; a negative n gives them back.
func (t *template) take(n int) {
	t.group.opened += n
	t.group.together.opened += n
	t.stock.left -= n
	if t.place != nil {
		t.place.opened += n
	}
	t.group.spent = t.group.spent.plus(t.spends, n)
}

// countSpent counts one of the group's machines that are there already. The size of a
// machine whose type is not offered is what its node shows, else what VPSie said of it.
func (w *world) countSpent(g *group, n *Node) {
	one := spending{}
	switch o := w.offerOf(n); {
	case o != nil:
		one = spendingOf(o)
	case n.Object != nil:
		one = spendingOf(&Offer{Capacity: n.Object.Status.Capacity})
	default:
		one = spendingOf(&Offer{Capacity: n.Capacity})
	}
	one.cost = w.priceOf(n)
	one.nodes, one.spot = 1, spotCount(n.Spot)
	if n.State == Failed || n.State == Terminating {
		one.nodes, one.spot = 0, 0
	}
	g.spent = g.spent.plus(one, 1)
}

// offerOf is the offer that the machine is of; nil when its type is not offered now.
func (w *world) offerOf(n *Node) *Offer { return w.offers[n.Offer()] }

// priceOf is what the machine costs: what its type is offered for, else what it cost when
// that was last known.
func (w *world) priceOf(n *Node) Money {
	if o := w.offerOf(n); o != nil {
		return o.Price
	}
	return n.LastPrice
}

// within is how many machines of the template the group's limits still allow.
func (t *template) within() int { return t.group.Limits.allow(t.group.spent, t.spends) }

// replaces says whether the group's limits allow a machine of the template in the place of
// one of the other.
func (t *template) replaces(other *template) bool {
	spent := t.group.spent
	if other.group == t.group {
		spent = spent.plus(other.spends, -1)
	}
	return t.group.Limits.allow(spent, t.spends) > 0
}

// allow is how many times one fits between spent and the limits.
func (l *Limits) allow(spent, one spending) int {
	most := int64(math.MaxInt32)
	fit := func(limit *int64, used, size int64) {
		switch {
		case limit == nil || size <= 0:
		case used > *limit:
			most = 0
		default:
			most = min(most, (*limit-used)/size)
		}
	}
	fit(l.MilliCPU, spent.milliCPU, one.milliCPU)
	fit(l.Memory, spent.memory, one.memory)
	fit((*int64)(l.Cost), int64(spent.cost), int64(one.cost))
	if p := l.SpotPercent; p != nil && one.spot > 0 && *p < 100 {
		most = min(most, moreSpot(*p, spent.nodes, spent.spot))
	}
	return int(most)
}

// beyond is the limit that keeps the group from having one more of the template.
func (t *template) beyond() refusal {
	l, spent, one := &t.group.Limits, t.group.spent, t.spends
	cpu := func(milli int64) string { return resource.NewMilliQuantity(milli, resource.DecimalSI).String() }
	memory := func(bytes int64) string { return resource.NewQuantity(bytes, resource.BinarySI).String() }
	text := func(field, limit, used, more string) string {
		return fmt.Sprintf("%s of the NodeGroup is %s: its machines come to %s, and one more %s adds %s", field, limit, used, t.offer.Key().For(), more)
	}
	switch {
	case (&Limits{Cost: l.Cost}).allow(spent, one) == 0:
		return refusal{CostLimitReached, text("limits.costPerMonth", l.Cost.perMonth(), spent.cost.perMonth(), one.cost.perMonth())}
	case (&Limits{MilliCPU: l.MilliCPU}).allow(spent, one) == 0:
		return refusal{LimitReached, text("limits.cpu", cpu(*l.MilliCPU), cpu(spent.milliCPU), cpu(one.milliCPU))}
	case (&Limits{Memory: l.Memory}).allow(spent, one) == 0:
		return refusal{LimitReached, text("limits.memory", memory(*l.Memory), memory(spent.memory), memory(one.memory))}
	}
	return t.spotLimit()
}

// perMonth writes the amount with two decimals, and more where it has them.
func (m Money) perMonth() string {
	cents := m / (moneyUnit / 100)
	if m%(moneyUnit/100) == 0 {
		return fmt.Sprintf("%d.%02d", cents/100, cents%100)
	}
	return fmt.Sprintf("%d.%06d", m/moneyUnit, m%moneyUnit)
}

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Datacenter is one of several in which a group buys.
type Datacenter struct {
	ID string
	// Offers are the types that it may buy there.
	Offers []string
	// Closed, when not empty, says why nothing is bought for the group there, and Reason is
	// what pods hear: OfferingUnavailable when that is empty. Until is when that ends, zero when
	// nobody knows.
	Closed string
	Reason RefusalReason
	Until  time.Time
	// Limit, when it is there, bounds what is bought for the group there.
	Limit *Limit
}

// In are the datacenters in which the group buys, and what it may buy in each. It is the one
// place that knows of the two ways to say so.
func (g *Group) In() []Datacenter {
	if len(g.Datacenters) > 0 {
		return g.Datacenters
	}
	return []Datacenter{{ID: g.DatacenterID, Offers: g.Offers}}
}

// Zonal says that the group's nodes carry their datacenter as their zone.
func (g *Group) Zonal() bool { return len(g.Datacenters) > 0 }

// Buys are the offers that the group may buy, known or not, by type and datacenter.
func (g *Group) Buys() []OfferKey {
	var keys []OfferKey
	for _, d := range g.In() {
		for _, name := range d.Offers {
			keys = append(keys, g.Spot.Buys(d.ID, name)...)
		}
	}
	slices.SortFunc(keys, OfferKey.compare)
	return slices.Compact(keys)
}

func (k OfferKey) compare(other OfferKey) int {
	return cmp.Or(cmp.Compare(k.InstanceType, other.InstanceType), cmp.Compare(k.DatacenterID, other.DatacenterID), cmp.Compare(spotCount(k.Spot), spotCount(other.Spot)))
}

// closedIn says why the group buys nothing in the datacenter now, if so.
func (g *Group) closedIn(datacenter string, now time.Time) refusal {
	for _, d := range g.Datacenters {
		if d.ID != datacenter || d.Closed == "" || !d.Until.IsZero() && !now.Before(d.Until) {
			continue
		}
		return refusal{cmp.Or(d.Reason, OfferingUnavailable), d.Closed}
	}
	return refusal{}
}

// refused completes a refusal of the offer: a group in several datacenters says which.
func (g *group) refused(k OfferKey, why refusal) Refusal {
	r := Refusal{Group: g.Name, InstanceType: k.InstanceType, Spot: k.Spot, Reason: why.reason, Message: why.message}
	if g.Zonal() {
		r.DatacenterID = k.DatacenterID
	}
	return r
}

// template finds the group's template of an offer; nil when it has none.
func (g *group) template(k OfferKey) *template {
	i, ok := slices.BinarySearchFunc(g.templates, k, func(t *template, k OfferKey) int { return t.offer.Key().compare(k) })
	if !ok {
		return nil
	}
	return g.templates[i]
}

// ofType are the group's templates of a type, one for each datacenter that sells it.
func (g *group) ofType(instanceType string) []*template {
	first, _ := slices.BinarySearchFunc(g.templates, instanceType, func(t *template, name string) int {
		return cmp.Compare(t.offer.InstanceType, name)
	})
	end := first
	for end < len(g.templates) && g.templates[end].offer.InstanceType == instanceType {
		end++
	}
	return g.templates[first:end]
}

// places are what the group buys where a limit bounds it, by datacenter.
func (g *Group) places() map[string]*shopping {
	var all map[string]*shopping
	for _, d := range g.Datacenters {
		if d.Limit != nil {
			if all == nil {
				all = map[string]*shopping{}
			}
			all[d.ID] = &shopping{limit: d.Limit}
		}
	}
	return all
}

// left is how many machines of the template its offer's stock and its datacenter's limit
// still allow.
func (t *template) left() int {
	if t.place == nil {
		return t.stock.left
	}
	return min(t.stock.left, t.place.limit.Left-t.place.opened)
}

// soldOut is why none is left.
func (t *template) soldOut() refusal {
	if p := t.place; p != nil && p.limit.Left-p.opened <= 0 {
		return refusal{p.limit.Reason, p.limit.Message}
	}
	return refusal{OfferingUnavailable, fmt.Sprintf("only %d of %s can be bought in %s now, and the plan buys them", t.offer.Stock, t.offer.Key().For(), t.offer.DatacenterID)}
}

// TypeIn is an instance type for people, with its datacenter where that is not empty.
func TypeIn(instanceType, datacenter string) string {
	if datacenter == "" {
		return instanceType
	}
	return instanceType + " in " + datacenter
}

// Type is the launch's instance type, with its datacenter where the group has several.
func (l *Launch) Type() string {
	name := spotText(l.InstanceType, l.Spot)
	if !l.Zonal {
		return name
	}
	return TypeIn(name, l.DatacenterID)
}

// Type is the refused instance type, with its datacenter where the group has several.
func (r *Refusal) Type() string { return TypeIn(spotText(r.InstanceType, r.Spot), r.DatacenterID) }

// balanceWithin is the percentage that a node may cost more where the group has fewer nodes.
const balanceWithin = 5

// balance moves nodes that are bought for groups which spread over their datacenters to where
// the group has fewest, as far as the same type costs little more there and every pod keeps its
// place.
func (w *world) balance() {
	for _, g := range w.groups {
		if g.Balanced && len(g.Datacenters) > 1 {
			w.balanceGroup(g)
		}
	}
}

func (w *world) balanceGroup(g *group) {
	counts := map[string]int{}
	for _, h := range w.hosts {
		switch {
		case h.group != g:
		case h.node == nil:
			counts[h.template.offer.DatacenterID]++
		case h.node.State != Failed && h.node.State != Terminating:
			counts[h.node.DatacenterID]++
		}
	}
	loads := w.loads()
	for _, h := range w.bought() {
		if h.group != g || h.reason == Replacement {
			continue
		}
		from := h.template.offer
		others := slices.DeleteFunc(slices.Clone(g.ofType(from.InstanceType)), func(t *template) bool {
			return t.offer.Spot != from.Spot || counts[t.offer.DatacenterID]+1 >= counts[from.DatacenterID] || 100*t.offer.Price > (100+balanceWithin)*from.Price ||
				t.barred.reason != "" || t.left() <= 0 || !t.replaces(h.template)
		})
		slices.SortStableFunc(others, func(a, b *template) int {
			return cmp.Or(cmp.Compare(counts[a.offer.DatacenterID], counts[b.offer.DatacenterID]), cmp.Compare(a.offer.Price, b.offer.Price))
		})
		for _, t := range others {
			if w.moveTo(t, h, loads) {
				counts[from.DatacenterID]--
				counts[t.offer.DatacenterID]++
				break
			}
		}
	}
}

// moveTo makes the host one of the template in another datacenter, unless a pod would lose its
// place or a group its head-room by that.
func (w *world) moveTo(t *template, h *host, loads map[*group]load) bool {
	if !w.holdsAll(t, h) {
		return false
	}
	same := w.sameToOthers(t, h)
	mark, before, was := w.fork(), h.group, h.load()
	w.retype(h, t)
	if !same {
		if _, l := w.turnedOut(0, nil); l != nil {
			w.revert(mark)
			return false
		}
	}
	if !keepsRoom(loads, before, was, h) {
		w.revert(mark)
		return false
	}
	return true
}

// noSuchOffer is the refusal of an offer that the catalogue lacks.
func noSuchOffer(k OfferKey) refusal {
	return refusal{OfferingUnavailable, fmt.Sprintf("Instance type not available: there is no offering %s in datacenter %s", k.For(), k.DatacenterID)}
}

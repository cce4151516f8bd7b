package plan

import (
	"cmp"
	"slices"
)

// outcome is what a way of buying comes to; smaller is better.
type outcome struct {
	// unplaced counts the pods without a place by priority, highest first.
	unplaced []int
	// owed counts the nodes that groups lack to their minimum, tight the groups that lack
	// head-room.
	owed, tight int
	// lower counts the pods for which nodes of lower tiers are bought, the lowest first.
	lower []int
	price Money
	nodes int
	// headroom is how many of the nodes are bought as head-room.
	headroom int
}

func (o outcome) better(than outcome) bool {
	if c := slices.Compare(o.unplaced, than.unplaced); c != 0 {
		return c < 0
	}
	return cmp.Or(cmp.Compare(o.owed, than.owed), slices.Compare(o.lower, than.lower), cmp.Compare(o.tight, than.tight), cmp.Compare(o.price, than.price), cmp.Compare(o.nodes, than.nodes)) < 0
}

func (w *world) outcome(lots []*lot) outcome {
	var o outcome
	for i, l := range lots {
		if l.expendable {
			break // these come last, and nothing is bought for them
		}
		if i == 0 || l.priority != lots[i-1].priority {
			o.unplaced = append(o.unplaced, 0)
		}
		if l.buys() {
			o.unplaced[len(o.unplaced)-1] += l.left
		}
	}
	for _, g := range w.groups {
		o.owed += g.owed()
	}
	o.lower = w.perTier()
	o.tight = len(w.tight(w.loads()))
	for _, h := range w.bought() {
		o.price += h.template.offer.Price
		o.nodes++
		if h.reason == Headroom {
			o.headroom++
		}
	}
	return o
}

// solve places the pending pods and buys nodes for the rest.
func (w *world) solve() {
	for _, g := range w.groups {
		set(w, &g.owes, g.owed())
	}
	lots := w.bySize(w.lots)
	w.fillExisting(lots)
	if !w.mustBuy(lots) {
		w.reconcile(lots, aim{})
		w.relieve(lots, aim{})
		return
	}
	w.decideTypes(lots)
	w.effort.begin()
	w.runBest(lots)
}

func (w *world) mustBuy(lots []*lot) bool {
	return slices.ContainsFunc(lots, func(l *lot) bool { return l.left > 0 && l.buys() }) ||
		slices.ContainsFunc(w.groups, func(g *group) bool { return g.owed() > 0 })
}

// misses says that a pod has no place.
func (o outcome) misses() bool {
	return slices.ContainsFunc(o.unplaced, func(n int) bool { return n > 0 })
}

// limited says whether a maximum or a stock has kept the plan from buying more.
func (w *world) limited() bool {
	return slices.ContainsFunc(w.templates, func(t *template) bool {
		return t.group.closed.reason == "" && t.barred.reason == "" && t.allowed() && t.buyable() == 0
	})
}

// run buys in the way given, and what the groups owe to their minimum.
func (w *world) run(lots []*lot, a aim) {
	if a.minFirst || a.roomFirst {
		w.buyMinimum()
		w.fillAll(lots, w.bought())
	}
	if a.roomFirst {
		w.buyHeadroom()
		w.fillHeadroom(lots)
	}
	if a.evenly {
		w.buyEvenly(lots, a)
	}
	w.buyWithin(lots, a)
	if bare := a.bare(); bare != a { // what nothing else serves
		a = bare
		w.buyFor(lots, a)
	}
	w.buyMinimum()
	w.fillAll(lots, w.taking())
	w.reconcile(lots, a)
	w.finish(lots, a)
}

// finish gives the nodes that are bought the cheapest templates that do, and groups their
// head-room. A cheaper template leaves its group less room, so where head-room is bought
// it also tries without those that bring a group to a threshold, if nodes are few.
func (w *world) finish(lots []*lot, a aim) {
	mark := w.fork()
	complete := func(roomy bool) outcome {
		before := w.fork()
		w.shrink(roomy)
		more := w.fork() != before && wanting(lots)
		if more {
			w.buyFor(lots, a) // a cap, or a group's maximum, may allow more now
		}
		// A cheaper template may take what the other did not.
		if w.fillAll(lots, w.taking()) > 0 || more {
			w.reconcile(lots, a)
		}
		w.relieve(lots, a)
		return w.outcome(lots)
	}
	cheap := complete(false)
	if cheap.headroom == 0 || cheap.nodes > fewPods || !slices.ContainsFunc(w.log[mark:], func(s step) bool { return s.did == retypedHost }) {
		return
	}
	w.revert(mark)
	if roomy := complete(true); cheap.better(roomy) {
		w.revert(mark)
		complete(false)
	}
}

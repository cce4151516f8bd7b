package plan

import (
	"cmp"
	"slices"
)

// outcome is what a way of buying comes to; smaller is better.
type outcome struct {
	// unplaced counts the pods without a place by priority, highest first.
	unplaced []int
	// owed counts the nodes that groups lack to their minimum.
	owed  int
	price Money
	nodes int
}

func (o outcome) better(than outcome) bool {
	if c := slices.Compare(o.unplaced, than.unplaced); c != 0 {
		return c < 0
	}
	return cmp.Or(cmp.Compare(o.owed, than.owed), cmp.Compare(o.price, than.price), cmp.Compare(o.nodes, than.nodes)) < 0
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
	for _, h := range w.bought() {
		o.price += h.template.offer.Price
		o.nodes++
	}
	return o
}

// solve places the pending pods and buys nodes for the rest.
func (w *world) solve() {
	for _, g := range w.groups {
		g.owes = g.owed()
	}
	lots := w.bySize(w.lots)
	w.fillExisting(lots)
	if !w.mustBuy(lots) {
		w.reconcile(lots, aim{})
		return
	}
	w.decideTypes(lots)
	w.runBest(lots)
}

func (w *world) mustBuy(lots []*lot) bool {
	return slices.ContainsFunc(lots, func(l *lot) bool { return l.left > 0 && l.buys() }) ||
		slices.ContainsFunc(w.groups, func(g *group) bool { return g.owed() > 0 })
}

// decideTypes settles the type of groups without mixed instances that have no node
// yet: the one that serves the demand best, one group after another.
func (w *world) decideTypes(lots []*lot) {
	for _, g := range w.groups {
		if g.AllowMixed || g.onlyType != "" || g.Deleting || len(g.templates) == 0 {
			continue
		}
		var best outcome
		choice := ""
		for _, t := range g.templates {
			if t.barred.reason != "" {
				continue
			}
			g.onlyType = t.offer.InstanceType
			mark := w.mark()
			o := w.runBest(lots)
			w.revert(mark)
			if choice == "" || o.better(best) {
				best, choice = o, t.offer.InstanceType
			}
		}
		g.onlyType = choice
	}
}

// fewPods is for how many pods at most further ways to buy are tried: with more,
// what the ways differ in is a small part of the price.
const fewPods = 500

// With very few of both, also what can be had without each template is looked at: a
// tempting one more must not lead astray.
const (
	veryFewPods      = 24
	veryFewTemplates = 8
)

// runBest buys in the way with the best outcome.
func (w *world) runBest(lots []*lot) outcome {
	owes := slices.ContainsFunc(w.groups, func(g *group) bool { return g.owed() > 0 })
	mark, lacking := w.mark(), scattered(lots)
	tied, zoned := len(w.companionsOf(lots, false)), len(w.companionsOf(lots, true))
	best, last, left := aim{}, aim{}, 0
	for _, l := range lots {
		left += l.left
	}
	w.run(lots, best)
	result, limited := w.outcome(lots), w.limited()
	consider := func(a aim) {
		w.revert(mark)
		w.run(lots, a)
		last, limited = a, limited || w.limited()
		if o := w.outcome(lots); o.better(result) {
			best, result = a, o
		}
	}
	if owes {
		consider(aim{minFirst: true})
	}
	change := func(alter func(*aim)) {
		a := best
		alter(&a)
		consider(a)
	}
	if tied > 0 && (left <= fewPods || result.misses()) {
		change(func(a *aim) { a.apart = true })
	}
	if zoned > 0 && (left <= fewPods || result.misses()) {
		change(func(a *aim) { a.zoned = true })
	}
	if len(lacking) > 0 && len(lacking) < len(lots) {
		change(func(a *aim) { a.domainsLast = true })
	}
	if left <= fewPods && result.nodes > 0 {
		for _, alter := range w.ways(left) {
			change(alter)
		}
	}
	if result.misses() && limited {
		consider(aim{perNode: true, minFirst: owes})
		if len(result.unplaced) > 1 {
			consider(aim{byPriority: true, minFirst: owes})
			consider(aim{byPriority: true, perNode: true, minFirst: owes})
		}
	}
	if last != best {
		w.revert(mark)
		w.run(lots, best)
	}
	return result
}

// misses says that a pod has no place.
func (o outcome) misses() bool {
	return slices.ContainsFunc(o.unplaced, func(n int) bool { return n > 0 })
}

// ways are changes to the way of buying that are worth a trial when there are few pods.
func (w *world) ways(left int) []func(*aim) {
	valued := func(a *aim, t *template, byResource bool) {
		a.oneByOne, a.byResource, a.without = false, byResource, t
	}
	ways := []func(*aim){
		func(a *aim) { valued(a, nil, false); a.oneByOne = true },
		func(a *aim) { valued(a, nil, true) },
	}
	if left > veryFewPods || len(w.templates) > veryFewTemplates {
		return ways
	}
	for _, t := range w.templates {
		if t.offer.InstanceType == t.group.Preferred {
			continue // what fits it goes there, at whatever price
		}
		ways = append(ways, func(a *aim) { valued(a, t, false) }, func(a *aim) { valued(a, t, true) })
	}
	return ways
}

// limited says whether a maximum or a stock has kept the plan from buying more.
func (w *world) limited() bool {
	return slices.ContainsFunc(w.templates, func(t *template) bool {
		return t.group.closed.reason == "" && t.barred.reason == "" && t.allowed() && t.buyable() == 0
	})
}

// run buys in the way given, and what the groups owe to their minimum.
func (w *world) run(lots []*lot, a aim) {
	if a.minFirst {
		w.buyMinimum()
		w.fillAll(lots, w.bought())
	}
	w.buyFor(lots, a)
	if a.without != nil { // what nothing else serves
		a.without = nil
		w.buyFor(lots, a)
	}
	w.buyMinimum()
	w.fillAll(lots, w.taking())
	w.reconcile(lots, a)
	w.shrink()
	// A cheaper template may take what the other did not.
	if w.fillAll(lots, w.taking()) > 0 {
		w.reconcile(lots, a)
	}
}

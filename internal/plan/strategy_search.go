package plan

import (
	"cmp"
	"slices"
)

// strategy is a named way of buying.
type strategy struct {
	name string
	// worth says whether a trial is worth its time; nil is yes.
	worth func(s *search) bool
	// alter changes the best way so far; from changes the plain way instead.
	alter, from func(a *aim)
	// keeps are the nodes of the best way so far that are bought again before anything else; nil is none.
	keeps func(s *search) []nodeBought
	// anew: pods on nodes that are there already take part, too.
	anew bool
}

// plainStrategy is the name of the first way of buying, which changes nothing.
const plainStrategy = "patterns"

// strategies are the ways of buying that are tried after the plain one, in this order.
func strategies() []strategy {
	fewOrMissing := func(s *search) bool { return s.left <= fewPods || s.result.misses() }
	return []strategy{
		{name: "minimum-first", worth: func(s *search) bool { return s.owes }, from: func(a *aim) { a.minFirst = true }},
		{name: "headroom-first", worth: func(s *search) bool { return s.tight }, alter: func(a *aim) { a.roomFirst = true }},
		{name: "spread-along", worth: func(s *search) bool { return s.fickle && !s.best.together }, alter: func(a *aim) { a.together = true }},
		{name: "companions-apart", worth: func(s *search) bool { return s.tied && fewOrMissing(s) }, alter: func(a *aim) { a.apart = true }},
		{name: "companions-by-zone", worth: func(s *search) bool { return s.zoned && fewOrMissing(s) }, alter: func(a *aim) { a.zoned = true }},
		{name: "domains-last", worth: func(s *search) bool { return s.lacking }, alter: func(a *aim) { a.domainsLast = true }},
	}
}

// lastStrategies are tried when the best of the others has been refined; one that is better is refined, too.
func lastStrategies() []strategy {
	return []strategy{
		{name: "evenly", worth: (*search).spreadCosts, keeps: (*search).unspread, alter: func(a *aim) { a.evenly = true }},
	}
}

// limitedStrategies are tried last, where a maximum or a stock leaves pods without a node.
func limitedStrategies() []strategy {
	ranked := func(s *search) bool { return len(s.result.unplaced) > 1 }
	return []strategy{
		{name: "most-pods", from: func(a *aim) { a.perNode = true }},
		{name: "by-priority", worth: ranked, from: func(a *aim) { a.byPriority = true }},
		{name: "most-pods-by-priority", worth: ranked, from: func(a *aim) { a.byPriority, a.perNode = true, true }},
		{name: "smallest-first", anew: true, from: func(a *aim) { a.byPriority, a.perNode, a.smallest = true, true, true }},
		{name: "smallest-first-by-price", worth: (*search).capped, anew: true, from: func(a *aim) { a.byPriority, a.smallest = true, true }},
	}
}

// capped says that a NodeGroup has a cap beside its maximum: it allows more nodes the smaller they are.
func (s *search) capped() bool {
	return slices.ContainsFunc(s.w.groups, func(g *group) bool { return g.Limits != Limits{} })
}

// search tries ways of buying and keeps the best.
type search struct {
	w    *world
	lots []*lot
	mark int
	// left is how many pods there are to buy for.
	left int
	// What groups and pods ask for that strategies differ in: nodes to a minimum, head-room,
	// pods tied together by hostname or by another key, domains of a spread, pods that spread by others.
	owes, tight, tied, zoned, lacking, fickle bool

	// best has the outcome result; name is its strategy, and steps is what it did.
	best   aim
	name   string
	result outcome
	steps  []step
	// appraisal is the one of most pods so far.
	appraisal *appraisal
	// current says that the best is what the world shows.
	current bool
	// limited says whether a maximum or a stock has kept any of them from buying more;
	// relieved whether any has bought head-room, which a better one may have found a way around.
	limited, relieved bool
}

// runBest buys in the way with the best outcome.
func (w *world) runBest(lots []*lot) outcome {
	s := w.newSearch(lots)
	s.begin()
	s.tryAll(strategies())
	s.tryFew()
	if s.result.misses() && s.limited {
		s.tryAll(limitedStrategies())
	}
	s.refine()
	refined := s.name
	if s.tryAll(lastStrategies()); s.name != refined {
		s.refine()
	}
	s.show()
	set(w, &w.strategy, s.name)
	set(w, &w.appraisal, s.appraisal)
	return s.result
}

// begin buys in the plain way.
func (s *search) begin() {
	s.w.run(s.lots, s.best)
	s.result, s.limited = s.w.outcome(s.lots), s.w.limited()
	s.relieved, s.appraisal = s.result.headroom > 0, s.w.appraisal
	s.steps, s.current = s.w.changes(s.mark), true
}

func (w *world) newSearch(lots []*lot) *search {
	set(w, &w.appraisal, nil)
	s := &search{w: w, lots: lots, mark: w.fork(), name: plainStrategy}
	for _, l := range lots {
		s.left += l.left
	}
	s.best.together = s.left > mostApart
	s.owes = slices.ContainsFunc(w.groups, func(g *group) bool { return g.owed() > 0 })
	s.tight = len(w.tight(w.loads())) > 0
	s.tied, s.zoned = len(w.companionsOf(lots, false)) > 0, len(w.companionsOf(lots, true)) > 0
	lacking := len(scattered(lots))
	s.lacking = lacking > 0 && lacking < len(lots)
	s.fickle = slices.ContainsFunc(lots, (*lot).fickle)
	return s
}

// tryAll tries those of the strategies that are worth it.
func (s *search) tryAll(list []strategy) {
	for _, st := range list {
		switch {
		case st.worth != nil && !st.worth(s):
		case st.from != nil:
			a := aim{minFirst: s.owes, together: s.best.together}
			st.from(&a)
			first := func() {}
			if st.anew {
				first = func() { s.w.refillExisting(s.inOrder(a)) }
			}
			s.attempt(st.name, a, first)
		case st.keeps != nil:
			a, kept := s.best, st.keeps(s)
			st.alter(&a)
			s.attempt(st.name, a, func() { s.w.reopen(kept, s.lots) })
		default:
			s.change(st.name, st.alter)
		}
	}
}

// try buys in another way, and keeps it if it is better.
func (s *search) try(name string, a aim) { s.attempt(name, a, func() {}) }

// show makes the snapshot what the best way has made it.
func (s *search) show() {
	if !s.current {
		s.w.revert(s.mark)
		s.w.commit(s.steps)
		s.current = true
	}
}

// attempt buys in another way after a first step, and says whether it is better; if so, it keeps
// that.
func (s *search) attempt(name string, a aim, first func()) bool {
	if s.w.effort.spent() {
		return false
	}
	s.w.revert(s.mark)
	set(s.w, &s.w.appraisal, s.appraisal)
	first()
	s.w.run(s.inOrder(a), a)
	s.appraisal = s.w.appraisal
	s.limited, s.current = s.limited || s.w.limited(), false
	o := s.w.outcome(s.lots)
	s.relieved = s.relieved || o.headroom > 0
	if !o.better(s.result) {
		return false
	}
	s.best, s.name, s.result, s.steps, s.current = a, name, o, s.w.changes(s.mark), true
	return true
}

// inOrder are the lots in the order in which the way serves them.
func (s *search) inOrder(a aim) []*lot {
	if !a.smallest {
		return s.lots
	}
	lots := slices.Clone(s.lots)
	slices.SortStableFunc(lots, func(a, b *lot) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(s.w.shareOf(a.size), s.w.shareOf(b.size)))
	})
	return lots
}

// change tries the best way so far with a change.
func (s *search) change(name string, alter func(*aim)) {
	a := s.best
	alter(&a)
	s.try(name, a)
}

// tryFew tries what is worth it only where there are few pods.
func (s *search) tryFew() {
	if s.left > fewPods || s.result.nodes == 0 {
		return
	}
	s.tryAll(s.w.ways(s.left))
	if !s.relieved {
		return
	}
	s.change("below-threshold", func(a *aim) { a.belowThreshold = true })
	for _, g := range s.w.groups[:min(len(s.w.groups), fewGroups)] {
		s.try("without-group", aim{avoids: g})
		s.change("without-group", func(a *aim) { a.avoids = g })
	}
}

// ways are changes to the way of buying that are worth a trial when there are few pods.
func (w *world) ways(left int) []strategy {
	valued := func(a *aim, without string, byResource bool) {
		a.oneByOne, a.byResource, a.without = false, byResource, without
	}
	ways := []strategy{
		{name: "node-by-node", alter: func(a *aim) { valued(a, "", false); a.oneByOne = true }},
		{name: "by-resource", alter: func(a *aim) { valued(a, "", true) }},
	}
	if left > veryFewPods || len(w.templates) > veryFewTemplates {
		return ways
	}
	seen := map[string]bool{}
	for _, t := range w.templates {
		if seen[t.offer.InstanceType] || t.offer.InstanceType == t.group.Preferred {
			continue // what fits a preferred type goes there, at whatever price
		}
		seen[t.offer.InstanceType] = true
		ways = append(ways,
			strategy{name: "without-type", alter: func(a *aim) { valued(a, t.offer.InstanceType, false) }},
			strategy{name: "without-type-by-resource", alter: func(a *aim) { valued(a, t.offer.InstanceType, true) }})
	}
	return ways
}

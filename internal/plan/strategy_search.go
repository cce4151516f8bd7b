package plan

import "slices"

// fewPods is for how many pods at most further ways to buy are tried: with more,
// what the ways differ in is a small part of the price.
const fewPods = 500

// With very few of both, also what can be had without each template is looked at: a
// tempting one more must not lead astray.
const (
	veryFewPods      = 24
	veryFewTemplates = 8
)

// fewGroups is how many groups at most are left out for a trial, where head-room is bought:
// what pods take of one group's room may be dearer than of another's.
const fewGroups = 8

// search tries ways of buying and keeps the best.
type search struct {
	w    *world
	lots []*lot
	mark int
	// left is how many pods there are to buy for.
	left int
	// best has the outcome result, and steps is what it did.
	best   aim
	result outcome
	steps  []step
	// current says that the best is what the world shows.
	current bool
	// limited says whether a maximum or a stock has kept any of them from buying more.
	limited bool
}

// runBest buys in the way with the best outcome.
func (w *world) runBest(lots []*lot) outcome {
	s := &search{w: w, lots: lots, mark: w.mark()}
	w.appraisal = nil
	for _, l := range lots {
		s.left += l.left
	}
	owes := slices.ContainsFunc(w.groups, func(g *group) bool { return g.owed() > 0 })
	tight := len(w.tight(w.loads())) > 0
	lacking, tied, zoned := scattered(lots), len(w.companionsOf(lots, false)), len(w.companionsOf(lots, true))
	w.run(lots, s.best)
	s.result, s.limited = w.outcome(lots), w.limited()
	s.steps, s.current = w.since(s.mark), true
	if owes {
		s.try(aim{minFirst: true})
	}
	if tight {
		s.change(func(a *aim) { a.roomFirst = true })
	}
	if tied > 0 && (s.left <= fewPods || s.result.misses()) {
		s.change(func(a *aim) { a.apart = true })
	}
	if zoned > 0 && (s.left <= fewPods || s.result.misses()) {
		s.change(func(a *aim) { a.zoned = true })
	}
	if len(lacking) > 0 && len(lacking) < len(lots) {
		s.change(func(a *aim) { a.domainsLast = true })
	}
	s.tryFew()
	if s.result.misses() && s.limited {
		s.try(aim{perNode: true, minFirst: owes})
		if len(s.result.unplaced) > 1 {
			s.try(aim{byPriority: true, minFirst: owes})
			s.try(aim{byPriority: true, perNode: true, minFirst: owes})
		}
	}
	if !s.current {
		w.revert(s.mark)
		w.redo(s.steps)
	}
	return s.result
}

// try buys in another way, and keeps it if it is better.
func (s *search) try(a aim) {
	s.w.revert(s.mark)
	s.w.run(s.lots, a)
	s.limited, s.current = s.limited || s.w.limited(), false
	if o := s.w.outcome(s.lots); o.better(s.result) {
		s.best, s.result, s.steps, s.current = a, o, s.w.since(s.mark), true
	}
}

// change tries the best way so far with a change.
func (s *search) change(alter func(*aim)) {
	a := s.best
	alter(&a)
	s.try(a)
}

// tryFew tries what is worth it only where there are few pods.
func (s *search) tryFew() {
	if s.left > fewPods || s.result.nodes == 0 {
		return
	}
	for _, alter := range s.w.ways(s.left) {
		s.change(alter)
	}
	if s.result.headroom == 0 {
		return
	}
	s.change(func(a *aim) { a.belowThreshold = true })
	for _, g := range s.w.groups[:min(len(s.w.groups), fewGroups)] {
		s.try(aim{avoids: g})
		s.change(func(a *aim) { a.avoids = g })
	}
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

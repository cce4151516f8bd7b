package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// A node holds maxSkew more pods that spread by hostname than the node with the fewest, and a new node has none. Patterns
// therefore have maxSkew of them at most, and many pods of an app buy many nodes, however small. But where every node that counts
// holds as many, a level, each may hold maxSkew more than that: fewer nodes do, filled evenly.

// spreadCost is what pods that spread by hostname cost where a node may hold more of them in another plan (placesOfOurs).
type spreadCost struct {
	// share is by how much of its price the program is dearer than the relaxed one, which does not know of these places.
	share float64
	// uses is how many nodes of each template the relaxed program buys.
	uses map[*template]float64
	// level are the places with pods for each of these nodes that counts.
	level map[filter.Place]bool
}

// value is what the program says that the pods of the sizes are worth.
func value(c *packing.Program, sizes []*sizeGroup) float64 {
	sum := 0.0
	for _, s := range sizes {
		sum += c.Duals[s.item] * s.part * float64(s.pods())
	}
	return sum
}

// usesOf is how many nodes of each template the program buys.
func usesOf(c *packing.Program, bins []*template) map[*template]float64 {
	uses := map[*template]float64{}
	for _, u := range c.Uses() {
		uses[bins[u.Bin]] += u.Times
	}
	return uses
}

// costOfSpread finds those of the places with pods for each node that counts, where so many are used.
func (b *buyer) costOfSpread(places map[filter.Place]bool, uses map[*template]float64) spreadCost {
	pods := map[filter.Place]int{}
	for _, s := range b.sizes {
		pods[s.place] += s.pods()
	}
	level := map[filter.Place]bool{}
	for at := range places {
		nodes := 0.0
		for _, t := range b.w.templates {
			if at.CountsNew(t.nodeClass, t.domains) {
				nodes += uses[t]
			}
		}
		if float64(pods[at]) >= nodes {
			level[at] = true
		}
	}
	return spreadCost{uses: uses, level: level}
}

// spreadCosts says that the pods which spread by hostname make the program noticeably dearer, and might lie evenly.
func (s *search) spreadCosts() bool {
	return s.appraisal != nil && s.appraisal.spread.share > evenShare && len(s.appraisal.spread.level) > 0
}

// unspread are the nodes bought for pods that do not count where pods might lie more closely.
func (s *search) unspread() []nodeBought {
	s.show()
	counts := map[*template]bool{}
	for at := range s.appraisal.spread.level {
		for _, t := range s.w.templates {
			counts[t] = counts[t] || at.CountsNew(t.nodeClass, t.domains)
		}
	}
	var kept []nodeBought
	for _, h := range s.w.bought() {
		if h.reason == PendingPods && !counts[h.template] {
			kept = append(kept, nodeBought{h.template, slices.Clone(h.placed)})
		}
	}
	return kept
}

// evenSet is pods that spread by hostname over the nodes of some templates.
type evenSet struct {
	templates []*template
	// spread are lots of such pods; lots those of all pods that can be on no other new nodes.
	spread, lots []*lot
}

// evenSets finds the pods that spread by hostname over nodes of which none has to stay without them.
func (w *world) evenSets(lots []*lot) []*evenSet {
	named, some := map[string]*evenSet{}, map[*evenSet]bool{}
	of := map[filter.Place]*evenSet{}
	var sets []*evenSet
	for _, l := range lots {
		at := w.filters.PlaceOf(l.kind)
		if l.left == 0 || !l.buys() || !at.Spreads() {
			continue
		}
		if of[at] == nil {
			templates, name := w.counting(at, l)
			if named[name] == nil {
				named[name] = &evenSet{templates: templates}
				sets = append(sets, named[name])
			}
			of[at] = named[name]
		}
		of[at].spread = append(of[at].spread, l)
		some[of[at]] = some[of[at]] || w.appraisal.spread.level[at]
	}
	sets = slices.DeleteFunc(sets, func(s *evenSet) bool { return !some[s] })
	for _, s := range sets {
		s.lots = w.onlyOn(s.templates, lots)
	}
	return sets
}

// onlyOn are the lots of pods that may be on new nodes of the templates and of no others.
func (w *world) onlyOn(templates []*template, lots []*lot) []*lot {
	own := map[*template]bool{}
	for _, t := range templates {
		own[t] = true
	}
	var only []*lot
	for _, l := range lots {
		w.effort.took(len(w.templates))
		if l.left > 0 && l.buys() && slices.ContainsFunc(templates, func(t *template) bool { return t.holds(l) }) &&
			!slices.ContainsFunc(w.templates, func(t *template) bool { return !own[t] && t.admits(l) }) {
			only = append(only, l)
		}
	}
	return only
}

// counting are the templates of which new nodes count for the place and take the lot's pods, and a name for them.
func (w *world) counting(at filter.Place, l *lot) ([]*template, string) {
	var name filter.KeyBuilder
	var counting []*template
	w.effort.took(len(w.templates))
	for i, t := range w.templates {
		if at.CountsNew(t.nodeClass, t.domains) && t.admits(l) {
			name.Number(i)
			counting = append(counting, t)
		}
	}
	return counting, string(name.Buf)
}

// buyEvenly buys nodes for pods that spread by hostname, and for those that share the nodes, so that every node holds as many.
func (w *world) buyEvenly(lots []*lot, a aim) {
	if w.appraisal == nil {
		return
	}
	for _, s := range w.evenSets(lots) {
		a.floor = w.tiers()[0]
		var best outcome
		var steps []step
		for _, nodes := range s.sizes(w) {
			mark := w.fork()
			if w.buyLevel(s, nodes, a) {
				if o := w.outcome(s.lots); steps == nil || o.better(best) {
					best, steps = o, w.changes(mark)
				}
			}
			w.revert(mark)
		}
		w.commit(steps)
	}
}

// sizes are the numbers of nodes that are tried for a set, from what the relaxed program buys.
func (s *evenSet) sizes(w *world) []int {
	nodes, most := 0.0, 0
	for _, t := range s.templates {
		nodes += w.appraisal.spread.uses[t]
	}
	for _, l := range s.spread {
		most = max(most, l.left)
	}
	var sizes []int
	for n := max(nodes, 2); int(n) <= most && len(sizes) < mostLevels; n = max(n*levelStep, n+1) {
		sizes = append(sizes, int(n))
	}
	return sizes
}

// level is what each of so many nodes gets of the lots that spread.
func (w *world) level(spread []*lot, nodes int) []share {
	room := map[filter.Place]int{}
	var shares []share
	for _, l := range spread {
		at := w.filters.PlaceOf(l.kind)
		if _, known := room[at]; !known {
			room[at] = at.Level()
		}
		if n := min(l.left/nodes, room[at]); n > 0 {
			shares = append(shares, share{lot: l, n: n})
			room[at] -= n
		}
	}
	return shares
}

// buyLevel buys for the set as if every node had a level of pods already, where that many nodes can have it, and then gives them
// these pods. It says whether there is such a level.
func (w *world) buyLevel(s *evenSet, nodes int, a aim) bool {
	level := w.level(s.spread, nodes)
	if len(level) == 0 {
		return false
	}
	mark := w.fork()
	bought := w.buyBeside(s, level, nodes, 0, a)
	if missing := nodes - len(bought); missing > 0 {
		w.revert(mark)
		bought = w.buyBeside(s, level, nodes, missing, a)
	}
	for again := true; again; {
		again = false
		for _, l := range s.spread {
			for _, h := range bought {
				again = l.left > 0 && w.stack(h, l, 1) > 0 || again
			}
		}
	}
	w.fillAll(s.lots, bought)
	w.buyBand(s.lots, a)
	w.reconcile(s.lots, a)
	w.shrink(false)
	return true
}

// buyBeside buys nodes for the set's pods but the level of so many nodes: first as many as given for the level alone, of the
// cheapest template, then what the other pods need besides.
func (w *world) buyBeside(s *evenSet, level []share, nodes, first int, a aim) []*host {
	size := w.sizeOf(level)
	cheapest := cheapestOf(slices.DeleteFunc(slices.Clone(s.templates), func(t *template) bool {
		return !t.unyielded.Covers(size) || a.leavesOut(t) || t.group.closed.reason != ""
	}))
	return w.setAside(s.templates, level, nodes, func() {
		before := len(w.hosts)
		for range first {
			if cheapest != nil && cheapest.buyable() > 0 {
				w.open(cheapest, PendingPods)
			}
		}
		w.fillAll(s.lots, w.hosts[before:])
		w.buyBand(s.lots, a)
		w.reconcile(s.lots, a)
	})
}

// setAside buys while every new node of the templates has less room, by the shares, and that many times the shares' pods are not
// bought for. It returns the nodes bought, which have that room then.
func (w *world) setAside(templates []*template, shares []share, times int, buy func()) []*host {
	size := w.sizeOf(shares)
	for _, x := range shares {
		set(w, &x.lot.left, x.lot.left-x.n*times)
	}
	type room struct{ free, unyielded resources.Vector }
	rooms := map[*template]room{}
	for _, t := range templates {
		rooms[t] = room{t.free, t.unyielded}
		set(w, &t.free, without(t.free, size))
		set(w, &t.unyielded, without(t.unyielded, size))
	}
	before := len(w.hosts)
	buy()
	for _, x := range shares {
		set(w, &x.lot.left, x.lot.left+x.n*times)
	}
	for _, t := range templates {
		set(w, &t.free, rooms[t].free)
		set(w, &t.unyielded, rooms[t].unyielded)
	}
	bought := slices.Clone(w.hosts[before:])
	for _, h := range bought {
		free := slices.Clone(h.template.unyielded)
		for _, x := range h.placed {
			free.Add(x.lot.size, int64(-x.n))
		}
		set(w, &h.free, free)
	}
	return bought
}

// without is what is left of the room when that much is taken; no room for any pod where it is less.
func without(room, size resources.Vector) resources.Vector {
	if !room.Covers(size) {
		return make(resources.Vector, len(room))
	}
	left := slices.Clone(room)
	left.Add(size, -1)
	return left
}

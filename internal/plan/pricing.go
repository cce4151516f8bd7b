package plan

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// Bounds on the work of pricing. More finds little that is better.
const (
	mostTemplates = 3   // templates of a family and scale of price whose patterns are looked for
	pricingRounds = 60  // of looking for patterns
	furtherRounds = 10  // of that when part of the pods have been served
	leastSteps    = 100 // of looking for one pattern, with very many goods and templates
	mostSteps     = 5000
	// The last rounds look harder.
	thoroughRounds = 24
	thoroughSteps  = 2000
	// pricingWork is how many steps a round of looking for patterns takes about.
	pricingWork = 90_000
	// patternsPerRound is after how many new patterns worths are worked out anew. With
	// more, most are for worths that are past.
	patternsPerRound = 20
	// exactWork is how much work for each pod goes into patterns that are surely the best.
	// Among more templates than exactTemplates what the search misses on one is as good on
	// another.
	exactWork      = 16384
	exactTemplates = 16
)

// appraise works out what every size is worth, when what is left has changed much,
// and what every template can be hoped to be rated then.
func (b *buyer) appraise() {
	if b.priced && !b.again && b.asked > b.askedAt/2 {
		return
	}
	b.again = false
	b.priced = true
	open := slices.DeleteFunc(slices.Clone(b.w.templates), func(t *template) bool {
		return b.aim.leavesOut(t) || t.group.closed.reason != "" || t.buyable() == 0 || !b.wants(t)
	})
	demand := make(resources.Vector, len(b.w.dims.Names))
	for _, s := range b.sizes {
		for _, l := range s.lots {
			demand.Add(l.size, int64(l.left))
		}
	}
	free := make([]resources.Vector, len(open))
	for i, t := range open {
		free[i] = t.free
	}
	rates := worths(demand, open, free)
	for _, s := range b.sizes {
		s.worth = s.size.Dot(rates)
	}
	if len(open) > 0 && !b.aim.byResource {
		priced := b.price(open, rates)
		if !b.wide {
			open = priced
		}
	}
	b.asked = 0
	for _, s := range b.sizes {
		s.worth += 1e-6 // a pod that asks for nothing counts a little, too
		for _, l := range s.lots {
			b.asked += s.worth * float64(l.left)
		}
	}
	b.askedAt, b.boughtAt = b.asked, b.bought
	b.stalls = b.stalls[:0]
	for _, t := range open {
		b.stalls = append(b.stalls, &stall{template: t, hope: b.rate(t, min(2*t.free.Dot(rates)+1, b.asked)), fresh: -1})
	}
	heap.Init(&b.stalls)
}

// price works out the worths of sizes from the patterns that would serve them best,
// and buys what of these patterns is needed in whole numbers anyway. It returns the
// templates that patterns were looked for.
func (b *buyer) price(open []*template, rates []float64) []*template {
	c := b.program
	if c == nil {
		c = b.columns(open, rates)
		b.program = c
		c.solve(b.rounds(), int64(b.pods())*exactWork)
		if b.w.appraisal == nil || len(b.w.bought()) == 0 && !b.aim.belowThreshold {
			b.w.appraisal = b.appraisalFor(c, open, rates)
		}
	} else {
		counts := make([]int, len(c.goods))
		for _, s := range b.sizes {
			counts[s.good] += s.pods()
		}
		c.retarget(counts)
		c.grow(furtherRounds, c.steps())
	}
	for _, s := range b.sizes {
		s.worth = c.worth[s.good] * s.part * moneyUnit
	}
	if !b.aim.perNode && !b.aim.oneByOne {
		b.again = b.realiseAll(c) > 0
	}
	if len(c.goods) < len(b.sizes) {
		b.program = nil // what is left is divided anew
	}
	return c.templates
}

// solve looks for the patterns that serve the goods most cheaply.
func (c *columns) solve(rounds int, work int64) {
	c.seed(c.steps() / 4)
	c.grow(rounds, c.steps())
	c.thorough = true
	c.grow(thoroughRounds, thoroughSteps)
	c.thorough = false
	if len(c.templates) <= exactTemplates {
		c.growExactly(work, furtherRounds, c.steps())
	}
}

// steps is how many steps the search for one pattern takes at most.
func (c *columns) steps() int {
	return min(max(pricingWork/(len(c.goods)*max(len(c.templates), 1)), leastSteps), mostSteps)
}

// rounds is how many rounds of pricing are worth their time: few where what is left is a
// small part of what has been bought.
func (b *buyer) rounds() int {
	paid, left := Money(0), 0.0
	for _, h := range b.w.bought() {
		paid += h.template.offer.Price
	}
	for _, s := range b.sizes {
		left += s.worth * float64(s.pods())
	}
	if left < float64(paid)/20 {
		return pricingRounds / 4
	}
	return pricingRounds
}

// pods is how many pods are left to buy for.
func (b *buyer) pods() int {
	n := 0
	for _, s := range b.sizes {
		n += s.pods()
	}
	return n
}

// columns sets up the packing of what is left into the templates that promise most,
// at every scale of price, and into one for every size that these do not hold.
func (b *buyer) columns(open []*template, rates []float64) *columns {
	goods, places := b.goods(rates)
	promise := func(t *template) float64 { return t.free.Dot(rates) / max(float64(t.offer.Price), 1) }
	sorted := slices.Clone(open)
	slices.SortStableFunc(sorted, func(x, y *template) int { return cmp.Compare(promise(y), promise(x)) })
	held := make([]bool, len(goods))
	families := map[string][]*template{}
	var chosen []*template
	var free []resources.Vector
	var allowed [][]bool
	for _, t := range sorted {
		takes, family := b.takes(goods, t)
		rivals := families[family]
		alike := 0
		for _, u := range rivals {
			if u.offer.Price <= t.offer.Price && u.free.Covers(t.free) {
				alike = mostTemplates
			}
			if bits.Len64(uint64(u.offer.Price)) == bits.Len64(uint64(t.offer.Price)) {
				alike++
			}
		}
		needed := alike < mostTemplates
		for i, takes := range takes {
			needed = needed || takes && !held[i]
		}
		if !needed {
			continue
		}
		families[family] = append(rivals, t)
		for i, takes := range takes {
			held[i] = held[i] || takes
		}
		room := slices.Clone(t.free)
		room = append(room, places...)
		chosen, free, allowed = append(chosen, t), append(free, room), append(allowed, takes)
	}
	return newColumns(goods, len(rates), chosen, free, allowed)
}

// takes says which goods the template takes, and tells its family: templates that
// take the same and are in the same domains.
func (b *buyer) takes(goods []good, t *template) (takes []bool, family string) {
	takes = make([]bool, len(goods))
	var key rulesBuilder
	for _, s := range b.sizes {
		if takes[s.good] {
			continue
		}
		if slices.ContainsFunc(s.lots, func(l *lot) bool { return t.admits(l) && b.choice(b.w, l, t) }) {
			key.number(s.good)
			takes[s.good] = t.free.Fits(goods[s.good].size[:len(t.free)])
		}
	}
	key.text('d', "")
	for _, d := range t.domains {
		key.number(int(d))
	}
	return takes, string(key.buf)
}

package plan

import (
	"math"
	"math/big"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// appraisal is what the pricing program found pods of every size to be worth. Any
// appraisal proves a bound; that of the program proves a tight one.
type appraisal struct {
	// By size; see sizeGroup.
	sizes    []resources.Vector
	places   []filter.Place
	eligible []string
	worth    []int64        // in grains
	of       map[*lot]int64 // by lot, as worth
	pods     int            // how many were left when it was made

	// spread is what pods that spread by hostname cost where they might lie more closely.
	spread spreadCost
}

// appraise keeps for the proof of the bound what the program says, which knows of some limits that hold of our plans alone:
// a node may hold more pods that spread by hostname than maxSkew, once all nodes hold some. Parts of it with such places
// are solved again without these.
func (b *buyer) appraise(c *packing.Program, p *pricing) *appraisal {
	a := &appraisal{of: map[*lot]int64{}, pods: b.pods()}
	c.Prove()
	ours := b.placesOfOurs()
	if len(ours) == 0 {
		a.add(b, c, b.sizes)
		return a
	}
	parts := b.parts(p.open)
	loose := map[int]bool{}
	for _, s := range b.sizes {
		loose[parts[s.eligible]] = loose[parts[s.eligible]] || ours[s.place]
	}
	var kept []*sizeGroup
	var lots []*lot
	for _, s := range b.sizes {
		if loose[parts[s.eligible]] {
			lots = append(lots, s.lots...)
		} else {
			kept = append(kept, s)
		}
	}
	a.add(b, c, kept)
	relaxed := &buyer{w: b.w, aim: b.aim, choice: b.choice}
	relaxed.group(b.w.bySize(lots), func(at filter.Place) bool { return !ours[at] })
	program, bins := relaxed.master(p.open, p.rates)
	program.Solve(packing.PricingRounds)
	program.Prove()
	b.w.effort.took(program.Work())
	a.add(relaxed, program, relaxed.sizes)
	a.spread = b.costOfSpread(ours, usesOf(program, bins))
	a.spread.share = 1 - (value(c, kept)+value(program, relaxed.sizes))/max(value(c, b.sizes), 1e-9)
	return a
}

// placesOfOurs are the places of which a node to be bought may have more room in another plan.
func (b *buyer) placesOfOurs() map[filter.Place]bool {
	left := map[*lot]int{}
	for _, s := range b.sizes {
		for _, l := range s.lots {
			left[l] = l.left
		}
	}
	ours, known := map[filter.Place]bool{}, map[filter.Place]bool{}
	for _, s := range b.sizes {
		if at := s.place; at.Spreads() && !known[at] {
			known[at] = true
			if b.w.roomOfAny(at, left) != int(at.Room()) {
				ours[at] = true
			}
		}
	}
	return ours
}

// add takes down what the program says of the sizes.
func (a *appraisal) add(b *buyer, c *packing.Program, sizes []*sizeGroup) {
	for _, s := range sizes {
		worth := packing.Grains(c.Center[s.item] * s.part)
		a.sizes, a.worth = append(a.sizes, s.size), append(a.worth, worth)
		a.places, a.eligible = append(a.places, s.place), append(a.eligible, b.w.admitting(s.lots[0]))
		for _, l := range s.lots {
			a.of[l] = worth
		}
	}
}

// patternBound is a lower bound like that of lowerBound, with worths of whole pods
// in the place of worths of resources: if no packing of a node on sale is worth more
// than its price, then the nodes bought cost at least the worth of the pods, less
// what the nodes that are there could hold. That is Farley's bound for a linear program
// that is solved by column generation.
func (w *world) patternBound(onSale []*template) Money {
	if w.appraisal == nil || len(onSale) == 0 {
		return 0
	}
	p := w.newProof()
	p.shrink(onSale)
	sum := new(big.Int)
	for _, g := range p.goods {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(g.worth), big.NewInt(int64(g.Count))))
	}
	for _, h := range w.hosts[:w.existing] {
		if h.takes {
			sum.Sub(sum, big.NewInt(p.within(h)))
		}
	}
	if sum.Sign() <= 0 {
		return 0
	}
	return Money(sum.Rsh(sum, packing.GrainBits).Int64())
}

// proof finds the most that a node can hold.
type proof struct {
	w     *world
	goods []good
	lots  [][]*lot // by good, whose pods these are
	// rooms are what nodes have of each place, there what those have that exist: how pods that spread lie on them already is
	// not looked at.
	rooms, there []int
	filler       packing.Filler
}

// good is pods of a size with what one of them is worth, in grains.
type good struct {
	packing.Item
	worth int64
}

// newProof takes down the pods that the plan places, by the sizes of the appraisal.
func (w *world) newProof() *proof {
	p := &proof{w: w}
	lots := map[*lot]int{}
	var order []*lot
	for _, h := range w.hosts {
		for _, s := range h.placed {
			if s.lot.origin == nil && s.lot.buys() {
				if lots[s.lot] == 0 {
					order = append(order, s.lot)
				}
				lots[s.lot] += s.n
			}
		}
	}
	index := p.numberPlaces(lots)
	type key struct {
		size     string
		place    filter.Place
		eligible string
	}
	alike := map[key][]*lot{}
	for _, l := range order {
		k := key{size: l.size.Key(), eligible: w.admitting(l)}
		if at := w.filters.PlaceOf(l.kind); slices.Contains(w.appraisal.places, at) {
			k.place = at
		}
		alike[k] = append(alike[k], l)
	}
	for i, size := range w.appraisal.sizes {
		at := w.appraisal.places[i]
		g := good{Item: packing.Item{Size: size, Place: index[at]}, worth: w.appraisal.worth[i]}
		k := key{size.Key(), at, w.appraisal.eligible[i]}
		kinds := alike[k]
		delete(alike, k) // sizes of several priorities come more than once
		for _, l := range kinds {
			g.Count += lots[l]
		}
		if g.Count > 0 && g.worth > 0 {
			p.goods, p.lots = append(p.goods, g), append(p.lots, kinds)
		}
	}
	return p
}

// ratio is the price of a template, in grains, and the worth of the packing of it that is
// worth most.
type ratio struct {
	template    *template
	takes       []bool // by good
	price, most int64
	closely     bool
}

func (r *ratio) over() float64 { return float64(r.most) / float64(max(r.price, 1)) }

// shrink makes the goods worth so little that no packing of a template on sale is worth
// more than its price: every good by the worst ratio of the templates that take it.
func (p *proof) shrink(onSale []*template) {
	var all []*ratio
	for _, t := range onSale {
		r := &ratio{template: t, takes: p.takes(t), price: int64(t.offer.Price) << packing.GrainBits}
		if !slices.ContainsFunc(all, func(o *ratio) bool { return o.surpasses(r) }) {
			r.most = p.most(r, r.price, 0)
			all = append(all, r)
		}
	}
	known := make([]float64, len(p.goods)) // by good, the worst ratio of those looked at closely
	for range proofSearches {
		var worst *ratio
		for _, r := range all {
			if !r.closely && r.most > r.least(known) && (worst == nil || r.over() > worst.over()) {
				worst = r
			}
		}
		if worst == nil {
			break
		}
		worst.most, worst.closely = min(worst.most, p.most(worst, worst.least(known), proofSteps)), true
		for i, takes := range worst.takes {
			if takes {
				known[i] = max(known[i], worst.over())
			}
		}
	}
	for i := range p.goods {
		price, most := int64(1), int64(1)
		for _, r := range all {
			if r.most > r.price && r.takes[i] && float64(r.price)/float64(r.most) < float64(price)/float64(most) {
				price, most = r.price, r.most
			}
		}
		if most > price {
			worth := new(big.Int).Mul(big.NewInt(p.goods[i].worth), big.NewInt(price))
			// The comparison above is only as good as floating point.
			p.goods[i].worth = max(worth.Div(worth, big.NewInt(most)).Int64()-p.goods[i].worth>>40-1, 0)
		}
	}
}

// least is what the best packing may be worth, as far as is known, without a good having to shrink more by it than it has to anyway.
func (r *ratio) least(known []float64) int64 {
	least := math.Inf(1)
	for i, takes := range r.takes {
		if takes {
			least = min(least, known[i])
		}
	}
	return int64(min(float64(r.price)*max(least, 1), float64(r.most)))
}

// surpasses says that the template holds whatever the other one does, for no more.
func (r *ratio) surpasses(o *ratio) bool {
	return r.price <= o.price && r.template.free.Covers(o.template.free) && covers(r.takes, o.takes)
}

// takes says by good whether the template takes any of it.
func (p *proof) takes(t *template) []bool {
	takes := make([]bool, len(p.goods))
	for i, lots := range p.lots {
		takes[i] = slices.ContainsFunc(lots, t.holds)
	}
	return takes
}

// most is at least what any packing of the template is worth, and at least least.
func (p *proof) most(r *ratio, least int64, steps int) int64 {
	return p.quick(r.template.free, int64(r.template.offer.Price), p.rooms, r.takes, least, steps)
}

// within is at least what can be packed into what the plan found free on the host.
func (p *proof) within(h *host) int64 {
	free, takes := h.freeBefore(), make([]bool, len(p.goods))
	for i := range takes {
		takes[i] = free.Fits(p.goods[i].Size) && slices.ContainsFunc(p.lots[i], func(l *lot) bool { return p.w.verdict(l.kind.Class, h) == filter.Suits })
	}
	return p.quick(free, moneyUnit, p.there, takes, 0, 0)
}

// quick bounds what can be packed into a bin that has such rooms and takes such goods.
func (p *proof) quick(free resources.Vector, price int64, rooms []int, takes []bool, least int64, steps int) int64 {
	if !slices.Contains(takes, true) {
		return 0
	}
	items, values := make([]packing.Item, len(p.goods)), make([]int64, len(p.goods))
	for i, g := range p.goods {
		items[i], values[i] = g.Item, g.worth
	}
	return p.filler.Most(items, rooms, values, packing.Bin{Price: price, Free: free, Takes: takes}, least, steps)
}

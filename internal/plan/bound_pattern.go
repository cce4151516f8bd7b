package plan

import (
	"cmp"
	"math/big"
	"slices"
)

// appraisal is what the pricing program found pods of every size to be worth. Any
// appraisal proves a bound; that of the program proves a tight one.
type appraisal struct {
	sizes  []vec
	places []*counter // by size, see sizeGroup
	worth  []int64    // in grains
}

// appraisalOf keeps what the program says for the proof of the bound.
func (b *buyer) appraisalOf(c *columns) *appraisal {
	a := &appraisal{}
	for _, s := range b.sizes {
		a.sizes = append(a.sizes, s.size)
		a.places = append(a.places, s.place)
		a.worth = append(a.worth, grains(c.worth[s.good]*s.part))
	}
	return a
}

// Bounds on the work of proving.
const (
	proofSteps  = 300
	proofTables = 4
)

// patternBound is a lower bound like that of lowerBound, with worths of whole pods
// in the place of worths of resources: if no packing of a node on sale is worth more
// than its price, then the nodes bought cost at least the worth of the pods, less
// what the nodes that are there could hold.
func (w *world) patternBound(onSale []*template) Money {
	if w.appraisal == nil || len(onSale) == 0 {
		return 0
	}
	p := w.newProof()
	sum := new(big.Int)
	for _, g := range p.goods {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(g.worth), big.NewInt(int64(g.most))))
	}
	for _, h := range w.hosts[:w.existing] {
		if h.takes {
			sum.Sub(sum, big.NewInt(p.within(h)))
		}
	}
	if sum.Sign() <= 0 {
		return 0
	}
	price, most := p.mostGenerous(onSale)
	sum.Mul(sum, big.NewInt(price)).Div(sum, big.NewInt(most)).Rsh(sum, grainBits)
	return Money(sum.Int64())
}

// proof finds the most that a node can hold.
type proof struct {
	w      *world
	goods  []good
	lots   [][]*lot // by good, whose pods these are
	places int
	pods   int
	sack   *knapsack
	table  table
}

// newProof takes down the pods that the plan places, by the sizes of the appraisal.
func (w *world) newProof() *proof {
	p := &proof{w: w, sack: &knapsack{}, table: table{dims: len(w.dims.names)}}
	lots := map[*lot]int{}
	var order []*lot
	for _, h := range w.hosts {
		for _, s := range h.placed {
			if s.lot.origin == nil && !s.lot.expendable {
				if lots[s.lot] == 0 {
					order = append(order, s.lot)
				}
				lots[s.lot] += s.n
			}
		}
	}
	index := map[*counter]int{}
	for _, place := range w.appraisal.places {
		if _, known := index[place]; place != nil && !known {
			index[place] = len(index)
		}
	}
	p.places = len(index)
	type key struct {
		size  string
		place *counter
	}
	alike := map[key][]*lot{}
	for _, l := range order {
		k := key{l.size.key(), w.ownPlace(l.kind)}
		alike[k] = append(alike[k], l)
	}
	for i, size := range w.appraisal.sizes {
		place := w.appraisal.places[i]
		g := good{size: append(slices.Clone(size), make(vec, p.places)...), worth: w.appraisal.worth[i]}
		if place != nil {
			g.size[len(size)+index[place]] = 1
		}
		k := key{size.key(), place}
		kinds := alike[k]
		delete(alike, k) // sizes of several priorities come more than once
		for _, l := range kinds {
			g.most += lots[l]
		}
		if g.most > 0 && g.worth > 0 {
			p.goods, p.lots = append(p.goods, g), append(p.lots, kinds)
			p.pods += g.most
		}
	}
	return p
}

// mostGenerous is the price, in grains, and the worth of the packing that is worth
// most for its price, or two equal numbers when none is worth more than that. All
// worths have to shrink in that proportion.
func (p *proof) mostGenerous(onSale []*template) (price, most int64) {
	type seen struct {
		template    *template
		price, most int64
		closely     bool
	}
	var all []*seen
	for _, t := range onSale {
		if slices.ContainsFunc(all, func(s *seen) bool { return p.surpasses(s.template, t) }) {
			continue
		}
		s := &seen{template: t, price: int64(t.offer.Price) << grainBits}
		if s.most = p.loosely(t); s.most > s.price {
			all = append(all, s)
		}
	}
	over := func(s *seen) float64 { return float64(s.most) / float64(max(s.price, 1)) }
	for tables := 0; len(all) > 0; tables++ {
		worst := slices.MaxFunc(all, func(a, b *seen) int { return cmp.Compare(over(a), over(b)) })
		if worst.most <= worst.price {
			break
		}
		if worst.closely || tables == proofTables {
			return worst.price, worst.most
		}
		worst.most, worst.closely = min(worst.most, p.closely(worst.template)), true
	}
	return 1, 1
}

// surpasses says that whatever t holds u holds too, for no more.
func (p *proof) surpasses(u, t *template) bool {
	if u.offer.Price > t.offer.Price || !u.free.covers(t.free) {
		return false
	}
	for i := range p.goods {
		if p.holds(t, i) && !p.holds(u, i) {
			return false
		}
	}
	return true
}

func (p *proof) holds(t *template, good int) bool { return slices.ContainsFunc(p.lots[good], t.holds) }

// goodsOn are the goods that the template takes, and its room for them.
func (p *proof) goodsOn(t *template) ([]good, vec) {
	goods := slices.Clone(p.goods)
	for i := range goods {
		if !p.holds(t, i) {
			goods[i].most = 0
		}
	}
	return goods, p.room(t.free)
}

func (p *proof) room(free vec) vec {
	room := slices.Clone(free)
	for range p.places {
		room = append(room, 1)
	}
	return room
}

// loosely and closely are at least what any packing of the template is worth.
func (p *proof) loosely(t *template) int64 {
	goods, room := p.goodsOn(t)
	return p.quick(goods, room, priceOf(t), 0)
}

func (p *proof) closely(t *template) int64 {
	goods, room := p.goodsOn(t)
	bound := p.quick(goods, room, priceOf(t), proofSteps)
	if bound > int64(t.offer.Price)<<grainBits {
		bound = min(bound, p.table.most(goods, room, 1<<18+int64(p.pods)<<10))
	}
	return bound
}

// within is at least what can be packed into what the plan found free on the host.
func (p *proof) within(h *host) int64 {
	free := slices.Clone(h.freeOrYielded())
	for _, s := range h.placed {
		free.add(s.lot.size, int64(s.n))
	}
	goods := make([]good, len(p.goods))
	room := p.room(free)
	some := false
	for i, g := range p.goods {
		if !room.fits(g.size) || !slices.ContainsFunc(p.lots[i], func(l *lot) bool { return p.w.verdict(l.kind.class, h) == suits }) {
			g.most = 0
		}
		goods[i] = g
		some = some || g.most > 0
	}
	if !some {
		return 0
	}
	return p.quick(goods, room, 1, 0)
}

// quick bounds by search, guided by even rates and by those of packing in parts.
func (p *proof) quick(goods []good, free vec, price float64, steps int) int64 {
	k := p.sack
	k.goods = append(k.goods[:0], goods...)
	k.reset(free)
	k.search(evenRates(free, price), steps)
	bound := k.bound
	k.search(partRates(goods, free), steps)
	return min(bound, k.bound)
}

package plan

import (
	"cmp"
	"maps"
	"math"
	"math/big"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// lowerBound is what the nodes to be bought must cost at least, whoever plans, for
// the pods that the plan places and the minima that it keeps up.
//
// The proof is weak duality. Let every unit of a resource have a worth, which may differ
// between classes of pods that different nodes take, such that no node on sale offers more
// than its price, whichever of the pods that it takes are on it. Then the nodes bought cost
// at least the worth of what is asked of them, which is what the pods ask less what the
// nodes that are there have free. Besides cpu and the like, a resource here is also a
// place among pods that keep apart by hostname, of which every node has one, and a
// node of a group that owes nodes to its minimum. Any worths prove a bound; those of
// the linear program make it high. The check and the sum are in exact integers.
func (w *world) lowerBound() Money {
	b := w.newBounding()
	if len(b.templates) == 0 {
		return 0
	}
	return max(b.prove(b.worths()), w.patternBound(b.templates))
}

// bounding is the linear program behind a lower bound.
type bounding struct {
	dims int
	// demand is by set of pods that the same templates take what these ask of every
	// resource.
	demand []resources.Vector
	// takers are the kinds of nodes by which of the sets they take, and there what nodes
	// of each kind that exist have free.
	takers [][]bool
	there  []resources.Vector
	// templates are those on sale; taker is the kind of node that each makes.
	templates []*template
	taker     []int
	// further are resources that are not told apart by set: what is asked of them, and
	// what a node of every template offers.
	further []int64
	offers  [][]int64
}

func (w *world) newBounding() *bounding {
	b := &bounding{dims: len(w.dims.Names)}
	lots := map[*lot]int{}
	for _, h := range w.hosts {
		for _, s := range h.placed {
			if s.lot.origin == nil && s.lot.buys() {
				lots[s.lot] += s.n
			}
		}
	}
	b.onSale(w, lots)
	b.divide(w, lots)
	b.apart(w, lots)
	b.minima(w)
	return b
}

// eligible are pods that the same templates take.
type eligible struct {
	name    string
	demand  resources.Vector
	classes map[*filter.Class]bool
}

// divide tells the pods apart by which templates take them.
func (b *bounding) divide(w *world, lots map[*lot]int) {
	known := map[string]*eligible{}
	var all []*eligible
	for l, n := range lots {
		name := w.admittingClass(l.kind.Class)
		e := known[name]
		if e == nil {
			e = &eligible{name: name, demand: make(resources.Vector, b.dims), classes: map[*filter.Class]bool{}}
			known[name] = e
			all = append(all, e)
		}
		e.demand.Add(l.size, int64(n))
		e.classes[l.kind.Class] = true
	}
	// The sets that ask for most; what is beyond those counts as one that any of its
	// templates takes.
	slices.SortFunc(all, func(x, y *eligible) int {
		return cmp.Or(cmp.Compare(w.shareOf(y.demand), w.shareOf(x.demand)), cmp.Compare(x.name, y.name))
	})
	for len(all) > mostEligibilities {
		last, rest := all[len(all)-1], all[len(all)-2]
		rest.demand.Add(last.demand, 1)
		maps.Copy(rest.classes, last.classes)
		all = all[:len(all)-1]
	}
	for _, e := range all {
		b.demand = append(b.demand, e.demand)
	}
	takers := map[*filter.NodeClass]int{}
	takerOf := func(s *filter.NodeClass) int {
		i, ok := takers[s]
		if !ok {
			takes := make([]bool, len(all))
			for j, e := range all {
				for c := range e.classes {
					if c.PerHost || c.On(s) == filter.Suits {
						takes[j] = true
						break
					}
				}
			}
			i = slices.IndexFunc(b.takers, func(other []bool) bool { return slices.Equal(other, takes) })
			if i < 0 {
				i = len(b.takers)
				b.takers, b.there = append(b.takers, takes), append(b.there, make(resources.Vector, b.dims))
			}
			takers[s] = i
		}
		return i
	}
	for _, t := range b.templates {
		b.taker = append(b.taker, takerOf(t.nodeClass))
	}
	for _, h := range w.hosts {
		if !h.takes || h.node == nil {
			continue
		}
		there := b.there[takerOf(h.NodeClass)]
		for d, x := range h.freeBefore() {
			there[d] += max(x, 0)
		}
	}
}

// onSale are the templates that the plan might have bought.
func (b *bounding) onSale(w *world, lots map[*lot]int) {
	for _, t := range w.templates {
		g := t.group
		if t.barred.reason != "" || !t.allowed() || g.Paused || g.Blocked != "" {
			continue
		}
		wanted := g.owes > 0
		for l := range lots {
			if wanted {
				break
			}
			wanted = g.closed.reason == "" && t.holds(l) && w.preferredOnly(l, t)
		}
		if wanted {
			b.templates = append(b.templates, t)
			b.offers = append(b.offers, nil)
		}
	}
}

// apart adds a resource for every set of pods that keep each other apart by
// hostname: every node, there or new, has one place for them.
func (b *bounding) apart(w *world, lots map[*lot]int) {
	places := int64(0)
	for _, h := range w.hosts {
		if h.takes && h.node != nil {
			places++
		}
	}
	asked := map[filter.Place]int64{}
	for l, n := range lots {
		if p := w.filters.PlaceApart(l.kind); p.KeepsApart() {
			asked[p] += int64(n)
		}
	}
	for _, p := range w.filters.PlacesApart() {
		if n := asked[p]; n > places {
			b.add(n-places, func(*template) int64 { return 1 })
		}
	}
}

// minima adds a resource for every group that owed nodes to its minimum and gets them.
func (b *bounding) minima(w *world) {
	for _, g := range w.groups {
		if met := g.owes - g.owed(); met > 0 {
			b.add(int64(met), func(t *template) int64 {
				if t.group == g {
					return 1
				}
				return 0
			})
		}
	}
}

func (b *bounding) add(demand int64, offered func(*template) int64) {
	b.further = append(b.further, demand)
	for i, t := range b.templates {
		b.offers[i] = append(b.offers[i], offered(t))
	}
}

// perTaker and perSet are where the worths of a kind of node or of a set of pods begin in
// the linear program's solution, and perFurther those of the further resources. A kind of
// node has of every resource the highest worth of the sets that it takes.
func (b *bounding) perTaker(i int) int { return i * b.dims }
func (b *bounding) perSet(i int) int   { return (len(b.takers) + i) * b.dims }
func (b *bounding) perFurther() int    { return (len(b.takers) + len(b.demand)) * b.dims }

// worths solves the linear program, in units in which the largest offer is 1.
func (b *bounding) worths() []float64 {
	n := b.perFurther() + len(b.further)
	unit := make([]float64, b.dims)
	for _, t := range b.templates {
		for d, x := range t.free {
			unit[d] = max(unit[d], float64(x))
		}
	}
	goal := make([]float64, n)
	for i, there := range b.there {
		for d, x := range there {
			goal[b.perTaker(i)+d] = -float64(x) / max(unit[d], 1)
		}
	}
	for i, demand := range b.demand {
		for d, x := range demand {
			if unit[d] > 0 { // nothing that the plan places asks for what nothing on sale offers
				goal[b.perSet(i)+d] = float64(x) / unit[d]
			}
		}
	}
	for i, x := range b.further {
		goal[b.perFurther()+i] = float64(x)
	}
	var rows [][]float64
	var limits []float64
	for k, t := range b.templates {
		row := make([]float64, n)
		for d, x := range t.free {
			row[b.perTaker(b.taker[k])+d] = max(float64(x), 0) / max(unit[d], 1)
		}
		for i, x := range b.offers[k] {
			row[b.perFurther()+i] = float64(x)
		}
		rows, limits = append(rows, row), append(limits, float64(t.offer.Price))
	}
	for i, takes := range b.takers {
		for j, taken := range takes {
			for d := range b.dims {
				if taken && goal[b.perSet(j)+d] > 0 {
					row := make([]float64, n)
					row[b.perSet(j)+d], row[b.perTaker(i)+d] = 1, -1
					rows, limits = append(rows, row), append(limits, 0)
				}
			}
		}
	}
	x, _ := packing.Maximise(goal, rows, limits)
	for i := range b.perFurther() {
		if d := i % b.dims; unit[d] > 0 {
			x[i] /= unit[d]
		} else {
			x[i] = 0
		}
	}
	return x
}

// worthBits is how many binary places the exact worths have: enough that a unit as
// small as a byte has a worth to many digits.
const worthBits = 64

// prove makes integers of the worths, sees to it that no template offers more than
// its price, and adds up the bound.
func (b *bounding) prove(worths []float64) Money {
	exact := make([]*big.Int, len(worths))
	for i, x := range worths {
		f := big.NewFloat(math.Max(x, 0))
		exact[i], _ = f.SetMantExp(f, worthBits).Int(nil)
	}
	for i, takes := range b.takers {
		for d := range b.dims {
			highest := new(big.Int)
			for j, taken := range takes {
				if worth := exact[b.perSet(j)+d]; taken && worth.Cmp(highest) > 0 {
					highest = worth
				}
			}
			exact[b.perTaker(i)+d] = highest
		}
	}
	sumOf := func(from int, amounts []int64) *big.Int {
		sum := new(big.Int)
		for i, x := range amounts {
			sum.Add(sum, new(big.Int).Mul(exact[from+i], big.NewInt(max(x, 0))))
		}
		return sum
	}
	// Where rounding has put a template's offer above its price, all worths shrink by
	// as much.
	num, den := big.NewInt(1), big.NewInt(1)
	for k, t := range b.templates {
		worth := sumOf(b.perTaker(b.taker[k]), t.free)
		worth.Add(worth, sumOf(b.perFurther(), b.offers[k]))
		price := new(big.Int).Lsh(big.NewInt(int64(t.offer.Price)), worthBits)
		// price/worth < num/den
		if new(big.Int).Mul(price, den).Cmp(new(big.Int).Mul(num, worth)) < 0 {
			num, den = price, worth
		}
	}
	sum := sumOf(b.perFurther(), b.further)
	for i, demand := range b.demand {
		sum.Add(sum, sumOf(b.perSet(i), demand))
	}
	for i, there := range b.there {
		sum.Sub(sum, sumOf(b.perTaker(i), there))
	}
	if sum.Sign() <= 0 {
		return 0
	}
	sum.Mul(sum, num).Div(sum, den).Rsh(sum, worthBits)
	return Money(sum.Int64())
}

package plan

import (
	"math"
	"math/big"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// lowerBound is what the nodes to be bought must cost at least, whoever plans, for
// the pods that the plan places and the minima that it keeps up.
//
// The proof is weak duality. Let every unit of a resource have a worth such that no
// node on sale offers more than its price. Then the nodes bought cost at least the
// worth of what is asked of them, which is what the pods ask less what the nodes
// that are there have free. Besides cpu and the like, a resource here is also a
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
	demand    []int64
	templates []*template
	offers    [][]int64 // by template, what one node offers of every resource
}

func (w *world) newBounding() *bounding {
	b := &bounding{demand: make([]int64, len(w.dims.names))}
	lots := map[*lot]int{}
	for _, h := range w.hosts {
		if h.takes && h.node != nil {
			free := slices.Clone(h.freeOrYielded())
			for _, s := range h.placed {
				free.add(s.lot.size, int64(s.n)) // what the plan takes was free before
			}
			for i, x := range free {
				b.demand[i] -= max(x, 0)
			}
		}
		for _, s := range h.placed {
			if s.lot.origin != nil || s.lot.expendable {
				continue
			}
			lots[s.lot] += s.n
			for i, x := range s.lot.size {
				b.demand[i] += x * int64(s.n)
			}
		}
	}
	b.onSale(w, lots)
	b.apart(w, lots)
	b.minima(w)
	return b
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
			b.offers = append(b.offers, slices.Clone([]int64(t.free)))
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
	asked := map[*counter]int64{}
	for l, n := range lots {
		if c := w.ownPlace(l.kind); c != nil {
			asked[c] += int64(n)
		}
	}
	for _, k := range w.topology.apartKeys() {
		if n := asked[w.topology.apart[k].met]; n > places {
			b.add(n-places, func(*template) int64 { return 1 })
		}
	}
}

// ownPlace is a counter by hostname that every pod of the kind both counts in and
// avoids; nil when there is none.
func (w *world) ownPlace(k *kind) *counter {
	for _, a := range k.class.apart {
		if w.topology.keys[a.met.key].key == corev1.LabelHostname && slices.Contains(k.counted, a.met) {
			return a.met
		}
	}
	return nil
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
	b.demand = append(b.demand, demand)
	for i, t := range b.templates {
		b.offers[i] = append(b.offers[i], offered(t))
	}
}

// worths solves the linear program, in units in which the largest offer is 1.
func (b *bounding) worths() []float64 {
	scale := make([]float64, len(b.demand))
	for _, offer := range b.offers {
		for i, x := range offer {
			scale[i] = max(scale[i], float64(x))
		}
	}
	goal := make([]float64, len(b.demand))
	for i, x := range b.demand {
		goal[i] = float64(x) / max(scale[i], 1)
	}
	var a [][]float64
	var prices []float64
	for k, offer := range b.offers {
		row := make([]float64, len(offer))
		for i, x := range offer {
			row[i] = max(float64(x), 0) / max(scale[i], 1)
		}
		a = append(a, row)
		prices = append(prices, float64(b.templates[k].offer.Price))
	}
	x, _ := solveLP(goal, a, prices)
	for i := range x {
		if scale[i] <= 0 {
			x[i] = 0 // nothing on sale offers it, so nothing that the plan places asks for it
		}
		x[i] /= max(scale[i], 1)
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
	// Where rounding has put a template's offer above its price, all worths shrink by
	// as much.
	num, den := big.NewInt(1), big.NewInt(1)
	for k, offer := range b.offers {
		worth := new(big.Int)
		for i, x := range offer {
			worth.Add(worth, new(big.Int).Mul(exact[i], big.NewInt(max(x, 0))))
		}
		price := new(big.Int).Lsh(big.NewInt(int64(b.templates[k].offer.Price)), worthBits)
		// price/worth < num/den
		if new(big.Int).Mul(price, den).Cmp(new(big.Int).Mul(num, worth)) < 0 {
			num, den = price, worth
		}
	}
	sum := new(big.Int)
	for i, x := range b.demand {
		sum.Add(sum, new(big.Int).Mul(exact[i], big.NewInt(x)))
	}
	if sum.Sign() <= 0 {
		return 0
	}
	sum.Mul(sum, num).Div(sum, den).Rsh(sum, worthBits)
	return Money(sum.Int64())
}

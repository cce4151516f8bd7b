package plan

import (
	"math/bits"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// good is a thing to pack: how much it takes, what it is worth in grains, and how
// many there are at most.
type good struct {
	size  resources.Vector
	worth int64
	most  int
}

// grainBits is how many binary places a grain lies below the smallest unit of Money.
// Prices of up to 137,000 a month keep within an int64.
const grainBits = 26

// knapsack finds out how much worth fits a node.
type knapsack struct {
	goods []good
	// rate is what a unit of each resource counts in bounds, in grains. Any rates give
	// a bound; those near the duals of the packing give a tight one.
	rate []int64
	// order is the goods by worth for what they take, best first.
	order   []int
	cost    []int64   // by good, rate·size
	density []float64 // by good, worth for its cost

	free  resources.Vector
	left  int64 // rate·free
	taken []int
	value int64

	best      int64
	bestTaken []int
	// bound is at least the worth of every packing.
	bound int64
	steps int
}

// reset starts over with a node that has that much free.
func (k *knapsack) reset(free resources.Vector) {
	k.free = append(k.free[:0], free...)
	for i, x := range k.free {
		k.free[i] = max(x, 0)
	}
	k.cost = zeros(k.cost, len(k.goods))
	k.density = zeros(k.density, len(k.goods))
	k.taken = zeros(k.taken, len(k.goods))
	k.bestTaken = zeros(k.bestTaken, len(k.goods))
	k.value, k.best, k.bound = 0, 0, 0
}

// zeros is n zeros, in the memory given if it is enough.
func zeros[T any](memory []T, n int) []T {
	memory = slices.Grow(memory[:0], n)[:n]
	clear(memory)
	return memory
}

// seed takes the whole parts of a packing in parts for a start, filled up with what
// fits beside.
func (k *knapsack) seed(parts []float64) {
	for i, x := range parts {
		k.take(i, k.free.Times(k.goods[i].size, min(int(x+1e-6), k.goods[i].most)))
	}
	for i, g := range k.goods {
		if g.worth > 0 {
			k.take(i, k.free.Times(g.size, g.most-k.taken[i]))
		}
	}
	k.note()
	for i, n := range k.taken {
		k.take(i, -n)
	}
}

// note keeps the present packing if it is the best so far.
func (k *knapsack) note() {
	if k.value > k.best {
		k.best = k.value
		copy(k.bestTaken, k.taken)
	}
}

// search looks for the best packing, what a unit of each resource counts in bounds
// being given in Money. It looks at no more than steps branches: what it finds may
// then not be the best, while the bound still holds.
func (k *knapsack) search(rates []float64, steps int) {
	k.rate = k.rate[:0]
	for _, r := range rates {
		k.rate = append(k.rate, grains(r))
	}
	k.order = k.order[:0]
	for i, g := range k.goods {
		k.cost[i] = 0
		for d, x := range g.size {
			k.cost[i] += k.rate[d] * x
		}
		if g.worth > 0 && g.most > 0 && k.free.Fits(g.size) {
			k.order = append(k.order, i)
			k.density[i] = float64(g.worth) / float64(max(k.cost[i], 1))
		}
	}
	slices.SortFunc(k.order, func(a, b int) int {
		switch x, y := k.density[a], k.density[b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return a - b
	})
	k.left = 0
	for d, x := range k.free {
		k.left += k.rate[d] * x
	}
	k.bound, k.steps = 0, steps
	k.branch(0)
	k.bound = max(k.bound, k.best)
}

// ceiling is the most that the goods from position at on can add: the best of them
// by rate, filling all that is left, or all of them, whichever is less.
func (k *knapsack) ceiling(at int) int64 {
	sum, left := int64(0), k.left
	for _, i := range k.order[at:] {
		g := &k.goods[i]
		if k.cost[i] <= 0 {
			sum += g.worth * int64(g.most)
			continue
		}
		n := int64(g.most)
		if k.cost[i]*n <= left {
			sum += g.worth * n
			left -= k.cost[i] * n
			continue
		}
		// The last one in part, rounded up. The product may not fit an int64.
		return sum + mulDivUp(g.worth, left, k.cost[i])
	}
	return sum
}

func (k *knapsack) branch(at int) {
	for at < len(k.order) && !k.free.Fits(k.goods[k.order[at]].size) {
		at++
	}
	k.note()
	if at == len(k.order) {
		return
	}
	most := k.value + k.ceiling(at)
	if most <= k.best {
		return
	}
	if k.steps <= 0 {
		k.bound = max(k.bound, most)
		return
	}
	i := k.order[at]
	g := &k.goods[i]
	for n := k.free.Times(g.size, g.most); n >= 0; n-- {
		k.steps--
		k.take(i, n)
		k.branch(at + 1)
		k.take(i, -n)
	}
}

// mulDivUp is a·b/c, rounded up, for a, b ≥ 0 and c > 0.
func mulDivUp(a, b, c int64) int64 {
	if b <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	lo, carry := bits.Add64(lo, uint64(c-1), 0)
	quotient, _ := bits.Div64(hi+carry, lo, uint64(c))
	return int64(quotient)
}

func (k *knapsack) take(i, n int) {
	g := &k.goods[i]
	k.free.Add(g.size, int64(-n))
	k.left -= k.cost[i] * int64(n)
	k.value += g.worth * int64(n)
	k.taken[i] += n
}

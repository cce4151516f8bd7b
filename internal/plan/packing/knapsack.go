package packing

import (
	"cmp"
	"math/bits"
	"slices"
)

// GrainBits is how many binary places a grain lies below the smallest unit of money.
// Prices of up to 137,000 a month keep within an int64.
const GrainBits = 26

// unit is how many of the smallest units of money make one of the currency, an order of
// magnitude that suits floating point.
const unit = 1_000_000

// Grains is an amount in units of the currency in grains, in which values are exact.
func Grains(amount float64) int64 { return int64(max(amount, 0) * unit * (1 << GrainBits)) }

// knapsack fills one bin with items of the greatest value, by branch and bound. Branches
// are bounded as Dantzig bounds a knapsack: resources are made one by a rate for each, and
// the items with the most value for that fill it, the last one in part. Any rates give a
// bound; those near the dual values of the relaxed filling give a tight one.
type knapsack struct {
	problem *fill
	dims    int
	// By position, the items with the most value for what they take first.
	sorted []sortedItem
	sizes  []int64

	free  []int64
	rooms []int64
	left  int64 // rate·free
	taken []int // by position
	value int64
	steps int

	best int64
	// bestTaken is by item of the fill.
	bestTaken []int
	// bound is at least the value of every filling.
	bound int64

	rate []int64
	// seen is what the search has looked at.
	seen visited
}

type sortedItem struct {
	item  int // of the fill
	place int
	limit int
	value int64
	cost  int64
}

// compare puts the item with more value for its cost first.
func (a sortedItem) compare(b sortedItem) int {
	// The products may not fit an int64.
	aHigh, aLow := bits.Mul64(uint64(a.value), uint64(b.cost))
	bHigh, bLow := bits.Mul64(uint64(b.value), uint64(a.cost))
	return cmp.Or(cmp.Compare(bHigh, aHigh), cmp.Compare(bLow, aLow), a.item-b.item)
}

// reset starts over with another fill, or other values of the same.
func (k *knapsack) reset(f *fill) {
	k.problem, k.dims = f, f.dims
	k.free = append(k.free[:0], f.free...)
	k.rooms = append(k.rooms[:0], f.rooms...)
	k.bestTaken = zeros(k.bestTaken, len(f.items))
	k.best, k.bound, k.value = 0, 0, 0
}

// zeros is n zeros, in the memory given if it is enough.
func zeros[T any](memory []T, n int) []T {
	memory = slices.Grow(memory[:0], n)[:n]
	clear(memory)
	return memory
}

// start takes the whole parts of a relaxed filling, and then what fits beside.
func (k *knapsack) start(parts []float64) {
	f := k.problem
	counts := make([]int, len(f.items))
	value := int64(0)
	grab := func(j, n int) {
		it := &f.items[j]
		for d, x := range f.sizeOf(j) {
			if x > 0 {
				n = min(n, int(k.free[d]/x))
			}
		}
		if it.place >= 0 {
			n = min(n, int(k.rooms[it.place]))
		}
		if n <= 0 {
			return
		}
		for d, x := range f.sizeOf(j) {
			k.free[d] -= x * int64(n)
		}
		if it.place >= 0 {
			k.rooms[it.place] -= int64(n)
		}
		counts[j] += n
		value += it.exact * int64(n)
	}
	for j, x := range parts {
		if x > 0 {
			grab(j, min(int(x+1e-6), f.items[j].limit))
		}
	}
	for j := range f.items {
		if it := &f.items[j]; it.exact > 0 {
			grab(j, it.limit-counts[j])
		}
	}
	if value > k.best {
		k.best = value
		copy(k.bestTaken, counts)
	}
	copy(k.free, f.free)
	copy(k.rooms, f.rooms)
}

// above has the search look only for fillings that are worth more than least. Where it finds none,
// least is what it proves.
func (k *knapsack) above(least int64) {
	if k.best < least {
		k.best = least
		clear(k.bestTaken)
	}
}

// search looks for the best filling, with what a unit of each resource and place counts in
// bounds, in units of the currency. It looks at no more than steps branches: what it finds
// may then not be the best, while the bound still holds.
func (k *knapsack) search(rates []float64, steps int) {
	f := k.problem
	k.rate = k.rate[:0]
	for _, r := range rates {
		k.rate = append(k.rate, Grains(r))
	}
	k.sorted = k.sorted[:0]
	for j := range f.items {
		it := &f.items[j]
		if it.exact <= 0 || it.limit <= 0 {
			continue
		}
		cost := int64(0)
		for d, x := range f.sizeOf(j) {
			cost += k.rate[d] * x
		}
		if it.place >= 0 {
			cost += k.rate[k.dims+it.place]
		}
		k.sorted = append(k.sorted, sortedItem{j, it.place, it.limit, it.exact, cost})
	}
	slices.SortFunc(k.sorted, sortedItem.compare)
	k.sizes = k.sizes[:0]
	for i := range k.sorted {
		k.sizes = append(k.sizes, f.sizeOf(k.sorted[i].item)...)
	}
	k.left = 0
	for d, x := range k.free {
		k.left += k.rate[d] * x
	}
	for p, x := range k.rooms {
		k.left += k.rate[k.dims+p] * x
	}
	k.taken = zeros(k.taken, len(k.sorted))
	k.bound, k.steps = 0, steps
	k.seen.forget(k.dims + len(k.rooms))
	k.branch(0)
	k.bound = max(k.bound, k.best)
}

// ceiling is the most that the items from a position on can add: the best of them by rate,
// filling all that is left, or all of them, whichever is less.
func (k *knapsack) ceiling(at int) int64 {
	sum, left := int64(0), k.left
	for i := at; i < len(k.sorted); i++ {
		it := &k.sorted[i]
		n := int64(it.limit)
		if it.cost*n <= left {
			sum += it.value * n
			left -= it.cost * n
			continue
		}
		// The last one in part, rounded up. The product may not fit an int64.
		return sum + mulDivUp(it.value, left, it.cost)
	}
	return sum
}

// fits is how many items of the position fit beside what is taken.
func (k *knapsack) fits(at int) int {
	it := &k.sorted[at]
	n := it.limit
	for d, x := range k.sizes[at*k.dims : (at+1)*k.dims] {
		switch free := k.free[d]; {
		case x <= 0:
		case free < x:
			return 0
		case free < x*int64(n):
			n = int(free / x)
		}
	}
	if it.place >= 0 {
		n = min(n, int(k.rooms[it.place]))
	}
	return n
}

func (k *knapsack) branch(at int) {
	n := 0
	for ; at < len(k.sorted); at++ {
		if n = k.fits(at); n > 0 {
			break
		}
	}
	if k.value > k.best {
		k.note()
	}
	if at == len(k.sorted) {
		return
	}
	most := k.value + k.ceiling(at)
	if most <= k.best || k.seen.surpasses(k, at) {
		return
	}
	if k.steps <= 0 {
		k.bound = max(k.bound, most)
		return
	}
	for ; n >= 0; n-- {
		k.steps--
		k.take(at, n)
		// With fewer of the item that has the most value for its cost, the ceiling is lower.
		hopeless := k.value+k.ceiling(at+1) <= k.best && k.value <= k.best
		if !hopeless {
			k.branch(at + 1)
		}
		k.take(at, -n)
		if hopeless {
			return
		}
	}
}

func (k *knapsack) note() {
	k.best = k.value
	clear(k.bestTaken)
	for i, n := range k.taken {
		k.bestTaken[k.sorted[i].item] = n
	}
}

func (k *knapsack) take(at, n int) {
	if n == 0 {
		return
	}
	it := &k.sorted[at]
	for d, x := range k.sizes[at*k.dims : (at+1)*k.dims] {
		k.free[d] -= x * int64(n)
	}
	if it.place >= 0 {
		k.rooms[it.place] -= int64(n)
	}
	k.left -= it.cost * int64(n)
	k.value += it.value * int64(n)
	k.taken[at] += n
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

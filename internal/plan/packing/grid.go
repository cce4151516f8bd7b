package packing

import (
	"cmp"
	"math"
	"slices"
)

// grid bounds what fills a bin by dynamic programming over its first two resources. Most requests
// are multiples of a common step, such as 50m and 128Mi; for these it knows the best filling of
// every room there is. The few others, the odd ones, are tried in all numbers beside that. What it
// leaves out of account, further resources and places that items share, makes its bound higher.
type grid struct {
	table
	step [2]int64

	fill         *fill
	even, odd    []int // items of the fill
	rate         []int64
	gain         []int64 // by item of the fill, the value above what it takes
	rest         []int64 // by odd item, what those from it on and the even ones gain at most
	value, least int64
	trials       int
	// work is how much goes into the table at most; 0 for gridWork.
	work int64
}

// most is at least the value of any filling, and at least least; false where that is too much work.
func (g *grid) most(f *fill, rates []float64, least int64) (int64, bool) {
	g.fill, g.least = f, least
	if f.dims < 2 {
		return 0, false
	}
	used, countable := g.worthwhile(rates)
	if !countable || len(used) > mostOnGrid || !g.divideWithin(used, cmp.Or(g.work, gridWork)) {
		return 0, false
	}
	g.clear(g.width, g.height)
	for _, j := range g.even {
		g.add(j)
	}
	g.trials, g.value = gridTrials, g.least
	g.try(0, f.free[0], f.free[1], 0)
	return g.value, g.trials > 0
}

// worthwhile are the items that a filling which is worth more than least may have: by weak duality
// each of the others costs it more than there is to lose.
// It says false where sums of values may not fit an int64.
func (g *grid) worthwhile(rates []float64) ([]int, bool) {
	f := g.fill
	whole := 0.0
	g.rate = g.rate[:0]
	most := int64(0)
	for d, r := range rates[:f.dims] {
		g.rate = append(g.rate, Grains(r))
		whole += float64(g.rate[d]) * float64(f.free[d])
		most += g.rate[d] * f.free[d]
	}
	g.gain = zeros(g.gain, len(f.items))
	for j := range f.items {
		it := &f.items[j]
		g.gain[j] = it.exact
		whole += float64(it.exact) * float64(it.limit)
		for d, x := range f.sizeOf(j) {
			g.gain[j] -= g.rate[d] * x
		}
		most += max(g.gain[j], 0) * int64(it.limit)
	}
	var used []int
	if whole > math.MaxInt64/4 {
		return nil, false
	}
	for j := range f.items {
		if it := &f.items[j]; it.limit > 0 && it.exact > 0 && most+min(g.gain[j], 0) > g.least {
			used = append(used, j)
		}
	}
	return used, true
}

// divideWithin divides the items with as few odd ones as that work allows, and says whether it does.
func (g *grid) divideWithin(used []int, work int64) bool {
	for odd := 0; odd <= mostOdd; odd++ {
		g.divide(used, odd)
		if len(g.odd) <= mostOdd && g.width <= work && g.height <= work && g.width*g.height*int64(g.passes()) <= work {
			return true
		}
	}
	return false
}

// divide chooses steps that leave out so many items each, and tells even items from odd ones.
func (g *grid) divide(used []int, odd int) {
	for d := range 2 {
		g.step[d] = g.commonStep(used, d, odd)
	}
	g.even, g.odd = g.even[:0], g.odd[:0]
	for _, j := range used {
		if size := g.fill.sizeOf(j); size[0]%g.step[0] == 0 && size[1]%g.step[1] == 0 {
			g.even = append(g.even, j)
		} else {
			g.odd = append(g.odd, j)
		}
	}
	g.width, g.height = g.fill.free[0]/g.step[0]+1, g.fill.free[1]/g.step[1]+1
	// The larger ones first: there are fewer numbers of them to try.
	slices.SortStableFunc(g.odd, func(a, b int) int { return g.fill.items[a].limit - g.fill.items[b].limit })
	g.rest = zeros(g.rest, len(g.odd)+1)
	for _, j := range g.even {
		g.rest[len(g.odd)] += max(g.gain[j], 0) * int64(g.fill.items[j].limit)
	}
	for d := 2; d < g.fill.dims; d++ {
		g.rest[len(g.odd)] += g.rate[d] * g.fill.free[d]
	}
	for k := len(g.odd) - 1; k >= 0; k-- {
		g.rest[k] = g.rest[k+1] + max(g.gain[g.odd[k]], 0)*int64(g.fill.items[g.odd[k]].limit)
	}
}

// commonStep is a large step of a resource of which all but so many items' requests are multiples.
func (g *grid) commonStep(used []int, d, odd int) int64 {
	sizes := make([]int64, 0, len(used))
	for _, j := range used {
		sizes = append(sizes, g.fill.sizeOf(j)[d])
	}
	slices.Sort(sizes)
	best := int64(1)
	for i, x := range sizes {
		step := x
		if i > 0 {
			for rest := sizes[i-1]; rest != 0; {
				step, rest = rest, step%rest
			}
		}
		for _, candidate := range []int64{step, x} {
			if candidate <= best {
				continue
			}
			out := 0
			for _, y := range sizes {
				if y%candidate != 0 {
					out++
				}
			}
			if out <= odd {
				best = candidate
			}
		}
	}
	return best
}

// passes is how often the table is gone through for the even items.
func (g *grid) passes() int {
	n := 1
	for _, j := range g.even {
		if g.plenty(j) {
			n++
			continue
		}
		for left := g.fill.items[j].limit; left > 0; left /= 2 {
			n++
		}
	}
	return n
}

// plenty says that there is as much of an even item as the bin has room for.
func (g *grid) plenty(j int) bool {
	fit := int64(math.MaxInt64)
	for d, x := range g.fill.sizeOf(j)[:2] {
		if x > 0 {
			fit = min(fit, g.fill.free[d]/x)
		}
	}
	return fit < math.MaxInt64 && int64(g.fill.items[j].limit) >= fit
}

// add lets an even item be taken up to its limit: once, twice, four times and so on, and what is
// left.
func (g *grid) add(j int) {
	it, size := &g.fill.items[j], g.fill.sizeOf(j)
	x, y := size[0]/g.step[0], size[1]/g.step[1]
	if g.plenty(j) {
		g.addAny(x, y, it.exact)
		return
	}
	for left, n := int64(it.limit), int64(1); left > 0; n *= 2 {
		n = min(n, left)
		left -= n
		g.addOnce(n*x, n*y, n*it.exact)
	}
}

// try takes the odd items from one on in all numbers.
func (g *grid) try(at int, x, y, value int64) {
	if g.trials--; g.trials <= 0 || value+g.rate[0]*x+g.rate[1]*y+g.rest[at] <= g.value {
		return
	}
	if at == len(g.odd) {
		g.value = max(g.value, value+g.best[x/g.step[0]*g.height+y/g.step[1]])
		return
	}
	it, size := &g.fill.items[g.odd[at]], g.fill.sizeOf(g.odd[at])
	for n := 0; n <= it.limit && x >= 0 && y >= 0; n++ {
		g.try(at+1, x, y, value)
		x, y, value = x-size[0], y-size[1], value+it.exact
	}
}

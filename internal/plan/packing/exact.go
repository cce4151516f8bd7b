package packing

import (
	"math"
	"slices"
)

// exactTable fills a bin by dynamic programming over its first two resources, as if there were
// as many of every item as fit.
type exactTable struct{ table }

// fill takes the best filling of items that ask for no place, by item of the fill, and says
// how much work that was; nil when the sizes have no common steps that keep the work within
// the limit.
func (t *exactTable) fill(f *fill, limit int64) (taken []int, work int64) {
	var used []int
	for j := range f.items {
		if it := &f.items[j]; it.limit > 0 && it.exact > 0 && it.place < 0 && f.amount(j, 0)+f.amount(j, 1) > 0 {
			used = append(used, j)
		}
	}
	if len(used) == 0 {
		return nil, 0
	}
	x, y := f.stride(used, 0), f.stride(used, 1)
	width, height := f.room(0)/x+1, f.room(1)/y+1
	if work = workOf(width, height, len(used)); work > limit {
		return nil, 0
	}
	t.clear(width, height)
	for _, j := range used {
		if a, b := f.amount(j, 0)/x, f.amount(j, 1)/y; a < width && b < height {
			t.addAny(a, b, f.items[j].exact)
		}
	}
	taken = make([]int, len(f.items))
	for i, j := width-1, height-1; ; {
		k := slices.IndexFunc(used, func(k int) bool {
			a, b := f.amount(k, 0)/x, f.amount(k, 1)/y
			return a <= i && b <= j && t.best[i*height+j] == t.best[(i-a)*height+j-b]+f.items[k].exact
		})
		if k < 0 {
			return taken, work
		}
		taken[used[k]]++
		i, j = i-f.amount(used[k], 0)/x, j-f.amount(used[k], 1)/y
	}
}

// amount is what an item takes of a resource, and room what there is of it; a fill may have
// fewer than two.
func (f *fill) amount(j, d int) int64 {
	if d >= f.dims {
		return 0
	}
	return f.sizeOf(j)[d]
}

func (f *fill) room(d int) int64 {
	if d >= f.dims {
		return 0
	}
	return f.free[d]
}

// stride is the largest amount of which all the items' are multiples.
func (f *fill) stride(items []int, d int) int64 {
	a := int64(0)
	for _, j := range items {
		a = gcd(a, f.amount(j, d))
	}
	return max(a, 1)
}

// workOf is how many cells are worked out in all, at most the largest number there is:
// the product may not fit an int64.
func workOf(width, height int64, items int) int64 {
	if n := height * int64(items); width <= math.MaxInt64/n {
		return width * n
	}
	return math.MaxInt64
}

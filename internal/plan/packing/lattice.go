package packing

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// lattice is a step of each of the first two resources that most items ask for multiples of, such
// as 50m and 128Mi. The best fillings of all rooms of such steps are found in one go by dynamic
// programming; the few other items, the odd ones, are tried in all numbers beside that.
type lattice struct {
	step [2]int64
	even []int      // items, the smallest first
	odd  [][]int    // items by size
	size [][2]int64 // by item, in steps
}

// newLattice is the lattice with the least work; nil where there is none that leaves few items out, or where items
// share a place, of which a table does not know.
func newLattice(items []Item) *lattice {
	places := map[int]bool{}
	for i := range items {
		at := items[i].Place
		if len(items[i].Size) < 2 || at > 0 && places[at] {
			return nil
		}
		places[at] = true
	}
	l := &lattice{}
	best := math.Inf(1)
	sizes := sizesOf(items)
	rows, columns := steps(sizes, 0), steps(sizes, 1)
	for _, a := range rows {
		for _, b := range columns {
			odd := 0
			for _, size := range sizes {
				if size[0]%a != 0 || size[1]%b != 0 {
					odd++
				}
			}
			// An odd size makes the trials more, a large step the table smaller.
			if work := math.Pow(oddFactor, float64(odd)) / float64(a) / float64(b); odd <= mostOdd && work < best {
				best, l.step = work, [2]int64{a, b}
			}
		}
	}
	if math.IsInf(best, 1) {
		return nil
	}
	l.size = make([][2]int64, len(items))
	for i := range items {
		size := items[i].Size
		if size[0]%l.step[0] == 0 && size[1]%l.step[1] == 0 {
			l.even = append(l.even, i)
		} else {
			l.addOdd(items, i)
		}
		l.size[i] = [2]int64{size[0] / l.step[0], size[1] / l.step[1]}
	}
	area := func(i int) int64 { return l.size[i][0] + l.size[i][1] }
	slices.SortStableFunc(l.even, func(i, j int) int { return int(area(i) - area(j)) })
	return l
}

// Tabled says whether patterns of the items are found in tables, which takes little time for many items.
func Tabled(items []Item, bins []Bin) bool {
	l := newLattice(items)
	return l != nil && l.covers(bins, surpassed(bins))
}

// covers says whether there are few bins, and most have a table of the lattice. Those that are surpassed
// do not count.
func (l *lattice) covers(bins []Bin, surpassed []bool) bool {
	large, all := 0, 0
	for t, b := range bins {
		if surpassed[t] {
			continue
		}
		all++
		width, height := max(b.Free[0], 0)/l.step[0]+1, max(b.Free[1], 0)/l.step[1]+1
		if width > tableCells || height > tableCells || width*height > tableCells {
			large++
		}
	}
	return 2*large <= all && all <= tabledBins
}

// addOdd adds an item to the odd ones of its size.
func (l *lattice) addOdd(items []Item, i int) {
	k := slices.IndexFunc(l.odd, func(odd []int) bool { return slices.Equal(items[odd[0]].Size, items[i].Size) })
	if k < 0 {
		k = len(l.odd)
		l.odd = append(l.odd, nil)
	}
	l.odd[k] = append(l.odd[k], i)
}

// sizesOf are the sizes that differ.
func sizesOf(items []Item) []resources.Vector {
	var sizes []resources.Vector
	for i := range items {
		if !slices.ContainsFunc(sizes, func(v resources.Vector) bool { return slices.Equal(v, items[i].Size) }) {
			sizes = append(sizes, items[i].Size)
		}
	}
	return sizes
}

// steps are the amounts of which all but a few sizes may be multiples.
func steps(sizes []resources.Vector, d int) []int64 {
	known := map[int64]bool{}
	var all []int64
	for i, size := range sizes {
		for _, other := range sizes[:i+1] {
			if a := gcd(size[d], other[d]); a > 0 && !known[a] {
				known[a] = true
				all = append(all, a)
			}
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(all, func(step int64) bool {
		odd := 0
		for _, size := range sizes {
			if size[d]%step != 0 {
				odd++
			}
		}
		return odd > mostOdd
	})
}

// gcd is the greatest common divisor (Euclid); 0 for two zeros.
func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

package packing

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// Item is a size with how many there are of it.
type Item struct {
	Size resources.Vector
	// Place is what every bin has a few of, and every item takes one of, from 1; 0 for none.
	Place int
	Count int
}

// Bin is a kind of bin, of which there are as many as it takes.
type Bin struct {
	// Price is in millionths of the currency.
	Price int64
	Free  resources.Vector
	// Takes says by item whether it may be in the bin; nil is all.
	Takes []bool
}

func (b Bin) takes(item int) bool { return b.Takes == nil || b.Takes[item] }

// Pattern is a way to fill one bin.
type Pattern struct {
	Bin   int
	Taken []int // by item
}

// Master is the restricted master problem of column generation: a linear program that
// serves all items with patterns at the lowest price. Its dual is kept here, in which every
// pattern is a row: the values of items, such that no pattern is worth more than its bin
// costs.
type Master struct {
	Items    []Item
	Bins     []Bin
	Patterns []Pattern
	// Duals are by item, in units of the currency.
	Duals []float64
	// Center are the duals by which the highest bound was proved, and Proved that bound, in
	// units of the currency, as good as floating point.
	Center []float64
	Proved float64
	// near is how near to what is proved, as a share of that, the program is to come.
	near float64

	fills []*fill
	// surpassed says by bin that another one takes whatever it takes for no more.
	surpassed []bool
	// largest is the most that an item asks for of each resource.
	largest resources.Vector
	// unheld says by item that no bin takes it.
	unheld  []bool
	program *covering
	// fruitful says by bin that it gave a pattern when one was looked for last.
	fruitful []bool
	// next is the bin with which the coming round of looking for patterns begins.
	next int
	sack knapsack
	// tabled looks for patterns in tables, where items have a lattice; nil where they have none.
	tabled *tabled
	exact  exactTable
	lp     fractional
	parts  []float64
	// searched is how many steps were taken in looking for patterns.
	searched int
}

// Work is how much the master problem has taken so far, in steps of looking for a pattern. A step
// takes some tens of nanoseconds; what else is done is converted.
func (m *Master) Work() int { return m.searched + m.program.work/productsAStep }

// NewMaster sets the problem up with one pattern an item. Rooms are how many of each place
// a bin has; that at 0 is not looked at.
func NewMaster(items []Item, rooms []int, bins []Bin) *Master {
	m := &Master{Items: items, Bins: bins, near: enough}
	for _, b := range bins {
		m.fills = append(m.fills, newFill(items, rooms, b))
	}
	m.surpassed = surpassed(bins)
	m.fruitful = slices.Repeat([]bool{true}, len(bins))
	if l := newLattice(items); l != nil && l.covers(bins, m.surpassed) && !slices.ContainsFunc(m.fills, func(f *fill) bool { return !f.ordinary }) {
		m.tabled = &tabled{table: table{lattice: l}, m: m}
	}
	m.unheld = make([]bool, len(items))
	m.alone()
	demand := make(resources.Vector, len(items[0].Size))
	m.largest = make(resources.Vector, len(demand))
	for i := range items {
		for d, x := range items[i].Size {
			m.largest[d] = max(m.largest[d], x)
		}
		demand.Add(items[i].Size, int64(items[i].Count))
	}
	rates := ResourceDuals(demand, bins)
	m.Center = make([]float64, len(items))
	for i := range items {
		m.Center[i] = items[i].Size.Dot(rates) / unit
	}
	return m
}

// alone starts the program with a pattern for every item alone, in the bin where that is
// cheapest.
func (m *Master) alone() {
	demand := make([]float64, len(m.Items))
	m.program = newCovering(demand)
	for i := range m.Items {
		demand[i] = nudged(i, m.Items[i].Count)
		best, times := -1, 0
		for t, f := range m.fills {
			n := 0
			if j := slices.IndexFunc(f.items, func(it fillItem) bool { return it.index == i }); j >= 0 {
				n = min(f.items[j].room, m.Items[i].Count)
			}
			if n > 0 && (best < 0 || m.fills[t].price*float64(times) < m.fills[best].price*float64(n)) {
				best, times = t, n
			}
		}
		taken := make([]int, len(m.Items))
		taken[i] = times
		m.Patterns = append(m.Patterns, Pattern{max(best, 0), taken})
		if best >= 0 {
			m.program.add(taken, m.fills[best].price)
			continue
		}
		demand[i], m.unheld[i] = 0, true
		one := make([]int, len(m.Items))
		one[i] = 1
		m.program.add(one, 0)
	}
	m.program.begin()
	m.resolve()
}

// resolve solves the program again.
func (m *Master) resolve() {
	m.program.solve()
	m.Duals = slices.Clone(m.program.duals)
}

// surpassed says by bin that another one takes whatever it takes for no more.
func surpassed(bins []Bin) []bool {
	all := make([]bool, len(bins))
	for t, b := range bins {
		all[t] = slices.ContainsFunc(bins[:t], func(o Bin) bool { return o.surpasses(b) }) ||
			slices.ContainsFunc(bins[t+1:], func(o Bin) bool { return o.surpasses(b) && !b.surpasses(o) })
	}
	return all
}

// surpasses says that whatever o takes b takes too, for no more.
func (b Bin) surpasses(o Bin) bool {
	if b.Price > o.Price || !b.Free.Covers(o.Free) {
		return false
	}
	if b.Takes == nil {
		return true
	}
	for i, takes := range b.Takes {
		if !takes && o.takes(i) {
			return false
		}
	}
	return true
}

// nudge is by how much at most demands are changed so that no two patterns are equally
// good, where the program would try one after another without getting anywhere.
const nudge = 1e-5

func nudged(i, demand int) float64 {
	_, part := math.Modf(float64(i+1) * math.Phi)
	return float64(demand) * (1 + nudge*part)
}

// Retarget changes how many there are of each item.
func (m *Master) Retarget(counts []int) {
	demand := make([]float64, len(m.Items))
	for i, n := range counts {
		m.Items[i].Count = n
		if !m.unheld[i] {
			demand[i] = nudged(i, n)
		}
	}
	m.program.retarget(demand)
	m.Proved = 0
	m.Duals = slices.Clone(m.program.duals)
}

// use adds a pattern to the program, in the cheapest bin that takes it.
func (m *Master) use(t int, taken []int) {
	size := m.sizeOf(taken)
	for u, b := range m.Bins {
		if b.Price < m.Bins[t].Price && b.Free.Covers(size) && b.takesAll(taken) {
			t = u
		}
	}
	m.Patterns = append(m.Patterns, Pattern{t, slices.Clone(taken)})
	m.program.add(taken, m.fills[t].price)
}

// times is how often the linear program uses each pattern, exchanges among them, as if demands were not nudged.
func (m *Master) times() []float64 {
	times := m.program.used()
	for j, n := range times {
		if whole := math.Round(n); math.Abs(n-whole) < 1e-6+2*nudge*n {
			times[j] = whole
		}
	}
	return times
}

func (b Bin) takesAll(taken []int) bool {
	for i, n := range taken {
		if n > 0 && !b.takes(i) {
			return false
		}
	}
	return true
}

// sizeOf is what a pattern takes.
func (m *Master) sizeOf(taken []int) resources.Vector {
	sum := make(resources.Vector, len(m.Items[0].Size))
	for i, n := range taken {
		if n > 0 {
			sum.Add(m.Items[i].Size, int64(n))
		}
	}
	return sum
}

// valueOf is what a pattern is worth by the program.
func (m *Master) valueOf(taken []int) float64 { return worth(taken, m.Duals) }

// worth is what a pattern is worth by such duals.
func worth(taken []int, duals []float64) float64 {
	sum := 0.0
	for i, n := range taken {
		sum += float64(n) * duals[i]
	}
	return sum
}

// price is what all items come to with such duals.
func (m *Master) price(duals []float64) float64 {
	sum := 0.0
	for i := range m.Items {
		if !m.unheld[i] {
			sum += float64(m.Items[i].Count) * duals[i]
		}
	}
	return sum
}

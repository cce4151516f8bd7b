package packing

import "math"

// covering is the restricted master problem as a linear program:
//
//	minimise Σ price·times  under  Σ entries·times ≥ demand  by item, times ≥ 0.
//
// It is solved by the revised simplex method, with the inverse of the basis written out: a step costs
// the square of the number of items, however many columns there are. So none has to be forgotten; a step
// looks at those that were likely when all were looked at last. The first n columns have one item each, so that a basis can be made
// of them for any demand.
type covering struct {
	n       int
	demand  []float64
	columns []column
	// basis is by row the column in the basis, or surplus(item) for what an item has beyond its demand.
	basis []int
	in    []bool // by column, whether it is in the basis
	// inverse is that of the basis, by row and item, times how often each row's column is used.
	inverse [][]float64
	times   []float64
	duals   []float64 // by item
	likely  []int
	// along is by row what a column that comes into the basis changes.
	along   []float64
	choices []choice
	// work is how many numbers were multiplied.
	work int
}

// column is a pattern with what it has of items.
type column struct {
	price   float64
	entries []entry
	length  float64
}

type entry struct {
	item int
	n    float64
}

// surplus is the number of the column which says that more of an item is served than was asked for.
func surplus(item int) int { return -1 - item }

// newCovering is the program without columns.
func newCovering(demand []float64) *covering {
	n := len(demand)
	p := &covering{n: n, demand: demand, basis: make([]int, n), times: make([]float64, n), duals: make([]float64, n), along: make([]float64, n)}
	flat := make([]float64, n*n)
	for i := range n {
		p.inverse = append(p.inverse, flat[i*n:(i+1)*n])
	}
	return p
}

// begin makes a basis of the first columns, of one item each, and the surplus of items of which none is asked for.
func (p *covering) begin() {
	p.likely = p.likely[:0]
	for j := range p.columns {
		p.in[j], p.likely = false, append(p.likely, j)
	}
	for i, row := range p.inverse {
		clear(row)
		if p.demand[i] == 0 {
			row[i], p.basis[i], p.times[i], p.duals[i] = -1, surplus(i), 0, 0
			continue
		}
		c := &p.columns[i]
		row[i] = 1 / c.entries[0].n
		p.in[i], p.basis[i], p.times[i], p.duals[i] = true, i, p.demand[i]*row[i], c.price*row[i]
	}
}

// add adds a column.
func (p *covering) add(taken []int, price float64) {
	c := column{price: price}
	square := 1.0
	for i, n := range taken {
		if n != 0 {
			c.entries = append(c.entries, entry{i, float64(n)})
			square += float64(n * n)
		}
	}
	c.length = math.Sqrt(square)
	p.likely = append(p.likely, len(p.columns))
	p.columns, p.in = append(p.columns, c), append(p.in, false)
}

// reduced is the reduced cost of a column.
func (p *covering) reduced(j int) float64 {
	if j < 0 {
		return p.duals[-1-j]
	}
	c := &p.columns[j]
	cost := c.price
	for _, e := range c.entries {
		cost -= p.duals[e.item] * e.n
	}
	return cost
}

// inRow is what the column has in a row of the inverse.
func (p *covering) inRow(row []float64, j int) float64 {
	if j < 0 {
		return -row[-1-j]
	}
	sum := 0.0
	for _, e := range p.columns[j].entries {
		sum += row[e.item] * e.n
	}
	return sum
}

// solve steps to the optimum from the basis that is there.
func (p *covering) solve() {
	for range coveringRounds {
		p.improve()
		if p.drifted() {
			p.begin()
		} else if !p.look() {
			return
		}
	}
}

// drifted says that by rounding the basis no longer serves what is asked for.
func (p *covering) drifted() bool {
	clear(p.along)
	served := p.along // by item
	for r, j := range p.basis {
		if p.times[r] < -lpDrift {
			return true
		}
		p.count(served, j, p.times[r])
	}
	for i, n := range served {
		if math.Abs(n-p.demand[i]) > lpDrift*(1+p.demand[i]) {
			return true
		}
	}
	return false
}

// look finds the columns that are likely to come into the basis, and says whether one makes the program cheaper.
func (p *covering) look() bool {
	some := false
	p.likely = p.likely[:0]
	for j := range p.columns {
		cost := p.reduced(j)
		some = some || cost < -lpTolerance && !p.in[j]
		if p.in[j] || cost < likelyShare*(1+p.columns[j].price) {
			p.likely = append(p.likely, j)
		}
		p.work += len(p.columns[j].entries)
	}
	return some
}

// improve brings in likely columns as long as one makes the program cheaper (the primal simplex method).
func (p *covering) improve() {
	for range 20 * (p.n + 10) { // a guard against rounding
		column, cost := p.entering()
		if cost >= -lpTolerance {
			return
		}
		p.follow(column)
		row := p.leaving()
		if row < 0 {
			return
		}
		p.pivot(row, column, cost)
	}
}

// entering is the likely column with the least reduced cost for its length: long ones change much at once.
func (p *covering) entering() (column int, cost float64) {
	best := 0.0
	for i, dual := range p.duals {
		if dual < best {
			column, cost, best = surplus(i), dual, dual
		}
	}
	for _, j := range p.likely {
		if p.in[j] {
			continue
		}
		p.work += len(p.columns[j].entries)
		if c := p.reduced(j); c < -lpTolerance && c < best*p.columns[j].length {
			column, cost, best = j, c, c/p.columns[j].length
		}
	}
	return column, cost
}

// follow works out what the column changes.
func (p *covering) follow(j int) {
	for r, row := range p.inverse {
		p.along[r] = p.inRow(row, j)
	}
}

// leaving is the row whose column the one that comes in replaces; -1 for none. Of those that keep all
// times at zero or more but for rounding it is the one with the largest coefficient (Harris 1973).
func (p *covering) leaving() int {
	least := math.Inf(1)
	for r, a := range p.along {
		if a > lpPivot {
			least = min(least, (max(p.times[r], 0)+lpEpsilon)/a)
		}
	}
	row := -1
	for r, a := range p.along {
		if a > lpPivot && max(p.times[r], 0) <= least*a && (row < 0 || a > p.along[row]) {
			row = r
		}
	}
	return row
}

// pivot puts the column in the place of the row's, where it changes along and has that reduced cost.
func (p *covering) pivot(row, j int, cost float64) {
	p.work += p.n * p.n
	pivot, own := p.along[row], p.inverse[row]
	for i := range own {
		own[i] /= pivot
	}
	p.times[row] /= pivot
	for r, other := range p.inverse {
		if factor := p.along[r]; r != row && factor != 0 {
			subtract(other, own, factor)
			p.times[r] -= factor * p.times[row]
		}
	}
	subtract(p.duals, own, -cost)
	if k := p.basis[row]; k >= 0 {
		p.in[k] = false
	}
	if j >= 0 {
		p.in[j] = true
	}
	p.basis[row] = j
}

// subtract takes a row off another one that many times.
func subtract(row, other []float64, times float64) {
	// Four at a time: much of a plan's time goes by here.
	a, b := row[:len(other)], other
	for len(a) >= 4 && len(b) >= 4 {
		a[0] -= times * b[0]
		a[1] -= times * b[1]
		a[2] -= times * b[2]
		a[3] -= times * b[3]
		a, b = a[4:], b[4:]
	}
	for j, v := range b {
		a[j] -= times * v
	}
}

// count adds what the column serves of items when it is used that many times.
func (p *covering) count(served []float64, j int, times float64) {
	if j < 0 {
		served[-1-j] -= times
		return
	}
	for _, e := range p.columns[j].entries {
		served[e.item] += times * e.n
	}
}

// used is how often each column is used.
func (p *covering) used() []float64 {
	used := make([]float64, len(p.columns))
	for r, j := range p.basis {
		if j >= 0 {
			used[j] = p.times[r]
		}
	}
	return used
}

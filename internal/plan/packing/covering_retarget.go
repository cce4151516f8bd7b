package packing

import "math"

// retarget changes the demand and steps to the optimum from where the old one was (the dual simplex method).
func (p *covering) retarget(demand []float64) {
	p.demand = demand
	for r, row := range p.inverse {
		p.times[r] = 0
		for i, n := range demand {
			p.times[r] += row[i] * n
		}
	}
	p.look()
	if p.serve() {
		p.spread()
	} else {
		p.begin()
	}
	p.solve()
}

// serve brings columns in until all that is asked for is served, and says whether that is so.
func (p *covering) serve() bool {
	for range 4 * (p.n + 10) { // from there on it is as well to begin anew
		row, worst := -1, -lpDrift
		for r, n := range p.times {
			if n < worst {
				row, worst = r, n
			}
		}
		if row < 0 {
			return true
		}
		column, cost, some := p.replacing(p.inverse[row])
		if !some {
			return false
		}
		p.follow(column)
		p.pivot(row, column, cost)
	}
	return false
}

// spread has columns that are used next to never used a little, each differently, and so much more of the items asked for: where many are used
// as often, the program would try one after another without getting anywhere.
func (p *covering) spread() {
	clear(p.demand)
	for r, j := range p.basis {
		if _, part := math.Modf(float64(r+1) * math.Phi); p.times[r] < lpDrift*part {
			p.times[r] = lpDrift * part
		}
		p.count(p.demand, j, p.times[r])
	}
}

// replacing is the column that comes into the basis for that of a row which is used less than not at all: of those that keep
// the duals at what columns cost but for rounding the one with the largest coefficient.
func (p *covering) replacing(row []float64) (column int, cost float64, some bool) {
	least, best := math.Inf(1), 0.0
	p.choices = p.choices[:0]
	try := func(j int) {
		if a := -p.inRow(row, j); a > lpPivot {
			c := choice{j, p.reduced(j), a}
			p.choices = append(p.choices, c)
			least = min(least, (max(c.cost, 0)+lpEpsilon)/a)
		}
	}
	for i := range p.n {
		try(surplus(i)) // one in the basis has nothing in another one's row
	}
	for _, j := range p.likely {
		if !p.in[j] {
			p.work += len(p.columns[j].entries)
			try(j)
		}
	}
	for _, c := range p.choices {
		if max(c.cost, 0) <= least*c.coefficient && c.coefficient > best {
			column, cost, best = c.column, c.cost, c.coefficient
		}
	}
	return column, cost, best > 0
}

// choice is a column that may come into the basis, with its reduced cost and what it has in the row of the one that goes.
type choice struct {
	column            int
	cost, coefficient float64
}

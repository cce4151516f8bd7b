package packing

import "math"

// fractional is the linear relaxation of filling one bin: items may be taken in parts, no
// more of each than there is and than fits. It is solved by the primal simplex method for
// bounded variables (Dantzig 1955): a variable at its upper bound is replaced by what it
// lacks to that bound, so bounds need no rows, and there are only as many rows as resources.
type fractional struct {
	rows    [][]float64 // by resource and place, by item, and the right-hand side
	goal    []float64
	basis   []int // by row: an item, or len(items)+row for the slack of a row
	out     []int // by column
	flipped []bool
	bounds  []float64
	flat    []float64
}

// solve fills parts with how many of each of the fill's items the best relaxed filling
// takes, and rates with the dual values of its resources and places, per unit.
func (f *fractional) solve(b *fill, parts, rates []float64) {
	n, m := len(b.items), b.dims+len(b.rooms)
	f.reset(n, m)
	for j := range b.items {
		it := &b.items[j]
		f.goal[j], f.bounds[j], f.out[j] = -it.value, float64(it.limit), j
		for d, x := range b.sizeOf(j) {
			f.rows[d][j] = float64(x) / float64(max(b.free[d], 1))
		}
		if it.place >= 0 {
			f.rows[b.dims+it.place][j] = 1 / float64(b.rooms[it.place])
		}
	}
	for i := range m {
		f.rows[i][n], f.basis[i] = 1, n+i
	}
	for range 8 * (n + m) { // a guard against rounding
		column := f.entering()
		if column < 0 || !f.step(column) {
			break
		}
	}
	clear(parts)
	clear(rates)
	for i, v := range f.basis {
		if v < n {
			parts[v] = f.rows[i][n]
		}
	}
	for j, v := range f.out {
		switch {
		case v < n:
		case v < n+b.dims:
			rates[v-n] = max(f.goal[j], 0) / float64(max(b.free[v-n], 1))
		default:
			rates[v-n] = max(f.goal[j], 0) / float64(b.rooms[v-n-b.dims])
		}
	}
	for v := range n {
		if f.flipped[v] {
			parts[v] = f.bounds[v] - parts[v]
		}
	}
}

func (f *fractional) reset(n, m int) {
	f.flat = zeros(f.flat, (m+1)*(n+1))
	f.rows = f.rows[:0]
	for i := range m {
		f.rows = append(f.rows, f.flat[i*(n+1):(i+1)*(n+1)])
	}
	f.goal = f.flat[m*(n+1):]
	f.basis, f.out = zeros(f.basis, m), zeros(f.out, n)
	f.flipped, f.bounds = zeros(f.flipped, n), zeros(f.bounds, n)
}

func (f *fractional) entering() int {
	best, at := -lpEpsilon, -1
	for j := range f.out {
		if f.goal[j] < best {
			best, at = f.goal[j], j
		}
	}
	return at
}

// step lets the column's variable grow until it or a basic variable is at a bound.
func (f *fractional) step(column int) bool {
	n := len(f.out)
	limit, row, upper := math.Inf(1), -1, false
	if v := f.out[column]; v < n {
		limit = f.bounds[v]
	}
	for i := range f.rows {
		a, rhs := f.rows[i][column], f.rows[i][n]
		if a > lpEpsilon && rhs/a < limit {
			limit, row, upper = rhs/a, i, false
		}
		if v := f.basis[i]; a < -lpEpsilon && v < n && (f.bounds[v]-rhs)/-a < limit {
			limit, row, upper = (f.bounds[v]-rhs)/-a, i, true
		}
	}
	switch {
	case math.IsInf(limit, 1):
		return false
	case row < 0:
		f.flip(column)
		return true
	case upper:
		v := f.basis[row]
		r := f.rows[row]
		for j := range r {
			r[j] = -r[j]
		}
		r[n] += f.bounds[v]
		f.flipped[v] = !f.flipped[v]
	}
	pivotRow(f.rows, f.goal, row, column)
	f.basis[row], f.out[column] = f.out[column], f.basis[row]
	return true
}

// flip replaces the column's variable by what it lacks to its bound.
func (f *fractional) flip(column int) {
	n, v := len(f.out), f.out[column]
	for _, r := range f.rows {
		r[n] -= r[column] * f.bounds[v]
		r[column] = -r[column]
	}
	f.goal[n] -= f.goal[column] * f.bounds[v]
	f.goal[column] = -f.goal[column]
	f.flipped[v] = !f.flipped[v]
}

package plan

import "math"

// solveLP maximises c·x under a·x ≤ b and x ≥ 0, where every b is at least 0, by
// the simplex method. It returns x and the duals of the rows. Both are only as good
// as floating point: whoever proves something by them checks it in integers.
func solveLP(c []float64, a [][]float64, b []float64) (x, duals []float64) {
	t := newTableau(c, a, b)
	const most = 20_000 // a guard against rounding, far above what is needed
	for range most {
		column := t.entering()
		if column < 0 {
			break
		}
		row := t.leaving(column)
		if row < 0 {
			break
		}
		t.pivot(row, column)
	}
	return t.solution()
}

// tableau is a linear program in the form of a dictionary: every basic variable and
// the goal by the variables that are not in the basis. Variables 0 to n-1 are those
// of x, the others the slacks of the rows.
type tableau struct {
	n, m  int
	rows  [][]float64 // m rows of n coefficients and the right-hand side, then the goal
	basis []int       // by row
	out   []int       // by column, the variable that is not in the basis
	// degenerate counts steps without progress; after many Bland's rule, which cannot
	// cycle, takes over.
	degenerate int
}

func newTableau(c []float64, a [][]float64, b []float64) *tableau {
	t := &tableau{n: len(c), m: len(a)}
	flat := make([]float64, (t.m+1)*(t.n+1))
	for i := range t.m + 1 {
		t.rows = append(t.rows, flat[i*(t.n+1):(i+1)*(t.n+1)])
	}
	for i := range a {
		copy(t.rows[i], a[i])
		t.rows[i][t.n] = b[i]
		t.basis = append(t.basis, t.n+i)
	}
	for j, v := range c {
		t.rows[t.m][j] = -v
		t.out = append(t.out, j)
	}
	return t
}

const lpEpsilon = 1e-9

// entering is the column with the steepest gain, or the first with any when steps
// have stopped to gain; -1 at the optimum.
func (t *tableau) entering() int {
	goal := t.rows[t.m]
	best, at := -lpEpsilon, -1
	for j := range t.n {
		switch {
		case goal[j] >= best:
		case t.degenerate > 50:
			if at < 0 || t.out[j] < t.out[at] {
				at = j
			}
		default:
			best, at = goal[j], j
		}
	}
	return at
}

func (t *tableau) leaving(column int) int {
	best, row := math.Inf(1), -1
	for i := range t.m {
		v := t.rows[i][column]
		if v <= lpEpsilon {
			continue
		}
		ratio := t.rows[i][t.n] / v
		if ratio < best-lpEpsilon || ratio < best+lpEpsilon && row >= 0 && t.basis[i] < t.basis[row] {
			best, row = ratio, i
		}
	}
	if best > lpEpsilon {
		t.degenerate = 0
	} else {
		t.degenerate++
	}
	return row
}

// pivot exchanges the row's basic variable for the column's.
func (t *tableau) pivot(row, column int) {
	p := t.rows[row]
	scale := 1 / p[column]
	for j := range p {
		p[j] *= scale
	}
	p[column] = scale
	for i, other := range t.rows {
		factor := other[column]
		if i == row || factor == 0 {
			continue
		}
		for j, v := range p {
			other[j] -= factor * v
		}
		other[column] = -factor * scale
	}
	t.basis[row], t.out[column] = t.out[column], t.basis[row]
}

func (t *tableau) solution() (x, duals []float64) {
	x, duals = make([]float64, t.n), make([]float64, t.m)
	for i, v := range t.basis {
		if v < t.n {
			x[v] = t.rows[i][t.n]
		}
	}
	for j, v := range t.out {
		if v >= t.n {
			duals[v-t.n] = t.rows[t.m][j]
		}
	}
	return x, duals
}

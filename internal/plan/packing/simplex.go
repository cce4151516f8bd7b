package packing

import "math"

// Maximise maximises c·x under a·x ≤ b and x ≥ 0, where every b is at least 0, by
// the simplex method. It returns x and the duals of the rows. Both are only as good
// as floating point: whoever proves something by them checks it in integers.
func Maximise(c []float64, a [][]float64, b []float64) (x, duals []float64) {
	t := newTableau(c, a, b)
	t.maximise()
	return t.solution()
}

// tableau is a linear program in the form of a dictionary: every basic variable and
// the goal by the variables that are not in the basis. Variables 0 to n-1 are those
// of x, the others the slacks of the rows.
type tableau struct {
	n, m  int         // variables and rows: the slack of row i is variable n+i
	rows  [][]float64 // n coefficients and the right-hand side
	goal  []float64   // the same for the goal
	basis []int       // by row
	out   []int       // by column, the variable that is not in the basis
	// degenerate counts steps without progress; after many Bland's rule, which cannot
	// cycle, takes over.
	degenerate int
}

func newTableau(c []float64, a [][]float64, b []float64) *tableau {
	t := &tableau{n: len(c), m: len(a)}
	flat := make([]float64, (t.m+1)*(t.n+1))
	t.goal = flat[t.m*(t.n+1):]
	for i := range a {
		row := flat[i*(t.n+1) : (i+1)*(t.n+1)]
		copy(row, a[i])
		row[t.n] = b[i]
		t.rows = append(t.rows, row)
		t.basis = append(t.basis, t.n+i)
	}
	for j, v := range c {
		t.goal[j] = -v
		t.out = append(t.out, j)
	}
	return t
}

// lpEpsilon is what counts as zero, lpTolerance by how much rows may be violated, lpPivot how large a
// coefficient must be to divide by it, lpDrift by how much a solution may miss what is asked for.
const (
	lpEpsilon   = 1e-9
	lpTolerance = 1e-7
	lpPivot     = 1e-7
	lpDrift     = 1e-6
)

// entering is the column with the steepest gain, or the first with any when steps
// have stopped to gain; -1 at the optimum.
func (t *tableau) entering() int {
	best, at := -lpEpsilon, -1
	for j := range t.n {
		switch {
		case t.goal[j] >= best:
		case t.degenerate > 50:
			if at < 0 || t.out[j] < t.out[at] {
				at = j
			}
		default:
			best, at = t.goal[j], j
		}
	}
	return at
}

func (t *tableau) leaving(column int) int {
	best, row := math.Inf(1), -1
	for i := range t.rows {
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
	pivotRow(t.rows, t.goal, row, column)
	t.basis[row], t.out[column] = t.out[column], t.basis[row]
}

// pivotRow solves the row for the column's variable and puts that into all others.
func pivotRow(rows [][]float64, goal []float64, row, column int) {
	p := rows[row]
	scale := 1 / p[column]
	for j := range p {
		p[j] *= scale
	}
	p[column] = scale
	for i, other := range rows {
		if i != row {
			eliminate(other, p, column)
		}
	}
	eliminate(goal, p, column)
}

// eliminate takes the pivot row's variable out of another row.
func eliminate(row, pivot []float64, column int) {
	factor := row[column]
	if factor == 0 {
		return
	}
	subtract(row, pivot, factor)
	row[column] = -factor * pivot[column]
}

// maximise steps to the optimum from a basis that is feasible.
func (t *tableau) maximise() {
	const most = 20_000 // a guard against rounding, far above what is needed
	for range most {
		column := t.entering()
		if column < 0 {
			return
		}
		row := t.leaving(column)
		if row < 0 {
			return
		}
		t.pivot(row, column)
	}
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
			duals[v-t.n] = t.goal[j]
		}
	}
	return x, duals
}

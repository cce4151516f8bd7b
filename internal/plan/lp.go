package plan

import "math"

// solveLP maximises c·x under a·x ≤ b and x ≥ 0, where every b is at least 0, by
// the simplex method with Bland's rule, which cannot cycle. It returns x and the
// duals of the rows. Both are only as good as floating point: whoever proves
// something by them checks it in integers.
func solveLP(c []float64, a [][]float64, b []float64) (x, duals []float64) {
	n, m := len(c), len(a)
	rows := make([][]float64, m+1)
	for i := range m {
		rows[i] = make([]float64, n+m+1)
		copy(rows[i], a[i])
		rows[i][n+i] = 1
		rows[i][n+m] = b[i]
	}
	goal := make([]float64, n+m+1)
	for j := range n {
		goal[j] = -c[j]
	}
	rows[m] = goal
	basis := make([]int, m)
	for i := range basis {
		basis[i] = n + i
	}
	const most = 5000 // a guard against rounding, far above what the small problems here need
	for range most {
		enter := entering(goal, n+m)
		if enter < 0 {
			break
		}
		leave := leaving(rows[:m], basis, enter, n+m)
		if leave < 0 {
			break
		}
		pivot(rows, leave, enter)
		basis[leave] = enter
	}
	x = make([]float64, n)
	for i, j := range basis {
		if j < n {
			x[j] = rows[i][n+m]
		}
	}
	return x, goal[n : n+m]
}

const lpEpsilon = 1e-9

func entering(goal []float64, columns int) int {
	for j := range columns {
		if goal[j] < -lpEpsilon {
			return j
		}
	}
	return -1
}

func leaving(rows [][]float64, basis []int, enter, rhs int) int {
	best, leave := math.Inf(1), -1
	for i, row := range rows {
		if row[enter] <= lpEpsilon {
			continue
		}
		ratio := row[rhs] / row[enter]
		if ratio < best-lpEpsilon || ratio < best+lpEpsilon && leave >= 0 && basis[i] < basis[leave] {
			best, leave = ratio, i
		}
	}
	return leave
}

func pivot(rows [][]float64, leave, enter int) {
	row := rows[leave]
	scale := 1 / row[enter]
	for j := range row {
		row[j] *= scale
	}
	for i, other := range rows {
		factor := other[enter]
		if i == leave || factor == 0 {
			continue
		}
		for j, v := range row {
			other[j] -= factor * v
		}
	}
}

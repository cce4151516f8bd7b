package packing

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMaximise(t *testing.T) {
	// A textbook problem: 3x+5y under x ≤ 4, 2y ≤ 12, 3x+2y ≤ 18 is 36 at (2, 6).
	x, duals := Maximise([]float64{3, 5}, [][]float64{{1, 0}, {0, 2}, {3, 2}}, []float64{4, 12, 18})
	for i, want := range []float64{2, 6} {
		if math.Abs(x[i]-want) > 1e-9 {
			t.Errorf("x[%d] = %g, want %g", i, x[i], want)
		}
	}
	for i, want := range []float64{0, 1.5, 1} {
		if math.Abs(duals[i]-want) > 1e-9 {
			t.Errorf("duals[%d] = %g, want %g", i, duals[i], want)
		}
	}
}

// TestMaximiseIsOptimal holds a solution and its duals against each other: both are
// feasible and of the same value, so both are the best.
func TestMaximiseIsOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(1, 6).Draw(t, "n"), rapid.IntRange(1, 8).Draw(t, "m")
		number := rapid.IntRange(0, 9)
		c, a, b := make([]float64, n), make([][]float64, m), make([]float64, m)
		for j := range c {
			c[j] = float64(number.Draw(t, "c"))
		}
		for i := range a {
			a[i] = make([]float64, n)
			b[i] = float64(number.Draw(t, "b"))
			for j := range a[i] {
				a[i][j] = 1 + float64(number.Draw(t, "a"))
			}
		}
		x, duals := Maximise(c, a, b)
		value, dual := 0.0, 0.0
		for j := range c {
			value += c[j] * x[j]
			cover := 0.0
			for i := range a {
				cover += a[i][j] * duals[i]
			}
			if x[j] < -1e-9 || cover < c[j]-1e-6 {
				t.Fatalf("not feasible: x %v, duals %v", x, duals)
			}
		}
		for i := range a {
			dual += duals[i] * b[i]
			used := 0.0
			for j := range c {
				used += a[i][j] * x[j]
			}
			if used > b[i]+1e-6 || duals[i] < -1e-9 {
				t.Fatalf("not feasible: x %v, duals %v", x, duals)
			}
		}
		if math.Abs(value-dual) > 1e-6*(1+value) {
			t.Fatalf("value %g, dual %g", value, dual)
		}
	})
}

// TestRowsAddedLaterCountTheSame solves a program at once and row by row.
func TestRowsAddedLaterCountTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(1, 8).Draw(t, "m")
		number := rapid.IntRange(0, 9)
		c, a, b := make([]float64, n), make([][]float64, m), make([]float64, m)
		for j := range c {
			c[j] = float64(number.Draw(t, "c"))
		}
		for i := range a {
			a[i] = make([]float64, n)
			b[i] = float64(1 + number.Draw(t, "b"))
			for j := range a[i] {
				a[i][j] = float64(number.Draw(t, "a"))
				if i == 0 {
					a[i][j]++ // bounded from the start
				}
			}
		}
		value := func(x []float64) float64 {
			sum := 0.0
			for j := range c {
				sum += c[j] * x[j]
			}
			return sum
		}
		want, _ := Maximise(c, a, b)
		tab := newTableau(c, a[:1], b[:1])
		tab.maximise()
		for i := 1; i < m; i++ {
			tab.add(a[i], b[i])
			tab.repair()
		}
		got, _ := tab.solution()
		if math.Abs(value(got)-value(want)) > 1e-6*(1+value(want)) {
			t.Fatalf("row by row %g, at once %g", value(got), value(want))
		}
		// And with another goal, from where the first one ended.
		for j := range c {
			c[j] = float64(number.Draw(t, "c again"))
		}
		want, _ = Maximise(c, a, b)
		tab.retarget(c)
		got, _ = tab.solution()
		if math.Abs(value(got)-value(want)) > 1e-6*(1+value(want)) {
			t.Fatalf("from the old goal %g, at once %g", value(got), value(want))
		}
	})
}

// TestReplacing looks at which variable comes into the basis for a row that is violated.
func TestReplacing(t *testing.T) {
	for _, c := range []struct {
		name      string
		goal, row []float64
		want      int
	}{
		{"the one that costs least for what it gives", []float64{3, 1, 2}, []float64{-1, -1, -4}, 2},
		{"of equals the one with the largest coefficient", []float64{1, 2, 1}, []float64{-1, -2, -1}, 1},
		{"what rounding has left of nothing is not divided by", []float64{0, 5}, []float64{-3e-9, -1}, 1},
		{"none gives anything", []float64{1, 1}, []float64{2, 0}, -1},
	} {
		tab := newTableau(make([]float64, len(c.goal)), nil, nil)
		copy(tab.goal, c.goal)
		if got := tab.replacing(append(c.row, -1)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

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

package packing

import "github.com/vpsie/vpsie-autoscaler/internal/plan/resources"

// ResourceDuals are what a unit of each resource is worth, by the prices of the bins that
// could hold the demand: the solution of
//
//	maximise worth·demand  under  worth·free ≤ price  for every bin.
//
// By weak duality no set of bins that holds the demand costs less than worth·demand, and a
// bin is bought well when the items in it are worth nearly its price.
func ResourceDuals(demand resources.Vector, bins []Bin) []float64 {
	n := len(demand)
	scale := make([]float64, n) // brings every resource to the order of 1
	for _, bin := range bins {
		for i, x := range bin.Free {
			scale[i] = max(scale[i], float64(x))
		}
	}
	goal := make([]float64, n)
	for i := range goal {
		if demand[i] > 0 && scale[i] > 0 {
			goal[i] = float64(demand[i]) / scale[i]
		}
	}
	a := make([][]float64, len(bins))
	b := make([]float64, len(bins))
	for k, bin := range bins {
		a[k] = make([]float64, n)
		for i, x := range bin.Free {
			if scale[i] > 0 {
				a[k][i] = max(float64(x), 0) / scale[i]
			}
		}
		b[k] = float64(bin.Price)
	}
	x, _ := Maximise(goal, a, b)
	for i := range x {
		if scale[i] > 0 {
			x[i] /= scale[i]
		}
	}
	return x
}

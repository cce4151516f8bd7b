package plan

import "github.com/vpsie/vpsie-autoscaler/internal/plan/resources"

// worths are what a unit of each resource is worth, by the prices of the templates
// that could hold the demand: the solution of
//
//	maximise worth·demand  under  worth·capacity ≤ price  for every template.
//
// A plan's price is never below worth·demand, and a node is bought well when the
// pods on it are worth nearly its price.
// Capacity is given by template.
func worths(demand resources.Vector, templates []*template, capacity []resources.Vector) []float64 {
	n := len(demand)
	scale := make([]float64, n) // brings every resource to the order of 1
	for _, free := range capacity {
		for i, x := range free {
			scale[i] = max(scale[i], float64(x))
		}
	}
	goal := make([]float64, n)
	for i := range goal {
		if demand[i] > 0 && scale[i] > 0 {
			goal[i] = float64(demand[i]) / scale[i]
		}
	}
	a := make([][]float64, len(templates))
	b := make([]float64, len(templates))
	for k, t := range templates {
		a[k] = make([]float64, n)
		for i, x := range capacity[k] {
			if scale[i] > 0 {
				a[k][i] = max(float64(x), 0) / scale[i]
			}
		}
		b[k] = float64(t.offer.Price)
	}
	x, _ := solveLP(goal, a, b)
	for i := range x {
		if scale[i] > 0 {
			x[i] /= scale[i]
		}
	}
	return x
}

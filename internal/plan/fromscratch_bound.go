package plan

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
)

// BoundFromScratch is a lower bound like that of CompareFromScratch, for those who want it
// often: the least that machines for the pods of the state can cost an hour, whichever
// there are now. p is what Decide made of the state; pods that it leaves without a node
// are not counted.
func BoundFromScratch(s *State, p *Plan) Hourly {
	bare := anew(s, p)
	bare.Groups = changedGroups(bare.Groups, unrestricted)
	w := newWorld(bare)
	w.solve()
	return min(w.cost().LowerBound, p.Cost.After)
}

// RatesFromScratch are what a unit of each resource is worth an hour to the pods that BoundFromScratch counts, in Money: no type
// on sale has more of them than its price, so that machines for pods cost no less than the pods are worth (weak duality).
func RatesFromScratch(s *State, p *Plan) map[corev1.ResourceName]float64 {
	bare := anew(s, p)
	bare.Groups = changedGroups(bare.Groups, unrestricted)
	w := newWorld(bare)
	demand := make([]int64, len(w.dims.Names))
	for _, l := range w.lots {
		for d, amount := range l.size {
			demand[d] += amount * int64(len(l.pods))
		}
	}
	rates := map[corev1.ResourceName]float64{}
	for d, rate := range packing.ResourceDuals(demand, binsOf(w.templates)) {
		rates[w.dims.Names[d]] = rate
	}
	return rates
}

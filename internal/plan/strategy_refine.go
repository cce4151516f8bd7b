package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
)

// refine buys anew, as one, for the pods on the nodes whose pods are worth least for what they cost:
// most of what a plan costs too much is on the last few nodes that it buys, which are a small part of
// one for many pods. It goes on as long as that is better.
func (s *search) refine() {
	for range refineRounds {
		if s.appraisal == nil || s.result.nodes < 2 || s.left > mostRefined {
			return
		}
		s.show()
		kept := s.wellFilled()
		if len(kept) == s.result.nodes {
			return
		}
		if !s.attempt(s.name, s.best, func() { s.w.reopen(kept, s.lots) }) {
			return
		}
	}
}

// nodeBought is a node that was bought with what it holds.
type nodeBought struct {
	template *template
	shares   []share
}

// wellFilled are the nodes bought for pods but those that are filled worst.
func (s *search) wellFilled() []nodeBought {
	type filled struct {
		host  *host
		waste float64
	}
	var all []filled
	total, paid := 0.0, 0.0
	for _, h := range s.w.bought() {
		if h.reason != PendingPods {
			continue
		}
		waste := float64(h.template.offer.Price)
		for _, p := range h.placed {
			worth, known := s.appraisal.of[p.lot]
			if !known {
				waste = 0
				break
			}
			waste -= float64(worth) * float64(p.n) / (1 << packing.GrainBits)
		}
		all = append(all, filled{h, waste})
		total += max(waste, 0)
		paid += float64(h.template.offer.Price)
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(x, y filled) int { return cmp.Compare(y.waste, x.waste) })
	drop := map[*host]bool{}
	sum, cost := 0.0, 0.0
	for _, f := range order {
		if f.waste <= 0 || sum > refineWaste*total && len(drop) > 2 || cost > refineShare*paid {
			break
		}
		drop[f.host] = true
		sum, cost = sum+f.waste, cost+float64(f.host.template.offer.Price)
	}
	var kept []nodeBought
	for _, f := range all {
		if !drop[f.host] {
			kept = append(kept, nodeBought{f.host.template, slices.Clone(f.host.placed)})
		}
	}
	return kept
}

// reopen buys the nodes again and puts on them what they held, as far as constraints admit that in
// this order, and then what else they take.
func (w *world) reopen(nodes []nodeBought, lots []*lot) {
	before := len(w.hosts)
	for _, n := range nodes {
		if n.template.buyable() == 0 {
			continue
		}
		mark, some := w.fork(), false
		h := w.open(n.template, PendingPods)
		for _, s := range n.shares {
			some = w.stack(h, s.lot, min(s.n, s.lot.left)) > 0 || some
		}
		if !some {
			w.revert(mark)
		}
	}
	w.fillAll(lots, w.hosts[before:])
}

package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// companions are lots that required pod affinity by hostname ties together: a pod of one
// has to be on a node with a pod of another. Packed one by one, those that others seek
// fill nodes on which these find no room any more, so they are packed as one.
type companions struct{ lots []*lot }

// companionsOf finds the lots that are tied together and want places, the largest sets
// first; with zoned also those that are tied by other keys than the hostname.
func (w *world) companionsOf(lots []*lot, zoned bool) []*companions {
	sought := map[*filter.Affinity][]*lot{} // the lots that each affinity picks
	for _, l := range lots {
		if l.left == 0 || !l.buys() {
			continue
		}
		for _, t := range l.kind.SoughtBy() {
			sought[t] = append(sought[t], l)
		}
	}
	sets := map[*lot]*companions{}
	setOf := func(l *lot) *companions {
		if sets[l] == nil {
			sets[l] = &companions{lots: []*lot{l}}
		}
		return sets[l]
	}
	for _, l := range lots {
		t := l.kind.Seeks()
		if l.left == 0 || !l.buys() || t == nil || !zoned && !w.filters.ByHostname(t) {
			continue
		}
		for _, other := range sought[t] {
			if other == l && t.Found() {
				continue // it has to be where its like is
			}
			mine, theirs := setOf(l), setOf(other)
			if mine == theirs {
				continue
			}
			mine.lots = append(mine.lots, theirs.lots...)
			for _, moved := range theirs.lots {
				sets[moved] = mine
			}
		}
	}
	var found []*companions
	for _, l := range lots {
		if set := sets[l]; set != nil && !slices.Contains(found, set) {
			found = append(found, set)
		}
	}
	share := make(map[*companions]float64, len(found))
	for _, set := range found {
		share[set] = w.shareOf(w.sizeOf(set.split(1)))
	}
	slices.SortStableFunc(found, func(a, b *companions) int { return cmp.Compare(share[b], share[a]) })
	return found
}

// split is what one node gets of the set when it is spread over that many nodes.
func (set *companions) split(nodes int) []share {
	var shares []share
	for _, l := range set.lots {
		if l.left > 0 {
			shares = append(shares, share{lot: l, n: (l.left-1)/nodes + 1})
		}
	}
	return shares
}

// most is on how many nodes the set may be: each needs a pod that seeks no other, and
// no pod may be bound to where the first of its own kind is.
func (set *companions) most() int {
	nodes := 0
	for _, l := range set.lots {
		switch {
		case l.kind.SeeksItself():
			return 1
		case l.kind.Seeks() == nil && (nodes == 0 || l.left < nodes):
			nodes = l.left
		}
	}
	return max(nodes, 1)
}

func (w *world) sizeOf(shares []share) resources.Vector {
	size := make(resources.Vector, len(w.dims.Names))
	for _, s := range shares {
		size.Add(s.lot.size, int64(s.n))
	}
	return size
}

// buyTogether places every set of companions on one node, or, where no node takes the
// whole set, evenly on as many as it may be spread over. What is left is packed pod by
// pod.
func (w *world) buyTogether(lots []*lot, a aim) {
	if a.apart {
		return
	}
	sets := w.companionsOf(lots, a.zoned)
	for i, set := range sets {
		if w.buyShares(set.split(1), len(sets)-i, a) {
			continue
		}
		for nodes := set.most(); nodes > 1 && w.buyShares(set.split(nodes), nodes, a); nodes-- {
		}
	}
}

// buyShares places the shares on one node: on one that the plan buys already, else on a
// new one, of a type on which that many sets of this size cost least.
func (w *world) buyShares(shares []share, sets int, a aim) bool {
	size := w.sizeOf(shares)
	for _, h := range w.bought() {
		if h.takes && h.free.Fits(size) && w.seatTogether(h, shares) {
			return true
		}
	}
	for _, t := range w.cheapestFor(shares, size, sets, a) {
		mark := w.fork()
		if w.seatTogether(w.open(t, PendingPods), shares) {
			return true
		}
		w.revert(mark)
	}
	return false
}

// cheapestFor are the templates with room for the shares, those first on which that many
// sets of their size cost least.
func (w *world) cheapestFor(shares []share, size resources.Vector, sets int, a aim) []*template {
	type choice struct {
		template *template
		price    Money
	}
	var choices []choice
	for _, t := range w.templates {
		room := t.unyielded.Times(size, sets)
		unfit := func(s share) bool { return !t.admits(s.lot) || !w.preferredOnly(s.lot, t) }
		if a.leavesOut(t) || t.group.closed.reason != "" || t.buyable() == 0 || room == 0 || slices.ContainsFunc(shares, unfit) {
			continue
		}
		choices = append(choices, choice{t, t.offer.Price * Money((sets-1)/room+1)})
	}
	slices.SortStableFunc(choices, func(x, y choice) int { return cmp.Compare(x.price, y.price) })
	out := make([]*template, len(choices))
	for i, c := range choices {
		out[i] = c.template
	}
	return out
}

// seatTogether puts all of the shares on the host, or none.
func (w *world) seatTogether(h *host, shares []share) bool {
	mark := w.fork()
	left := make([]int, len(shares))
	for i, s := range shares {
		left[i] = s.n
	}
	for again := true; again; {
		again = false
		waiting := 0
		for i, s := range shares {
			if left[i] > 0 {
				n := w.stack(h, s.lot, left[i])
				left[i] -= n
				waiting += left[i]
				again = again || n > 0
			}
		}
		if waiting == 0 {
			return true
		}
	}
	w.revert(mark)
	return false
}

package plan

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// numberPlaces numbers the places of the appraisal of which a node to be bought has few in any plan, from 1. placed is how many
// pods of every lot the plan places.
func (p *proof) numberPlaces(placed map[*lot]int) map[filter.Place]int {
	index := map[filter.Place]int{{}: 0}
	p.rooms, p.there = []int{0}, []int{0}
	for _, at := range p.w.appraisal.places {
		if _, known := index[at]; known {
			continue
		}
		index[at] = 0
		switch room := p.w.roomOfAny(at, placed); {
		case at.KeepsApart():
			p.rooms, p.there = append(p.rooms, 1), append(p.there, 1)
		case room > 0:
			p.rooms, p.there = append(p.rooms, room), append(p.there, math.MaxInt32)
		default:
			continue
		}
		index[at] = len(p.rooms) - 1
	}
	return index
}

// roomOfAny is how many pods that spread by hostname a node to be bought holds at most, whoever plans; 0 for no limit.
//
// A node holds maxSkew more of them than the one with the fewest. That has none where some lot's pods can only be on nodes
// that count and take no pod which does: any plan has such a node. And it has no more than a node has on average of as few
// nodes as can be.
func (w *world) roomOfAny(at filter.Place, placed map[*lot]int) int {
	if !at.Spreads() {
		return 0
	}
	counting, empty := w.filters.Counting(at), map[*filter.NodeClass]bool{}
	for _, t := range w.templates {
		if _, known := empty[t.nodeClass]; !known {
			empty[t.nodeClass] = at.StaysEmpty(counting, t.nodeClass, t.domains)
		}
	}
	leavesEmpty := func(l *lot) bool {
		return !l.kind.Class.PerHost &&
			!slices.ContainsFunc(w.templates, func(t *template) bool { return !empty[t.nodeClass] && t.admits(l) }) &&
			!slices.ContainsFunc(w.hosts[:w.existing], func(h *host) bool { return h.takes && w.verdict(l.kind.Class, h) == filter.Suits })
	}
	room := int(at.Room())
	for l := range placed {
		if leavesEmpty(l) {
			return room
		}
	}
	nodes := w.leastNodes(at, placed)
	if nodes == 0 {
		return 0
	}
	counted := at.Counted()
	for _, l := range w.lots {
		if at.Counts(l.kind) {
			counted += l.left
		}
	}
	return room + counted/nodes
}

// leastNodes is how many nodes that count for the place any plan buys at least: those that hold what the lots ask for that
// can only be on such nodes, and the nodes that are there have no room for. placed is how many pods of them the plan places.
func (w *world) leastNodes(at filter.Place, placed map[*lot]int) int {
	largest, demand := make(resources.Vector, len(w.dims.Names)), make(resources.Vector, len(w.dims.Names))
	var others []*template
	for _, t := range w.templates {
		if at.CountsNew(t.nodeClass, t.domains) {
			largest.Raise(t.alloc)
		} else {
			others = append(others, t)
		}
	}
	for l, n := range placed {
		if !slices.ContainsFunc(others, func(t *template) bool { return t.admits(l) }) {
			demand.Add(l.size, int64(n))
		}
	}
	for _, h := range w.hosts[:w.existing] {
		if h.takes {
			for d, x := range h.freeBefore() {
				demand[d] -= max(x, 0)
			}
		}
	}
	nodes := int64(0)
	for d, x := range demand {
		if x > 0 && largest[d] > 0 {
			nodes = max(nodes, (x+largest[d]-1)/largest[d])
		}
	}
	return int(nodes)
}

// freeBefore is what was free on the host before the plan placed pods there.
func (h *host) freeBefore() resources.Vector {
	free := slices.Clone(h.freeOrYielded())
	for _, s := range h.placed {
		free.Add(s.lot.size, int64(s.n))
	}
	return free
}

package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// relieve buys head-room, and gives the pods that it turns out another place: a new node
// is one more that they could be spread over.
func (w *world) relieve(lots []*lot, a aim) {
	for range headroomRounds {
		mark := w.fork()
		if w.buyHeadroom(); w.fork() == mark {
			return
		}
		w.fillAll(lots, w.taking())
		w.reconcile(lots, a)
	}
}

// buyHeadroom gives groups that have reached a scale-up threshold, with all that
// the plan buys and places reckoned in, the fewest nodes that bring them below it; or a
// larger type for a node that is bought anyway, where that costs less.
func (w *world) buyHeadroom() {
	loads := w.loads()
	for _, g := range w.tight(loads) {
		// Where one type runs out before there is relief, the next-best helps on.
		for l := loads[g]; g.tight(l); {
			t, n := g.relief(l)
			if n == 0 || w.enlarge(g, l, t.offer.Price*Money(n)) {
				break
			}
			for range n {
				l = l.plus(w.open(t, Headroom).load())
			}
		}
	}
}

// enlarge gives a node that is bought for the group a larger type with which the group has
// its head-room, if that costs less than the price. It says whether it has.
func (w *world) enlarge(g *group, l load, price Money) bool {
	var host *host
	var larger *template
	tried := map[*template]bool{}
	for _, h := range w.bought() {
		// Nodes of one template are alike but for what is on them.
		if h.group != g || tried[h.template] || h.template.offer.InstanceType == g.Preferred {
			continue
		}
		tried[h.template] = true
		for _, t := range g.templates {
			more := t.offer.Price - h.template.offer.Price
			room := load{room: amountOf(t.free).minus(amountOf(h.template.free))}
			if more < price && t.left() > 0 && t.barred.reason == "" && t.allowed() && t.replaces(h.template) && !g.tight(l.plus(room)) &&
				w.holdsAll(t, h) && w.sameToOthers(t, h) {
				host, larger, price = h, t, more
			}
		}
	}
	if larger == nil {
		return false
	}
	w.retype(host, larger)
	return true
}

// tight are the groups that ought to have head-room and lack it.
func (w *world) tight(loads map[*group]load) []*group {
	var groups []*group
	for _, g := range w.groups {
		if g.tight(loads[g]) {
			groups = append(groups, g)
		}
	}
	return groups
}

// tight says that the load reaches a scale-up threshold of a group that may buy.
func (g *group) tight(l load) bool {
	return g.closed.reason == "" && !g.Deleting && l.reaches(g.ScaleUp.CPU, g.ScaleUp.Memory)
}

// fillHeadroom puts pods on the nodes bought as head-room as long as their groups stay
// below the thresholds.
func (w *world) fillHeadroom(lots []*lot) {
	loads := w.loads()
	for _, h := range w.bought() {
		if h.reason != Headroom {
			continue
		}
		for _, l := range lots {
			most := loads[h.group].takes(amountOf(l.size), h.group.ScaleUp.CPU, h.group.ScaleUp.Memory)
			if most = min(most, l.left); most == 0 || l.expendable {
				continue
			}
			n := w.stack(h, l, most)
			load := loads[h.group]
			load.used = load.used.plus(amountOf(l.size).times(int64(n)))
			loads[h.group] = load
		}
	}
}

// buyWithin buys for the lots. With belowThreshold it holds back meanwhile what part of
// the nodes their groups are not to use.
func (w *world) buyWithin(lots []*lot, a aim) {
	if !a.belowThreshold {
		w.buyFor(lots, a)
		return
	}
	type room struct{ free, unyielded resources.Vector }
	whole, held := make([]room, len(w.templates)), make([]resources.Vector, len(w.templates))
	for i, t := range w.templates {
		whole[i], held[i] = room{t.free, t.unyielded}, t.heldBack()
		t.free, t.unyielded = slices.Clone(t.free), slices.Clone(t.unyielded)
		t.free.Add(held[i], -1)
		t.unyielded.Add(held[i], -1)
	}
	before := len(w.hosts)
	w.buyFor(lots, a)
	for i, t := range w.templates {
		t.free, t.unyielded = whole[i].free, whole[i].unyielded
	}
	for _, h := range w.hosts[before:] {
		h.free.Add(held[h.template.index], 1)
	}
}

// heldBack is the part of a node that pods cannot use without their group's reaching a
// threshold; none where a preferred type has to be filled first.
func (t *template) heldBack() resources.Vector {
	held := make(resources.Vector, len(t.free))
	if t.group.closed.reason != "" || t.group.Preferred != "" {
		return held
	}
	up := t.group.ScaleUp
	for _, d := range []struct{ dim, percent int }{{resources.CPU, up.CPU}, {resources.Memory, up.Memory}} {
		if d.percent > 0 && d.percent < 100 {
			room := max(t.free[d.dim], 0)
			held[d.dim] = room - max(int64(d.percent)*room-1, 0)/100
		}
	}
	return held
}

// relief is the template and number of nodes that bring the load below the group's
// thresholds: the preferred type while it can be bought, else the fewest nodes, of
// equal numbers the cheapest. Where limits allow fewer, it is as many as they allow.
func (g *group) relief(l load) (*template, int) {
	var best *template
	fewest := 0
	for _, t := range g.templates {
		if t.buyable() == 0 {
			continue
		}
		n := g.needed(l, amountOf(t.free))
		if n <= 0 {
			continue
		}
		if t.offer.InstanceType == g.Preferred {
			best, fewest = t, n
			break
		}
		if best == nil || n < fewest || n == fewest && t.offer.Price < best.offer.Price {
			best, fewest = t, n
		}
	}
	if best == nil {
		return nil, 0
	}
	return best, min(fewest, best.buyable())
}

// needed is how many nodes with that much room bring the load below the group's
// thresholds; 0 when no number does.
func (g *group) needed(l load, room amount) int {
	cpu, ok := neededOne(l.used.cpu, l.room.cpu, room.cpu, g.ScaleUp.CPU)
	if !ok {
		return 0
	}
	memory, ok := neededOne(l.used.memory, l.room.memory, room.memory, g.ScaleUp.Memory)
	if !ok {
		return 0
	}
	return max(cpu, memory)
}

// neededOne is the smallest n with used·100 < percent·(room + n·each).
func neededOne(used, room, each int64, percent int) (int, bool) {
	if !reachesOne(used, room, percent) {
		return 0, true
	}
	if each <= 0 {
		return 0, false
	}
	missing := used*100 - int64(percent)*room
	return int(missing/(int64(percent)*each)) + 1, true
}

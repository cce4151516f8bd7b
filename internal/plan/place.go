package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// fillExisting puts what it can of the lots on hosts that are there already or on
// their way: the largest pods first, each where the least room is left.
func (w *world) fillExisting(lots []*lot) {
	w.recall(lots)
	w.fillAll(lots, w.taking())
}

// refillExisting is fillExisting once more, in another order.
func (w *world) refillExisting(lots []*lot) {
	for _, h := range w.hosts[:w.existing] {
		if len(h.placed) > 0 {
			w.clear(h)
		}
	}
	w.fillExisting(lots)
}

// recall puts pods where an earlier plan meant them to be, on machines that are
// still on their way.
func (w *world) recall(lots []*lot) {
	hosts := slices.DeleteFunc(w.taking(), func(h *host) bool { return len(h.node.Planned) == 0 })
	if len(hosts) == 0 {
		return
	}
	lotOf := map[string]*lot{}
	for _, l := range lots {
		for _, p := range l.pods {
			lotOf[p.name()] = l
		}
	}
	type meant struct {
		host *host
		lot  *lot
	}
	var waiting []meant
	for _, h := range hosts {
		for _, name := range h.node.Planned {
			if l := lotOf[name]; l != nil {
				waiting = append(waiting, meant{h, l})
			}
		}
	}
	// Pods that do not preempt cannot use what the others leave of expendable pods' room.
	slices.SortStableFunc(waiting, func(a, b meant) int {
		switch {
		case a.lot.preempts == b.lot.preempts:
			return 0
		case b.lot.preempts:
			return -1
		}
		return 1
	})
	for again := true; again; {
		before := len(waiting)
		waiting = slices.DeleteFunc(waiting, func(m meant) bool { return m.lot.left > 0 && w.stack(m.host, m.lot, 1) > 0 })
		again = len(waiting) < before
	}
}

// fillAll fills the hosts with the lots in their order, and again with those that
// depend on where others are, as long as that helps. It says how many pods it put.
func (w *world) fillAll(lots []*lot, hosts []*host) int {
	placed := 0
	for again := len(hosts) > 0; again; {
		before := placed
		waiting := false
		var size resources.Vector
		var roomy []*host
		for _, l := range lots {
			left := l.left
			// Room only shrinks, and equal sizes are next to each other.
			if left > 0 && (roomy == nil || !slices.Equal(size, l.size)) {
				size, roomy = l.size, w.roomy(l, hosts)
			}
			w.fill(l, roomy)
			placed += left - l.left
			waiting = waiting || l.left > 0 && l.kind.Class.Depends()
		}
		again = waiting && placed > before
	}
	return placed
}

// roomy are the hosts with room for a pod of the lot's size.
func (w *world) roomy(l *lot, hosts []*host) []*host {
	w.effort.took(len(hosts))
	roomy := []*host{}
	for _, h := range hosts {
		if h.freeOrYielded().Fits(l.size) {
			roomy = append(roomy, h)
		}
	}
	return roomy
}

// fill puts pods of the lot on the hosts, in the order given, until none is left or
// no host takes another.
func (w *world) fill(l *lot, hosts []*host) {
	for again := true; again; {
		again = false
		for _, h := range hosts {
			if l.left == 0 {
				return
			}
			// What spreads may find room where it found none before.
			again = w.stack(h, l, l.left) > 0 && l.kind.Class.HasSpread() || again
		}
	}
}

// stack puts up to want pods of the lot on the host and says how many.
func (w *world) stack(h *host, l *lot, want int) int {
	done := 0
	for done < want {
		n := w.most(l, h, want-done)
		if n == 0 {
			break
		}
		w.place(h, l, n)
		done += n
	}
	return done
}

// bySize orders lots for packing: higher priority first, then the larger share of
// what nodes offer, with equal sizes next to each other, and among these the pods first
// that others limit, which have fewer nodes to go to. It is stable, so ties keep the
// order of names.
func (w *world) bySize(lots []*lot) []*lot {
	share := make(map[*lot]float64, len(lots))
	for _, l := range lots {
		share[l] = w.shareOf(l.size)
	}
	sorted := slices.Clone(lots)
	slices.SortStableFunc(sorted, func(a, b *lot) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(share[b], share[a]), slices.Compare(b.size, a.size), limitedFirst(a.kind, b.kind))
	})
	return sorted
}

func limitedFirst(a, b *filter.Kind) int {
	switch x, y := a.Free(), b.Free(); {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// most is how many of up to want pods of the lot can be put on the host at once;
// more may fit after that.
func (w *world) most(l *lot, h *host, want int) int {
	w.effort.took(1)
	k, room := l.kind, h.free
	if l.preempts {
		room = h.freeOrYielded()
	}
	n := room.Times(l.size, want)
	if n == 0 || w.verdict(k.Class, h) != filter.Suits || len(l.barred) > 0 && h.barred(l) {
		return 0
	}
	if k.Free() {
		return n
	}
	return w.filters.Max(k, &h.NodeInfo, n)
}

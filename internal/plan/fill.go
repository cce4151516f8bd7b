package plan

import (
	"cmp"
	"slices"
)

// fillExisting puts what it can of the lots on hosts that are there already or on
// their way: the largest pods first, each where the least room is left.
func (w *world) fillExisting(lots []*lot) {
	hosts := slices.DeleteFunc(slices.Clone(w.hosts), func(h *host) bool { return !h.takes })
	if len(hosts) == 0 {
		return
	}
	for _, l := range lots {
		w.fill(l, hosts)
	}
}

// fill puts pods of the lot on the hosts, in the order given, until none is left.
func (w *world) fill(l *lot, hosts []*host) {
	for _, h := range hosts {
		if l.left == 0 {
			return
		}
		n := h.free.times(l.size, l.left)
		if n > 0 && w.verdict(l.class, h) == suits {
			w.place(h, l, n)
		}
	}
}

// bySize orders lots for packing: higher priority first, then the larger share of
// what the templates and hosts offer. It is stable, so ties keep the order of names.
func (w *world) bySize(lots []*lot) []*lot {
	most := make(vec, len(w.dims.names))
	note := func(v vec) {
		for i, x := range v {
			most[i] = max(most[i], x)
		}
	}
	for _, t := range w.templates {
		note(t.free)
	}
	for _, h := range w.hosts {
		note(h.alloc)
	}
	largest := make(map[*lot]float64, len(lots))
	for _, l := range lots {
		for i, x := range l.size {
			if most[i] > 0 && i != dimPods {
				largest[l] = max(largest[l], float64(x)/float64(most[i]))
			}
		}
	}
	sorted := slices.Clone(lots)
	slices.SortStableFunc(sorted, func(a, b *lot) int {
		if c := cmp.Compare(b.priority, a.priority); c != 0 {
			return c
		}
		return cmp.Compare(largest[b], largest[a])
	})
	return sorted
}

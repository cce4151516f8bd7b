package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// mover stands for all pods of one kind and size on whatever node they are.
type mover struct {
	kind *filter.Kind
	size resources.Vector
	// share is the largest part that the size takes of any resource of any node.
	share float64
	// next is the first target that may have room: on those before it there was none,
	// and room only shrinks while nodes go.
	next int
}

type moverKey struct {
	kind                 *filter.Kind
	preempts             bool
	cpu, memory, storage int64
	scalars              string
}

func (w *world) mover(s seated) *mover {
	r := &s.pod.requests
	k := moverKey{s.kind, w.preempts(s.pod), r.CPU, r.Memory, r.Storage, r.ScalarKey()}
	m := w.movers[k]
	if m == nil {
		m = &mover{kind: s.kind, size: w.dims.Size(r)}
		m.share = w.shareOf(m.size)
		w.movers[k] = m
	}
	return m
}

// shareOf is the largest part that the size takes of what the largest node or
// template offers of a resource, the number of pods apart.
func (w *world) shareOf(size resources.Vector) float64 {
	if w.largest == nil {
		w.largest = make(resources.Vector, len(w.dims.Names))
		for _, t := range w.templates {
			w.largest.Raise(t.free)
		}
		for _, h := range w.hosts[:w.existing] {
			w.largest.Raise(h.alloc)
		}
	}
	share := 0.0
	for i, x := range size {
		if w.largest[i] > 0 && i != resources.Pods {
			share = max(share, float64(x)/float64(w.largest[i]))
		}
	}
	return share
}

// evictedFrom are the host's pods that need another place, the largest first.
func (w *world) evictedFrom(h *host) []*lot {
	var lots []*lot
	slices.SortFunc(h.bound, func(a, b seated) int { return comparePods(a.pod, b.pod) })
	for _, s := range h.bound {
		if s.stays || s.pod.leaves() || s.pod.stage != stageBound || w.expendable(s.pod) {
			continue
		}
		if h.leaving() && h.group != nil && h.group.Disruption.DrainSurge && w.surge().superseded(s.pod.meta) {
			continue
		}
		m := w.mover(s)
		i := slices.IndexFunc(lots, func(l *lot) bool { return l.mover == m })
		if i < 0 {
			i = len(lots)
			lots = append(lots, &lot{kind: m.kind, size: m.size, preempts: w.preempts(s.pod), mover: m, origin: h})
		}
		lots[i].pods = append(lots[i].pods, s.pod)
		lots[i].left++
	}
	slices.SortStableFunc(lots, func(a, b *lot) int { return cmp.Compare(b.mover.share, a.mover.share) })
	return lots
}

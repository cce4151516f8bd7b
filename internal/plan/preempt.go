package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// expendable says that the pod neither buys nor holds a node.
func (w *world) expendable(p *Pod) bool { return p.expendable(&w.state.Options) }

func (p *Pod) expendable(o *Options) bool { return p.priority < o.ExpendablePriorityCutoff }

// preempts says that what expendable pods take is room for the pod. A pod that
// depends on where others are may depend on the very pod that would have to go.
func (w *world) preempts(p *Pod) bool {
	return p.preempts && !w.expendable(p) && !w.class(p).Depends()
}

// freeOrYielded is the room for a pod that preempts; it is not to be changed.
func (h *host) freeOrYielded() resources.Vector {
	if h.yields == nil {
		return h.free
	}
	room := slices.Clone(h.free)
	room.Add(h.yields, 1)
	return room
}

// seatNominated gives pending pods the nodes on which kube-scheduler makes room for
// them, those of higher priority first, and returns those for which it cannot.
func (w *world) seatNominated(pods []*Pod) []*Pod {
	slices.SortFunc(pods, func(a, b *Pod) int { return cmp.Or(cmp.Compare(b.priority, a.priority), comparePods(a, b)) })
	var left []*Pod
	nominated := map[*host]bool{}
	for _, p := range pods {
		h := w.seatOf(p)
		if !w.canMakeRoom(h, p) {
			left = append(left, p)
			continue
		}
		w.sit(h, p, w.filters.Kind(w.class(p), p.meta))
		w.nominated = append(w.nominated, Placement{Pod: p.name(), Node: h.Name})
		nominated[h] = true
	}
	for h := range nominated {
		w.passOn(h)
	}
	return left
}

// canMakeRoom says whether the pod fits the host once those that its nomination
// evicts are gone.
func (w *world) canMakeRoom(h *host, p *Pod) bool {
	if !h.takes || w.verdict(w.class(p), h) != filter.Suits {
		return false
	}
	room := slices.Clone(h.alloc)
	for _, s := range h.bound {
		if isMirrorPod(s.pod.meta) || !s.pod.leaves() && (s.pod.stage == stagePending || s.pod.priority >= p.priority) {
			w.dims.AddSize(room, &s.pod.requests, -1)
		}
	}
	return room.Fits(w.dims.Size(&p.requests))
}

// passOn lets nominated pods have the room of the pods that are evicted for them.
// Both are counted on the host, and without this it would seem to be taken twice
// until the last victim is gone.
func (w *world) passOn(h *host) {
	highest, taken := int32(0), make(resources.Vector, len(w.dims.Names))
	nominated := 0
	for _, s := range h.bound {
		if s.pod.stage != stagePending {
			continue
		}
		if nominated == 0 || s.pod.priority > highest {
			highest = s.pod.priority
		}
		nominated++
		w.dims.AddSize(taken, &s.pod.requests, 1)
	}
	victims := make(resources.Vector, len(w.dims.Names))
	for _, s := range h.bound {
		if s.pod.stage == stageBound && s.pod.leaves() && !s.stays && s.pod.priority < highest {
			w.dims.AddSize(victims, &s.pod.requests, 1)
		}
	}
	for i := range victims {
		h.free[i] += min(victims[i], taken[i])
	}
}

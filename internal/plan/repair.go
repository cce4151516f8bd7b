package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// reconcile sees to it that every pod that the plan puts somewhere could be put
// there in the end: a node that is bought later can make a spread uneven that was
// even before. Pods for which that is not so are taken up again, and get another
// place, a node of their own, or a refusal.
func (w *world) reconcile(lots []*lot, a aim) {
	for range repairRounds {
		if w.audit(true) == 0 {
			return
		}
		w.fillAll(lots, w.taking())
		w.buyFor(lots, a)
		w.fillAll(lots, w.taking())
	}
	// Without another place for those that are taken up: they could go on chasing each other for ever.
	for w.audit(false) > 0 {
	}
	w.fillCarefully(lots)
	mark := w.fork()
	w.buyFor(lots, a)
	if _, l := w.turnedOut(0, nil); l != nil {
		w.revert(mark)
		w.buyCarefully(lots)
	}
}

// fillLast gives pods without a place what the rest of the plan has opened to them:
// nodes bought for a minimum or as head-room, and places that a node which goes, or a
// pod that moves, has kept them from.
func (w *world) fillLast() {
	if !slices.ContainsFunc(w.lots, func(l *lot) bool { return l.left > 0 }) {
		return
	}
	w.unseatEvicted()
	var careful []*lot
	for _, l := range w.bySize(w.lots) {
		switch {
		case l.left == 0:
		case l.kind.Free() && l.kind.Unseen():
			w.fill(l, w.taking())
		default:
			careful = append(careful, l)
		}
	}
	w.fillCarefully(careful)
}

// fillCarefully puts what is left pod by pod where it turns nobody else out but those
// that matter less. It ends the rare quarrels of pods that seek each other and crowd
// each other out, which would otherwise leave both without a place.
func (w *world) fillCarefully(lots []*lot) {
	for again := true; again; {
		again = false
		for _, l := range lots {
			if l.left == 0 || w.effort.spent() {
				continue
			}
			minded := w.filters.Minded(l.kind)
			for _, h := range w.roomy(l, w.taking()) {
				mark := w.fork()
				if l.left == 0 || w.effort.spent() || w.stack(h, l, 1) == 0 {
					continue
				}
				if w.makeWay(l.priority, minded) {
					again = true
					continue
				}
				w.revert(mark)
			}
		}
	}
}

// makeWay takes up the pods below the priority that are turned out by one more pod that
// some kinds mind, and says whether then nobody is.
func (w *world) makeWay(priority int32, minded []bool) bool {
	for ; ; minded = nil { // whom those seek that are taken up is another matter
		h, l := w.turnedOut(0, minded)
		if l == nil {
			return true
		}
		if l.priority >= priority || l.origin != nil {
			return false
		}
		w.take(h, l, 1)
	}
}

// turnedOut is a lot of which a pod would not be admitted where the plan puts it, and
// where that is; nil for none. It looks at hosts with at least that many pods that depend
// on others, and at the kinds of pods that are minded, by their numbers; nil is all.
func (w *world) turnedOut(least int, minded []bool) (*host, *lot) {
	for _, h := range w.hosts {
		w.effort.took(1)
		if h.dependent < least {
			continue
		}
		w.effort.took(len(h.placed))
		for _, s := range h.placed {
			if k := s.lot.kind; minded != nil && !minded[k.Number] || k.Safe() || s.lot.evicted() || w.admitted(h, s.lot) {
				continue
			}
			return h, s.lot
		}
	}
	return nil, nil
}

// audit takes up the pods that would not be admitted where they are, were they not
// there yet, and says how many. With again, those that spread get another place at once, if need be by changing
// places with others.
func (w *world) audit(again bool) int {
	taken := 0
	if _, l := w.turnedOut(0, nil); l != nil && !l.expendable {
		// None of them shall cost another its place.
		taken = w.takeUp(func(l *lot) bool { return l.expendable && !l.kind.Unseen() })
	}
	for _, h := range w.hosts {
		w.effort.took(1)
		for i := 0; i < len(h.placed); i++ {
			w.effort.took(1)
			l := h.placed[i].lot
			if l.kind.Safe() || w.admitted(h, l) {
				continue
			}
			w.take(h, l, 1)
			taken++
			i = -1 // the list has changed
			if again && l.kind.Class.HasSpread() && !w.spreadElsewhere(h, l) && !w.effort.spent() {
				w.swapElsewhere(h, l)
			}
		}
	}
	return taken
}

// spreadElsewhere puts a pod that spreads, and was taken up from the host, on the node
// bought last that takes it: that may even out what has turned out others as well. It says whether there is one.
func (w *world) spreadElsewhere(from *host, l *lot) bool {
	for _, h := range slices.Backward(w.bought()) {
		if h != from && w.stack(h, l, 1) > 0 {
			return true
		}
	}
	return false
}

// swapElsewhere puts such a pod on a node to be bought in the place of another one, which the host takes: that may be one of those by
// which the first one spreads.
func (w *world) swapElsewhere(from *host, l *lot) {
	for _, h := range slices.Backward(w.bought()) {
		w.effort.took(1)
		if h == from || w.verdict(l.kind.Class, h) != filter.Suits {
			continue
		}
		w.effort.took(len(h.placed))
		room := slices.Clone(h.freeOrYielded())
		for _, s := range h.placed {
			other := s.lot
			if other.kind.Class.HasSpread() || !from.freeOrYielded().Fits(other.size) {
				continue
			}
			room.Add(other.size, 1)
			mark := w.fork()
			if room.Fits(l.size) {
				if w.take(h, other, 1); w.stack(h, l, 1) > 0 && w.stack(from, other, 1) > 0 {
					return
				}
				w.revert(mark)
			}
			room.Add(other.size, -1)
		}
	}
}

// takeUp takes up the pods of some lots, and says how many.
func (w *world) takeUp(which func(*lot) bool) int {
	taken := 0
	for _, h := range w.hosts {
		for _, s := range slices.Clone(h.placed) {
			if which(s.lot) {
				w.take(h, s.lot, s.n)
				taken += s.n
			}
		}
	}
	return taken
}

// admitted says whether one of the lot's pods on the host would be admitted if it
// came last.
func (w *world) admitted(h *host, l *lot) bool {
	w.effort.took(3) // as it is taken off and put back
	claims := l.kind.Class.Claims()
	w.shift(h, l, -1)
	admitted := w.filters.Max(l.kind, &h.NodeInfo, 1) > 0
	w.shift(h, l, 1)
	w.filters.RestoreClaims(claims)
	return admitted
}

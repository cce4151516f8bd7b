package plan

import (
	"maps"
	"slices"
)

// move puts the candidate's pods, and those that were moved to it before, on hosts
// that stay.
func (r *remover) move(c *candidate) keep {
	h := c.host
	for _, l := range r.lift(c) {
		r.settle(l)
		// What is bound to a node that is not Ready does not run there, so it loses
		// nothing when it has to wait. A schedule that empties the group has pods wait, too.
		if l.left > 0 && h.node.State == Ready && !h.group.Drain {
			return keep{reason: KeptNoRoomElsewhere, message: "pod " + l.pods[len(l.pods)-l.left].name() + " fits no other node that is Ready and stays"}
		}
	}
	for _, m := range r.tried {
		r.w.advance(m.mover, m.next)
	}
	return keep{}
}

// lift takes the node out of the plan, and returns the lots of the pods that need another place.
func (r *remover) lift(c *candidate) []*lot {
	h := c.host
	set(r.w, &r.loads, maps.Clone(r.loads)) // the copy changes until the next node is lifted
	if h.counts() {
		r.loads[h.group] = r.loads[h.group].minus(h.load())
	}
	r.w.close(h)
	lots := slices.Clone(c.evicted)
	for _, s := range h.placed {
		lots = append(lots, s.lot)
	}
	r.w.clear(h)
	r.tried = r.tried[:0]
	return lots
}

// settle puts the lot's pods on the first targets that take them.
func (r *remover) settle(l *lot) {
	if l.stranded() != "" {
		return
	}
	i := 0
	if l.mover != nil {
		i = l.mover.next
		// Another lot of this attempt may have been as far already.
		for _, m := range r.tried {
			if m.mover == l.mover {
				i = m.next
			}
		}
	}
	for ; l.left > 0 && i < len(r.targets); i++ {
		t := r.targets[i]
		if !t.takes {
			continue
		}
		n := r.w.stack(t, l, l.left)
		if n > 0 && t.group != nil {
			g := r.loads[t.group]
			g.used = g.used.plus(amountOf(l.size).times(int64(n)))
			r.loads[t.group] = g
		}
		if l.left == 0 {
			break // there may be room for more
		}
	}
	if l.mover != nil && l.kind.Free() {
		r.tried = append(r.tried, progress{l.mover, i})
	}
}

// seatEvicted sets room aside for the pods of nodes that are being removed already,
// so that no plan counts on that room a second time.
func (w *world) seatEvicted() {
	for _, h := range w.hosts[:w.existing] {
		if !h.leaving() {
			continue
		}
		for _, l := range w.evictedFrom(h) {
			w.fill(l, slices.DeleteFunc(slices.Clone(w.hosts[:w.existing]), func(t *host) bool { return !t.serves() }))
		}
	}
}

// unseatEvicted takes the pods of nodes that are being removed already up again.
func (w *world) unseatEvicted() {
	for _, h := range w.hosts[:w.existing] {
		for _, s := range slices.Clone(h.placed) {
			if s.lot.evicted() {
				w.take(h, s.lot, s.n)
			}
		}
	}
}

// evicted says that the lot's pods are of a node that is being removed already.
func (l *lot) evicted() bool { return l.origin != nil && l.origin.leaving() }

// serves says that pods can run on the host now, so that it may take those of others.
func (h *host) serves() bool { return h.takes && h.node.State == Ready && h.awaits == "" }

// leaving says that the host is being removed already.
func (h *host) leaving() bool {
	return h.node != nil && h.node.State == Terminating || h.group != nil && h.group.Deleting
}

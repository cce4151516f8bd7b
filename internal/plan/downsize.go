package plan

import (
	"maps"
	"slices"
)

// shrink gives every node that is bought for pods the cheapest template that holds
// what it got: the last of a kind is seldom full. If roomy, none that brings a group to a
// scale-up threshold which it had not reached.
func (w *world) shrink(roomy bool) {
	var loads map[*group]load
	if roomy {
		loads = w.loads()
	}
	for _, h := range w.bought() {
		if h.reason == PendingPods {
			w.shrinkOne(h, loads)
		}
	}
}

func (w *world) shrinkOne(h *host, loads map[*group]load) {
	var cheaper []*template
	preferred := h.template.offer.InstanceType == h.group.Preferred
	w.effort.took(len(w.templates))
	for _, t := range w.templates {
		if preferred && (t.group != h.group || t.offer.InstanceType != h.group.Preferred) {
			continue // What fits a preferred type stays on it, at whatever price.
		}
		if t.offer.Price < h.template.offer.Price && t.group.closed.reason == "" && t.barred.reason == "" && t.allowed() &&
			t.left() > 0 && (t.group == h.group || t.group.room() > 0) && t.group.Priority >= h.group.Priority && t.replaces(h.template) {
			cheaper = append(cheaper, t)
		}
	}
	slices.SortStableFunc(cheaper, func(a, b *template) int { return int(a.offer.Price - b.offer.Price) })
	for _, t := range cheaper {
		if w.holdsAll(t, h) && w.sameToOthers(t, h) {
			mark, before, load := w.fork(), h.group, h.load()
			w.retype(h, t)
			if before.owed() == 0 && (loads == nil || keepsRoom(loads, before, load, h)) {
				return
			}
			w.revert(mark)
		}
	}
}

// keepsRoom says whether no group has come to a threshold since the host was of the group
// before, with that load. If so, it notes the groups' loads.
func keepsRoom(loads map[*group]load, before *group, was load, h *host) bool {
	old := map[*group]load{before: loads[before], h.group: loads[h.group]}
	loads[before] = loads[before].minus(was)
	loads[h.group] = loads[h.group].plus(h.load())
	for g, l := range old {
		if !g.tight(l) && g.tight(loads[g]) {
			maps.Copy(loads, old)
			return false
		}
	}
	return true
}

// holdsAll says whether the template would take what is on the host, other pods
// apart, and whether all of it may be bought the template for.
func (w *world) holdsAll(t *template, h *host) bool {
	return t.takesAll(h) && !slices.ContainsFunc(h.placed, func(s share) bool { return !w.preferredOnly(s.lot, t) })
}

// takesAll says whether an empty node of the template has room for what is on the host and
// takes it, as far as that does not depend on other pods.
func (t *template) takesAll(h *host) bool {
	free := slices.Clone(t.free)
	if slices.ContainsFunc(h.placed, func(s share) bool { return !s.lot.preempts }) {
		free = slices.Clone(t.unyielded)
	}
	for _, s := range h.placed {
		if !t.admits(s.lot) {
			return false
		}
		free.Add(s.lot.size, int64(-s.n))
	}
	return !slices.ContainsFunc(free, func(x int64) bool { return x < 0 })
}

// sameToOthers says whether what pods ask about each other has the same answers when
// the host is one of the template.
func (w *world) sameToOthers(t *template, h *host) bool {
	if !slices.Equal(t.domains, h.template.domains) || !slices.Equal(t.daemons, h.template.daemons) {
		return false
	}
	return w.filters.SameToSpreads(t.nodeClass, h.NodeClass)
}

// retype makes the host one of another template.
func (w *world) retype(h *host, t *template) {
	w.log = append(w.log, step{did: retypedHost, host: h, apart: &stepApart{template: h.template, became: t, claims: claimsOn(h)}})
	w.become(h, t)
}

func (w *world) become(h *host, t *template) {
	placed := h.placed
	for _, s := range placed {
		w.shift(h, s.lot, -s.n)
	}
	w.filters.Detach(&h.NodeInfo, h.template.kinds)
	h.template.take(-1)
	h.group, h.template = t.group, t
	h.equip(t)
	h.template.take(1)
	w.filters.Attach(&h.NodeInfo, t.domains, t.kinds)
	for _, s := range placed {
		w.shift(h, s.lot, s.n)
	}
}

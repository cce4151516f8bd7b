package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// buyCarefully buys a node for one pod after another where that turns nobody else out,
// of the highest tier the cheapest type first. It is for the few pods whose quarrel with others takes back
// what is bought for all of them at once.
func (w *world) buyCarefully(lots []*lot) {
	templates := slices.Clone(w.templates)
	slices.SortStableFunc(templates, func(a, b *template) int {
		return cmp.Or(cmp.Compare(b.group.Priority, a.group.Priority), cmp.Compare(a.offer.Price, b.offer.Price))
	})
	trials := 0
	for _, l := range lots {
		for l.left > 0 && l.buys() && trials < mostTrials && !w.effort.spent() {
			i := slices.IndexFunc(templates, func(t *template) bool {
				if t.group.closed.reason != "" || t.buyable() == 0 || !t.holds(l) || trials == mostTrials {
					return false
				}
				trials++
				mark := w.fork()
				if h, other := w.tryOne(l, t); h != nil && other == nil {
					return true
				}
				w.revert(mark)
				return false
			})
			if i < 0 {
				break
			}
			w.fillCarefully(lots)
		}
	}
}

// tryOne buys a node of the template for one pod of the lot. It returns the node, nil
// when it does not take the pod, and a lot of which a pod loses its place by that.
func (w *world) tryOne(l *lot, t *template) (*host, *lot) {
	h := w.open(t, PendingPods)
	if w.stack(h, l, 1) == 0 {
		return nil, nil
	}
	_, other := w.turnedOut(0, nil)
	return h, other
}

// crowding says that a node of the template would take a pod of the lot, but another
// pod would not be admitted any more where the plan puts it.
func (w *world) crowding(l *lot, t *template) refusal {
	if l.kind.Free() && l.kind.Unseen() || w.effort.spent() {
		return refusal{}
	}
	mark := w.fork()
	defer w.revert(mark)
	h, other := w.tryOne(l, t)
	if h == nil || other == nil {
		return refusal{}
	}
	reason := PodAntiAffinity
	if other.kind.Class.HasSpread() {
		reason = TopologySpread
	}
	return refusal{reason, fmt.Sprintf("with one of its pods there, pod %s would break its own topology spread or affinity rules where the plan puts it", other.pods[0].name())}
}

// notSettled is why a pod has no node although nothing else speaks against one: the search for
// places for pods that keep each other out has an end (tuning.go).
func notSettled(l *lot) (refusal, bool) {
	if l.kind.Free() && l.kind.Unseen() {
		return refusal{}, false
	}
	reason := PodAntiAffinity
	if l.kind.Class.HasSpread() {
		reason = TopologySpread
	}
	return refusal{reason, "too many pods keep each other apart or near each other for one plan: the next one goes on from what this one settles"}, true
}

package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// tiers are the priorities of the groups, the highest first.
func (w *world) tiers() []int32 {
	var all []int32
	for _, g := range w.groups {
		if !g.Deleting {
			all = append(all, g.Priority)
		}
	}
	slices.SortFunc(all, func(a, b int32) int { return cmp.Compare(b, a) })
	return slices.Compact(all)
}

// buyTiers buys for the lots in the highest tier, and opens one tier after another for what
// is left. Higher tiers stay open: a node of a lower one may admit pods to a higher one, by
// a topology spread for example.
func (w *world) buyTiers(lots []*lot, a aim) {
	tiers := w.tiers()
	for i, floor := range tiers {
		a.floor = floor
		w.buyBand(lots, a)
		if i == len(tiers)-1 || !wanting(lots) {
			return
		}
		if w.capped() {
			w.rebuy(lots, a)
		}
		// What the way of buying leaves out of a tier comes before the next tier.
		if bare := a.bare(); bare != a {
			w.buyBand(lots, bare)
		}
	}
}

// rebuy gives nodes that are bought cheaper types as long as caps then allow more nodes.
func (w *world) rebuy(lots []*lot, a aim) {
	for range tierRounds {
		w.fillAll(lots, w.bought())
		mark := w.fork()
		if w.shrink(false); w.fork() == mark || !wanting(lots) {
			return
		}
		before := len(w.hosts)
		if w.buyBand(lots, a); len(w.hosts) == before {
			return
		}
	}
}

// wanting says whether pods of the lots still wait for a node to be bought.
func wanting(lots []*lot) bool {
	return slices.ContainsFunc(lots, func(l *lot) bool { return l.left > 0 && l.buys() })
}

// capped says whether a group's limits bound what it buys.
func (w *world) capped() bool {
	return slices.ContainsFunc(w.groups, func(g *group) bool { return g.Limits != (Limits{}) })
}

// perTier counts the pods on nodes bought for pods, the lowest tier first and without the
// highest: the fewer there are in a low tier, the better.
func (w *world) perTier() []int {
	tiers := w.tiers()
	if len(tiers) < 2 {
		return nil
	}
	slices.Reverse(tiers)
	counts := make([]int, len(tiers)-1)
	for _, h := range w.bought() {
		i := slices.Index(tiers, h.group.Priority)
		if h.reason != PendingPods || i == len(counts) {
			continue
		}
		for _, s := range h.placed {
			counts[i] += s.n
		}
	}
	return counts
}

// passedOver says of every group of a higher tier that takes pods of a node bought for
// pods why it buys none for them now.
func (w *world) passedOver(h *host) []Refusal {
	if h.reason != PendingPods {
		return nil
	}
	var out []Refusal
	for _, g := range w.groups {
		if g.Deleting || g.Priority <= h.group.Priority {
			continue
		}
		if len(g.templates) == 0 && g.Blocked != "" {
			out = append(out, Refusal{Group: g.Name, Reason: g.blocked().reason, Message: g.Blocked})
			continue
		}
		if t, why := w.holdsNoMore(g, h); t != nil {
			out = append(out, g.refused(t.offer.Key(), why))
		}
	}
	return out
}

// holdsNoMore is a template of the group that would hold a pod on the host, and why it is
// not bought; nil when none would.
func (w *world) holdsNoMore(g *group, h *host) (*template, refusal) {
	for _, t := range g.templates {
		for _, s := range h.placed {
			if s.lot.origin != nil || !t.holds(s.lot) {
				continue
			}
			if why, ok := w.refusal(s.lot, t); ok {
				return t, why
			}
		}
	}
	return nil, refusal{}
}

// mostPassedOver is how many NodeGroups of a higher priority are named.
const mostPassedOver = 3

// PassedOverTexts says of NodeGroups of a higher priority why they buy nothing, one text for each.
func PassedOverTexts(list []Refusal) []string {
	var texts []string
	told := map[string]bool{}
	for _, r := range list {
		if told[r.Group] {
			continue
		}
		told[r.Group] = true
		if len(texts) < mostPassedOver {
			texts = append(texts, fmt.Sprintf("NodeGroup %s of a higher priority cannot buy (%s): %s", r.Group, r.Reason, r.Message))
		}
	}
	return texts
}

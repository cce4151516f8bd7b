package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// exchanger looks for nodes whose pods fit more cheaply on free room and new machines. Nodes
// are ranked by what they cost above the worth of their pods. The worth is by the dual values
// of the resources (weak duality): machines bought for the pods of a set cost no less. So a
// set is only tried if the difference is as much as it has to save.
type exchanger struct {
	w *world
	r *remover
	// gone are the nodes that go already.
	gone []*candidate
	// rates is what a unit of each resource is worth by the prices on sale.
	rates []float64
	// targets are the hosts that take pods of nodes that are replaced.
	targets []*host
	// loads are those of the groups before.
	loads map[*group]load
	// tried are the sets that were tried, by the names of their nodes; pods is for how many
	// pods more machines may be looked for.
	tried map[string]bool
	pods  int
	// failed is of each group the node whose back-off after a failed replacement ends last: what
	// went wrong may go wrong for others as well.
	failed map[*group]*Node
	// best is the best exchange so far.
	best *trade
}

// trade is an exchange that could be made.
type trade struct {
	nodes  []*candidate
	bought []*host
	// price is of the nodes, saves is that less the price of what is bought.
	price, saves Money
	steps        []step
}

// exchange begins an exchange where one saves enough. One is under way at a time.
func (w *world) exchange(found *removals) {
	if len(w.exchanges) > 0 || w.awaitsRoom() || !slices.ContainsFunc(w.groups, func(g *group) bool { return g.Disruption.Consolidation == ConsolidateCheaper }) {
		return
	}
	retire(w, found.gone)
	mark := w.fork()
	gone := found.by.goneSoon(found.unneeded)
	retire(w, gone)
	x := &exchanger{w: w, r: found.by, gone: gone, loads: w.loads(), tried: map[string]bool{}, pods: mostTriedPods}
	x.findFailed()
	ranked := x.ranked(found.unneeded)
	if len(ranked) == 0 {
		w.revert(mark)
		return
	}
	reopen := x.restrict()
	defer reopen()
	strategy := w.strategy
	for _, list := range x.lists(ranked) {
		x.tryPrefixes(list)
	}
	x.prune()
	w.revert(mark)
	x.commit()
	set(w, &w.strategy, strategy)
}

// retire leaves the nodes out of the groups' loads.
func retire(w *world, gone []*candidate) {
	for _, c := range gone {
		set(w, &c.host.retired, true)
	}
}

// awaitsRoom says that pods wait for a node that some group sells. Others wait for no machine, however long, and nothing is
// held up for them.
func (w *world) awaitsRoom() bool {
	return slices.ContainsFunc(w.lots, func(l *lot) bool {
		return l.left > 0 && l.buys() && slices.ContainsFunc(w.templates, func(t *template) bool { return t.holds(l) })
	})
}

func (x *exchanger) findFailed() {
	x.failed = map[*group]*Node{}
	for _, h := range x.w.hosts[:x.w.existing] {
		if h.group == nil || h.leaving() {
			continue
		}
		if f := x.failed[h.group]; f == nil && !h.node.ReplaceBackoffUntil.IsZero() || f != nil && h.node.ReplaceBackoffUntil.After(f.ReplaceBackoffUntil) {
			x.failed[h.group] = h.node
		}
	}
}

// restrict keeps pods of replaced nodes off machines that may not come, and groups out whose
// one type is not decided yet. The function that it returns takes that back.
func (x *exchanger) restrict() func() {
	var hosts []*host
	for _, h := range x.w.hosts {
		if h.takes && (h.node == nil || !h.serves()) {
			hosts, h.takes = append(hosts, h), false
		} else if h.takes {
			x.targets = append(x.targets, h)
		}
	}
	closed := map[*group]refusal{}
	for _, g := range x.w.groups {
		if !g.AllowMixed && g.onlyType == "" {
			closed[g], g.closed = g.closed, refusal{reason: Stabilizing}
		}
	}
	return func() {
		for _, h := range hosts {
			h.takes = true
		}
		for g, why := range closed {
			g.closed = why
		}
	}
}

// lists are the orders in which nodes are put together: by what they cost above the worth of
// their pods, by its share of their price, and the first for each NodeGroup apart.
func (x *exchanger) lists(ranked []*candidate) [][]*candidate {
	share := slices.Clone(ranked)
	slices.SortStableFunc(share, func(a, b *candidate) int { return cmp.Compare(b.waste/float64(b.price), a.waste/float64(a.price)) })
	lists := [][]*candidate{ranked, share}
	var groups []*group
	for _, c := range ranked {
		if !slices.Contains(groups, c.host.group) {
			groups = append(groups, c.host.group)
		}
	}
	if len(groups) == 1 {
		return lists
	}
	for _, g := range groups[:min(len(groups), mostTradeList)] {
		lists = append(lists, slices.DeleteFunc(slices.Clone(ranked), func(c *candidate) bool { return c.host.group != g }))
	}
	return lists
}

// tryPrefixes tries the first one, two, three, four, six, eight and so on of the nodes.
func (x *exchanger) tryPrefixes(list []*candidate) {
	for _, n := range []int{1, 2, 3, 4, 6, 8, 12, 16, mostReplaced} {
		x.consider(slices.Clone(list[:min(n, len(list))]))
	}
}

// consider tries a set of nodes, and keeps what comes of it if that is better.
func (x *exchanger) consider(nodes []*candidate) {
	if x.w.effort.spent() {
		return
	}
	if t := x.try(nodes); t != nil && t.beats(x.best) {
		x.best = t
	}
}

// prune leaves nodes out of the best exchange that add little to it.
func (x *exchanger) prune() {
	if x.best == nil || len(x.best.nodes) == 1 {
		return
	}
	for _, c := range slices.Backward(x.best.nodes) {
		if x.w.effort.spent() {
			return
		}
		without := x.try(slices.DeleteFunc(slices.Clone(x.best.nodes), func(o *candidate) bool { return o == c }))
		if without != nil && without.beats(x.best) {
			x.best = without
		}
	}
}

// commit begins the best exchange.
func (x *exchanger) commit() {
	t := x.best
	if t == nil {
		return
	}
	x.w.commit(t.steps)
	var names []string
	for _, c := range t.nodes {
		names = append(names, c.host.Name)
	}
	slices.Sort(names)
	for _, c := range t.nodes {
		x.r.kept[c.host] = keep{reason: KeptAwaitingReplacement, message: fmt.Sprintf("goes when %s, bought in the place of %s, %s Ready, which saves %s/h of %s/h (%d%%)",
			machinesOf(t.bought), someNames(names), isOrAre(t.bought), Hourly(t.saves), Hourly(t.price), t.saves*100/t.price)}
	}
	for _, h := range t.bought {
		h.reason, h.replaces, h.together, h.saves = Replacement, names, len(t.bought), t.saves
	}
}

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
)

// bothPaid is for how long the old and the new machines of an exchange are likely to be paid
// for: the new ones boot, then the old ones are drained.
const bothPaid = 15 * time.Minute

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
	for _, c := range found.gone {
		set(w, &c.host.retired, true) // for the groups' loads
	}
	x := &exchanger{w: w, r: found.by, gone: found.gone, loads: w.loads(), tried: map[string]bool{}, pods: mostTriedPods}
	x.findFailed()
	ranked := x.ranked(found.unneeded)
	if len(ranked) == 0 {
		return
	}
	reopen := x.restrict()
	defer reopen()
	strategy := w.strategy
	for _, list := range x.lists(ranked) {
		x.tryPrefixes(list)
	}
	x.prune()
	x.commit()
	set(w, &w.strategy, strategy)
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

// ranked are the nodes that may be replaced and cost enough above the worth of their pods,
// those that cost most above it first. Of the others it notes why they stay.
func (x *exchanger) ranked(unneeded []*candidate) []*candidate {
	var list []*candidate
	for _, c := range x.r.found {
		g := c.host.group
		if g.Disruption.Consolidation != ConsolidateCheaper || !c.host.takes || slices.Contains(unneeded, c) || c.price <= 0 || len(c.evicted) == 0 || len(c.host.placed) > 0 ||
			x.w.outdated(c.host).reason != "" {
			continue
		}
		if why := x.waits(c); why.reason != "" {
			x.note(c, why)
			continue
		}
		list = append(list, c)
	}
	if x.rates = x.appraise(list); x.rates == nil {
		return nil
	}
	list = slices.DeleteFunc(list, func(c *candidate) bool {
		c.waste = float64(c.price)
		for _, l := range c.evicted {
			c.waste -= float64(len(l.pods)) * l.size.Dot(x.rates)
		}
		g := c.host.group
		if c.waste > 0 && c.waste*100 >= float64(c.price)*float64(g.Disruption.MinSavings) {
			return false
		}
		x.note(c, keep{reason: KeptNotCheaper, message: fmt.Sprintf("its pods are worth %d%% of its price by the prices on sale, so a replacement saves less than disruption.minSavingsPercent %d",
			min(int((float64(c.price)-c.waste)*100/float64(c.price)), 100), g.Disruption.MinSavings)})
		return true
	})
	slices.SortFunc(list, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.waste, a.waste), cmp.Compare(a.host.Name, b.host.Name))
	})
	return list
}

// appraise works out what a unit of each resource is worth; nil when nothing can be bought.
func (x *exchanger) appraise(list []*candidate) []float64 {
	var open []*template
	for _, t := range x.w.templates {
		if t.group.closed.reason == "" && t.buyable() > 0 {
			open = append(open, t)
		}
	}
	if len(list) == 0 || len(open) == 0 {
		return nil
	}
	demand := make([]int64, len(x.w.dims.Names))
	for _, c := range list {
		for _, l := range c.evicted {
			for d, amount := range l.size {
				demand[d] += amount * int64(len(l.pods))
			}
		}
	}
	return packing.ResourceDuals(demand, binsOf(open))
}

// note says why a node stays, unless something else holds it that a cheaper machine would
// not change.
func (x *exchanger) note(c *candidate, why keep) {
	switch x.r.kept[c.host].reason {
	case KeptNotUnderutilized, KeptNoRoomElsewhere, KeptNotCheaper, KeptAtMinNodes:
		x.r.kept[c.host] = why
	}
}

// waits is what a node has to wait for before something is bought in its place.
func (x *exchanger) waits(c *candidate) keep {
	g, n, now := c.host.group, c.host.node, x.w.state.Now
	if g.Undeletable != "" {
		return keep{reason: KeptNotDeletable, message: "no VPS can be deleted now: " + g.Undeletable}
	}
	if why := x.r.overBudget(g, Replaced, g.terminating+x.r.leaving[g]); why.reason != "" {
		return why
	}
	if x.w.state.Options.IgnoreTimers {
		return keep{}
	}
	var waits keep
	wait := func(until time.Time, why keep) {
		if until.After(now) && until.After(waits.until) {
			waits, waits.until = why, until
		}
	}
	if !n.Created.IsZero() {
		until := n.Created.Add(g.ScaleDown.UnneededTime)
		wait(until, keep{reason: KeptUnneededTime, message: fmt.Sprintf("ordered at %s; not replaced before %s (unneededTime %s)", clock(n.Created), clock(until), g.ScaleDown.UnneededTime)})
	}
	wait(n.tooYoung(g))
	if !g.LastScale.IsZero() {
		until := g.LastScale.Add(g.ScaleDown.Window)
		wait(until, keep{reason: KeptStabilizing, message: fmt.Sprintf("the NodeGroup scaled at %s; no node of it is replaced before %s", clock(g.LastScale), clock(until))})
	}
	wait(n.drainFailed())
	if f := x.failed[g]; f != nil {
		wait(f.ReplaceBackoffUntil, keep{reason: KeptStabilizing, message: fmt.Sprintf("no node of the NodeGroup is replaced before %s: %s", clock(f.ReplaceBackoffUntil), f.ReplaceBackoffReason)})
	}
	return waits
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
func (x *exchanger) consider(set []*candidate) {
	if t := x.try(set); t != nil && t.beats(x.best) {
		x.best = t
	}
}

// beats says that the trade is better. What one replaces more than the other, it does only
// if that saves enough by itself.
func (t *trade) beats(o *trade) bool {
	switch {
	case o == nil:
		return true
	case t.price < o.price:
		return !o.beats(t)
	}
	return t.saves > o.saves && (t.saves-o.saves)*100 >= (t.price-o.price)*Money(t.minSavings())
}

// minSavings is the highest percentage that a group of the nodes asks for, payback the
// shortest time.
func (t *trade) minSavings() int {
	percent := 0
	for _, c := range t.nodes {
		percent = max(percent, c.host.group.Disruption.MinSavings)
	}
	return percent
}

// payback is how long the exchange may take to save what it costs, on an average of the nodes by their price. With PaybackByAge that
// is no longer than they have been there: nobody knows how long the saving will last, but what has lasted is likely to last as
// long again, and waiting until the price of the wait is that of the exchange costs at most twice what knowing would (the ski
// rental problem).
func (t *trade) payback(now time.Time) time.Duration {
	sum := 0.0
	for _, c := range t.nodes {
		d := &c.host.group.Disruption
		lasts := d.Payback
		if created := c.host.node.Created; d.PaybackByAge && !created.IsZero() {
			lasts = min(lasts, now.Sub(created))
		}
		sum += float64(c.price) * lasts.Hours()
	}
	return time.Duration(sum / float64(t.price) * float64(time.Hour))
}

// paybackText says where payback is from.
func (t *trade) paybackText() string {
	if slices.ContainsFunc(t.nodes, func(c *candidate) bool { return c.host.group.Disruption.PaybackByAge }) {
		return "as long as it has been there; disruption.paybackHours is not set"
	}
	return "disruption.paybackHours"
}

// prune leaves nodes out of the best exchange that add little to it.
func (x *exchanger) prune() {
	if x.best == nil || len(x.best.nodes) == 1 {
		return
	}
	for _, c := range slices.Backward(x.best.nodes) {
		without := x.try(slices.DeleteFunc(slices.Clone(x.best.nodes), func(o *candidate) bool { return o == c }))
		if without != nil && without.beats(x.best) {
			x.best = without
		}
	}
}

// try works out what it would save to replace the nodes; nil when that is not enough. Of the
// nodes it notes then what was tried.
func (x *exchanger) try(set []*candidate) *trade {
	names := make([]string, len(set))
	pods, t := 0, &trade{nodes: set}
	for i, c := range set {
		names[i] = c.host.Name
		t.price += c.price
		pods += c.pods()
	}
	slices.Sort(names)
	key := strings.Join(names, ",")
	if len(set) == 0 || x.tried[key] || pods > min(mostTradePods, x.pods) {
		return nil
	}
	x.tried[key] = true
	x.pods -= pods
	why := x.solve(t, names)
	if why == "" {
		if missed := x.rehearse(t); missed.reason != "" {
			why = fmt.Sprintf("with %s replaced by %s, %s", someNames(names), machinesOf(t.bought), missed.message)
		}
	}
	if why != "" {
		for _, c := range set {
			if x.best == nil || !slices.Contains(x.best.nodes, c) {
				x.note(c, keep{reason: KeptNotCheaper, message: why})
			}
		}
		return nil
	}
	return t
}

// solve buys for the pods of the nodes as a what-if, and says what speaks against it.
func (x *exchanger) solve(t *trade, names []string) string {
	w, what := x.w, "it"
	mark, before, waiting := x.w.fork(), len(x.w.hosts), x.waiting()
	defer w.revert(mark)
	if len(names) > 1 {
		what = "all of " + someNames(names)
	}
	var lots []*lot
	for _, c := range t.nodes {
		w.close(c.host)
		w.retire(c.host)
		lots = append(lots, c.evicted...)
	}
	w.bar(lots)
	lots = w.bySize(lots)
	w.fillAll(lots, slices.DeleteFunc(slices.Clone(x.targets), func(h *host) bool { return !h.takes }))
	if w.mustBuy(lots) {
		w.runBest(lots)
	} else {
		w.reconcile(lots, aim{})
	}
	t.bought, t.saves = slices.Clone(w.hosts[before:]), t.price
	for _, h := range t.bought {
		t.saves -= h.template.offer.Price
	}
	by := machinesOf(t.bought)
	switch {
	case wanting(lots):
		return fmt.Sprintf("with %s replaced, pod %s would have no node", what, missing(lots))
	case x.exceedsSpot(t):
		return fmt.Sprintf("with %s replaced, more of the nodes would be spot instances than spotInstances.maxPercent allows", what)
	case x.waiting() != waiting || x.short(t) || x.turnedOut():
		return fmt.Sprintf("with %s replaced, other pods or minNodes would not be served", what)
	case len(t.bought) == 0:
		return fmt.Sprintf("with %s gone, the pods fit elsewhere", what)
	case t.saves <= 0 || t.saves*100 < t.price*Money(t.minSavings()):
		return fmt.Sprintf("replacing %s by %s would save %s/h of %s/h (%d%%); disruption.minSavingsPercent is %d",
			what, by, Hourly(t.saves), Hourly(t.price), t.saves*100/t.price, t.minSavings())
	case x.costs(t) > float64(t.saves)*t.payback(x.w.state.Now).Hours():
		return fmt.Sprintf("replacing %s by %s would save %s/h, and costs %s that are paid twice or in advance: more than it saves in %s (%s)",
			what, by, Hourly(t.saves), Hourly(x.costs(t)), t.payback(x.w.state.Now).Round(time.Minute), t.paybackText())
	}
	if g := x.tight(); g != nil {
		return fmt.Sprintf("with %s replaced by %s, NodeGroup %s would reach a scale-up threshold", what, by, g.Name)
	}
	t.steps = w.changes(mark)
	return ""
}

// rehearse says what would keep the nodes from going once the machines are Ready. Their pods are moved one after another
// then, to the first node that takes them: that may find no place where the search has found one, or bring a NodeGroup to a
// threshold, and the machines would have been bought in vain.
func (x *exchanger) rehearse(t *trade) (why keep) {
	r, usual := x.r, x.r.targets
	mark := x.w.fork()
	defer func() {
		x.w.revert(mark)
		r.targets = usual
	}()
	var machines []*host
	for _, h := range t.bought {
		m := x.w.open(h.template, Replacement)
		machines = append(machines, m)
		setKey(x.w, r.loads, m.group, r.loads[m.group].plus(m.load()))
	}
	for _, r.targets = range [][]*host{slices.Concat(usual, machines), slices.Concat(machines, usual)} { // as in takeReplaced
		r.startOver()
		if why = r.rehearse(t.nodes); why.reason == "" {
			break
		}
	}
	return why
}

// costs is what the exchange costs once: the new machines while the old ones are still there; of the old ones the rest of the period
// that is paid for; and of the new ones half a period, which is what is lost of the last one on an average. It is in Money times
// hours, as what is saved is per hour.
func (x *exchanger) costs(t *trade) float64 {
	sum := 0.0
	for _, h := range t.bought {
		sum += float64(h.template.offer.Price) * (bothPaid + h.group.paidPeriod()/2).Hours()
	}
	gone := x.w.state.Now.Add(bothPaid)
	for _, c := range t.nodes {
		sum += float64(c.price) * c.host.node.paidRest(c.host.group, gone).Hours()
	}
	return sum
}

// waiting is how many of all other pods have no place.
func (x *exchanger) waiting() int {
	n := 0
	for _, l := range x.w.lots {
		n += l.left
	}
	for _, c := range x.gone {
		for _, l := range c.evicted {
			n += l.left
		}
	}
	return n
}

// short says that a group would have fewer nodes than its minimum. Machines on their way may
// fail to come.
func (x *exchanger) short(t *trade) bool {
	for _, c := range t.nodes {
		g := c.host.group
		bought := 0
		for _, h := range t.bought {
			if h.group == g {
				bought++
			}
		}
		if g.kept-g.coming-x.r.leaving[g]+bought < g.Min {
			return true
		}
	}
	return false
}

func (x *exchanger) turnedOut() bool {
	if x.w.dependent == 0 {
		return false
	}
	_, l := x.w.turnedOut(1, nil)
	return l != nil
}

// tight is a group that would reach a scale-up threshold; nil when none would.
func (x *exchanger) tight() *group {
	loads := x.w.loads()
	for _, g := range x.w.groups {
		if l := loads[g]; l != x.loads[g] && g.ScaleUp.Enabled && l.reaches(g.ScaleUp.CPU, g.ScaleUp.Memory) {
			return g
		}
	}
	return nil
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
		x.r.kept[c.host] = keep{reason: KeptAwaitingReplacement, message: fmt.Sprintf("goes when %s, bought in the place of %s, is Ready, which saves %s/h of %s/h (%d%%)",
			machinesOf(t.bought), someNames(names), Hourly(t.saves), Hourly(t.price), t.saves*100/t.price)}
	}
	for _, h := range t.bought {
		h.reason, h.replaces, h.saves = Replacement, names, t.saves
	}
}

// missing is a pod of the lots without a place.
func missing(lots []*lot) string {
	for _, l := range lots {
		if l.left > 0 {
			return l.pods[len(l.pods)-l.left].name()
		}
	}
	return ""
}

// machinesOf counts machines to be bought by type, such as "2 × small, 1 × large".
func machinesOf(bought []*host) string {
	counts := map[string]int{}
	var types []string
	for _, h := range bought {
		name := h.template.offer.Key().For()
		if counts[name] == 0 {
			types = append(types, name)
		}
		counts[name]++
	}
	slices.Sort(types)
	for i, name := range types {
		types[i] = fmt.Sprintf("%d × %s", counts[name], name)
	}
	return strings.Join(types, ", ")
}

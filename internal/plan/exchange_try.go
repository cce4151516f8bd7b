package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// try works out what it would save to replace the nodes; nil when that is not enough. Of the
// nodes it notes then what was tried.
func (x *exchanger) try(nodes []*candidate) *trade {
	names := make([]string, len(nodes))
	pods, t := 0, &trade{nodes: nodes}
	for i, c := range nodes {
		names[i] = c.host.Name
		t.price += c.price
		pods += c.pods()
	}
	slices.Sort(names)
	key := strings.Join(names, ",")
	if len(nodes) == 0 || x.tried[key] || pods > min(mostTradePods, x.pods) {
		return nil
	}
	x.tried[key] = true
	x.pods -= pods
	why, until := x.solve(t, names), time.Time{}
	if why == "" {
		why, until = x.tooEarly(t, names)
	}
	if why == "" {
		if missed := x.rehearse(t); missed.reason != "" {
			why = fmt.Sprintf("with %s replaced by %s, %s", someNames(names), machinesOf(t.bought), missed.message)
		}
	}
	if why != "" {
		for _, c := range nodes {
			if x.best == nil || !slices.Contains(x.best.nodes, c) {
				x.note(c, keep{reason: KeptNotCheaper, message: why, until: until})
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
	case x.costs(t) > float64(t.saves)*t.payback().Hours():
		return fmt.Sprintf("replacing %s by %s would save %s/h, and costs %s that are paid twice or in advance: more than it saves in %s (disruption.paybackHours)",
			what, by, Hourly(t.saves), Hourly(x.costs(t)), t.payback().Round(time.Minute))
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
	for _, h := range slices.SortedStableFunc(slices.Values(t.bought), func(a, b *host) int {
		return compareMachines(a.group, a.template.offer.Key(), b.group, b.template.offer.Key())
	}) {
		m := x.w.open(h.template, Replacement)
		machines = append(machines, m)
		setKey(x.w, r.loads, m.group, r.loads[m.group].plus(m.load()))
	}
	nodes := slices.DeleteFunc(slices.Clone(r.found), func(c *candidate) bool { return !slices.Contains(t.nodes, c) })
	for _, r.targets = range [][]*host{slices.Concat(usual, machines), slices.Concat(machines, usual)} { // as in takeReplaced
		r.startOver()
		if why = r.rehearse(nodes); why.reason == "" {
			break
		}
	}
	return why
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

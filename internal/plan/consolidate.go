package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// candidate is a group's node that might go.
type candidate struct {
	host   *host
	reason RemovalReason
	// evicted are the pods that need another place, as lots with one host of origin.
	evicted []*lot
	// asks is how many pods it holds of each budget.
	asks  []ask
	price Money
	// waits says what holds it now although it could go.
	waits keep
	// due is when the last timer that holds it elapses; zero when no timer does.
	due  time.Time
	gone bool
	// waste is what it costs above the worth of its pods, by the prices on sale.
	waste float64
}

type ask struct {
	budget *budget
	n      int
}

// keep is a reason with its text, apart from the node.
type keep struct {
	reason  KeptReason
	message string
	// until is when the reason ends by itself; zero when it does not.
	until time.Time
}

// remover works out which nodes can go together.
type remover struct {
	w       *world
	budgets *Budgets
	// found are the candidates.
	found []*candidate
	// loads are replaced whenever a node is lifted, so a copy of the map's name is one of its content.
	loads map[*group]load
	// leaving is how many nodes of each group go.
	leaving map[*group]int
	// targets are the hosts that take moved pods, in the order they are tried.
	targets []*host
	// kept says of every node that stays why.
	kept map[*host]keep
	// budgeted: disruption budgets are looked at.
	budgeted bool
	// sparing: no node goes whose room or whose pods' next places an exchange under way needs.
	sparing bool
	// tried is how far the movers of the present attempt have got.
	tried []progress
}

type progress struct {
	mover *mover
	next  int
}

// removals is what the remover comes to.
type removals struct {
	gone     []*candidate
	unneeded []*candidate // could go but for what they wait for, or do go
	kept     map[*host]keep
	by       *remover
}

// remove works out the nodes that go. First it finds those that could go together
// if nothing had to be waited for, which are the unneeded ones; of these, those that
// wait for nothing go, if they still can on their own and as far as disruption budgets
// let them: timers run while a budget, or the room of an exchange under way, holds them.
func (w *world) remove() removals {
	r := &remover{w: w, budgets: NewBudgets(w.state.Budgets), leaving: map[*group]int{}, kept: map[*host]keep{}}
	candidates := r.candidates()
	r.found = candidates
	r.findTargets(candidates)
	w.seatEvicted()
	r.loads = w.loads()
	mark := w.fork()
	gone := r.together(candidates)
	result := removals{unneeded: gone, gone: gone, kept: r.kept, by: r}
	var ready []*candidate
	for _, c := range gone {
		if c.due, c.waits = r.waiting(c); c.waits.reason == "" {
			ready = append(ready, c)
		}
	}
	if len(ready) == len(gone) && (len(gone) == 0 || !w.limitsDisruption() && !slices.ContainsFunc(w.exchanges, (*exchange).live)) {
		return result
	}
	r.budgeted = true
	w.revert(mark)
	if result.gone = r.together(ready); r.spoilt() != nil {
		w.revert(mark)
		r.sparing = true
		result.gone = r.together(ready)
		r.sparing = false
	}
	for _, c := range gone {
		if c.waits.reason != "" {
			r.kept[c.host] = c.waits
		}
	}
	return result
}

// candidates are the nodes that might go by themselves, best first; of all others
// it notes why they stay.
func (r *remover) candidates() []*candidate {
	var found []*candidate
	for _, h := range r.w.hosts[:r.w.existing] {
		if h.group == nil || h.group.Deleting || h.node.State == Failed || h.node.State == Terminating || h.cancelled != "" {
			continue
		}
		c, why := r.candidate(h)
		if why.reason != "" {
			r.kept[h] = why
			continue
		}
		found = append(found, c)
	}
	slices.SortFunc(found, byWorth)
	return found
}

// byWorth puts the lowest tier first, there the node that saves most, then the one that is least trouble, then the
// one that has waited longest.
func byWorth(a, b *candidate) int {
	return cmp.Or(
		cmp.Compare(a.host.group.Priority, b.host.group.Priority),
		cmp.Compare(b.price, a.price),
		cmp.Compare(a.pods(), b.pods()),
		compareSince(a.host.node.UnneededSince, b.host.node.UnneededSince),
		cmp.Compare(a.host.Name, b.host.Name),
	)
}

// compareSince puts the longest unneeded first, and nodes that have not been
// unneeded last: otherwise of several equal nodes now these and now those would be
// chosen, and no timer would ever elapse.
func compareSince(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		return cmp.Compare(b.Unix(), a.Unix())
	}
	return a.Compare(b)
}

func (c *candidate) pods() int {
	n := 0
	for _, l := range c.evicted {
		n += len(l.pods)
	}
	return n
}

// turnedOut is a lot whose place the attempt has spoilt; nil for none.
func (r *remover) turnedOut() *lot {
	if r.w.dependent == 0 {
		return nil
	}
	_, l := r.w.turnedOut(1, nil)
	return l
}

// findTargets orders the hosts that take moved pods: those that stay anyway first,
// then the candidates that are looked at last; of both those that are outdated last.
func (r *remover) findTargets(candidates []*candidate) {
	might := map[*host]bool{}
	for _, c := range candidates {
		might[c.host] = true
	}
	for _, h := range r.w.hosts[:r.w.existing] {
		if h.serves() && !might[h] && r.awaits(h) == nil {
			r.targets = append(r.targets, h)
		}
	}
	for _, c := range slices.Backward(candidates) {
		if c.host.serves() {
			r.targets = append(r.targets, c.host)
		}
	}
	slices.SortStableFunc(r.targets, func(a, b *host) int { return cmp.Compare(r.w.outdated(a).rank(), r.w.outdated(b).rank()) })
}

// together takes candidates away, one after another, as long as any can go: first
// those above their group's maximum, then those that are replaced, then the underutilised.
func (r *remover) together(candidates []*candidate) []*candidate {
	r.takeExcess(candidates)
	r.takeReplaced(candidates)
	if r.budgeted {
		for _, e := range r.w.exchanges {
			e.possible = e.live() && r.possible(e)
		}
	}
	for again := true; again; {
		again = false
		for _, c := range candidates {
			if c.gone || c.host.replacedBy.live() {
				continue
			}
			if c.host.node.State != Ready {
				r.kept[c.host] = notReady() // it only goes when its group is above its maximum
				continue
			}
			if why := r.notUnderutilized(c); why.reason != "" {
				r.kept[c.host] = why
				continue
			}
			again = r.take(c) || again
		}
		again = again && !r.w.effort.spent()
	}
	return goneOf(candidates)
}

// goneOf are those of the candidates that go.
func goneOf(candidates []*candidate) []*candidate {
	return slices.DeleteFunc(slices.Clone(candidates), func(c *candidate) bool { return !c.gone })
}

// takeExcess takes nodes of groups above their maximum: those that do not work first,
// however many pods are bound to them, then the least trouble first.
func (r *remover) takeExcess(candidates []*candidate) {
	byHarm := slices.Clone(candidates)
	slices.SortStableFunc(byHarm, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.host.brokenness(), b.host.brokenness()), cmp.Compare(a.pods(), b.pods()))
	})
	for _, c := range byHarm {
		if r.excess(c.host.group) > 0 {
			r.takeAs(c, AboveMax)
		}
	}
}

// excess is how many nodes of the group must go to come down to its maximum.
func (r *remover) excess(g *group) int { return g.kept - r.leaving[g] - g.Max }

// take takes a candidate that is underutilised.
func (r *remover) take(c *candidate) bool {
	if len(c.evicted) == 0 {
		return r.takeAs(c, Empty)
	}
	if r.busy(c).reason != "" {
		return r.takeAs(c, Replaced) // by the free room of others
	}
	return r.takeAs(c, Underutilized)
}

// takeAs takes a candidate if all its pods fit elsewhere and nothing else holds it.
func (r *remover) takeAs(c *candidate, reason RemovalReason) bool {
	why := r.holding(c, reason)
	if why.reason == "" {
		mark := r.w.fork()
		before := r.loads
		why = r.move(c)
		if l := r.turnedOut(); why.reason == "" && l != nil {
			why = withoutPlace(l)
		}
		if why.reason == "" {
			why = r.wouldTrigger(c, reason, before)
		}
		if r.sparing && why.reason == "" && reason != AboveMax && !c.host.replacedBy.live() {
			if e := r.spoilt(); e != nil {
				why = keep{reason: KeptNoRoomElsewhere, message: fmt.Sprintf("without it there would be no room for the pods of %s, in whose place %s was bought", someHosts(e.nodes), someHosts(e.machines))}
			}
		}
		if why.reason != "" {
			r.w.revert(mark)
		}
	}
	if why.reason != "" {
		r.kept[c.host] = why
		return false
	}
	delete(r.kept, c.host)
	c.reason = reason
	set(r.w, &c.gone, true)
	setKey(r.w, r.leaving, c.host.group, r.leaving[c.host.group]+1)
	for _, a := range c.asks {
		set(r.w, &a.budget.asked, a.budget.asked+a.n)
	}
	return true
}

func withoutPlace(l *lot) keep {
	return keep{reason: KeptNoRoomElsewhere, message: "without it the constraints of pod " + l.pods[0].name() + " would not be met"}
}

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// exchange is nodes that are to go and the machines that were bought in their place. It
// follows from Node.Replaces alone, so that it survives whoever began it.
//
// The nodes go once all of the machines are Ready, and only if all of them can: what some
// of them save may be less than what the machines cost. Until then everything stays as it
// is. It is given up when a machine does not come, or the nodes' pods do not fit after all.
type exchange struct {
	machines []*host
	// nodes are those that are still there, leaving those of them that are being removed.
	nodes, leaving []*host
	// names are all that were to be replaced.
	names []string
	// arrived: all machines are Ready; judged: takeReplaced has looked whether all nodes can go.
	arrived, judged bool
	// failed says why it is given up; empty while it goes on.
	failed string
	// order is the first order of targets with which all nodes can go.
	order int
	// possible: all nodes could go, before others are taken.
	possible bool
}

// exchangePatience is how long the nodes of an exchange may take to go once its last
// machine is Ready, and as long again for every ten of them. Until then the old and the
// new machines are paid for.
const exchangePatience = 2 * time.Hour

// findExchanges works out which exchanges are under way. One whose nodes are all gone is
// none any more, nor is one whose nodes are not to be replaced to save money: those that are
// outdated are the business of rollOut.
func (w *world) findExchanges() {
	known := map[string]*exchange{}
	for _, h := range w.hosts[:w.existing] {
		if h.group == nil || len(h.node.Replaces) == 0 {
			continue
		}
		names := slices.Compact(slices.Sorted(slices.Values(h.node.Replaces)))
		key := strings.Join(names, ",")
		e := known[key]
		if e == nil {
			e = &exchange{names: names}
			known[key] = e
			w.exchanges = append(w.exchanges, e)
		}
		e.machines = append(e.machines, h)
	}
	w.exchanges = slices.DeleteFunc(w.exchanges, func(e *exchange) bool {
		w.follow(e)
		return len(e.nodes) == 0 || slices.ContainsFunc(e.nodes, func(h *host) bool {
			return h.group.Disruption.Consolidation != ConsolidateCheaper || w.outdated(h).reason != ""
		})
	})
	for _, e := range w.exchanges {
		for _, h := range e.machines {
			h.newcomer = e
		}
		for _, h := range e.nodes {
			if h.replacedBy == nil || h.replacedBy.failed != "" {
				h.replacedBy = e
			}
		}
	}
}

// follow works out how far the exchange has come.
func (w *world) follow(e *exchange) {
	for _, name := range e.names {
		h := w.hostByName[name]
		if h == nil || h.group == nil || slices.Contains(e.machines, h) {
			continue
		}
		e.nodes = append(e.nodes, h)
		if h.leaving() || h.node.State == Failed {
			e.leaving = append(e.leaving, h)
		}
	}
	e.arrived = true
	together := 0
	var last time.Time
	for _, h := range e.machines {
		switch {
		case h.node.State == Failed || h.leaving():
			e.failed = fmt.Sprintf("%s, which was to replace %s, did not come to stay", h.Name, someNames(e.names))
		case !h.serves():
			e.arrived = false
		}
		if h.node.ReadySince.After(last) {
			last = h.node.ReadySince
		}
		together = max(together, h.node.Together)
	}
	if e.failed == "" && len(e.machines) < together { // whoever decided on them could not write all of them down
		e.failed = fmt.Sprintf("only %d of the %d machines that were to replace %s are there", len(e.machines), together, someNames(e.names))
	}
	patience := exchangePatience * time.Duration(1+len(e.names)/10)
	if e.failed == "" && e.arrived && !last.IsZero() && w.state.Now.Sub(last) > patience && len(e.leaving) < len(e.nodes) {
		e.failed = fmt.Sprintf("%s did not go within %s after %s was Ready", someNames(e.names), patience, someHosts(e.machines))
	}
	if len(e.leaving) == len(e.nodes) {
		e.failed = "" // nothing is left to give up
	}
}

// live says that the exchange goes on.
func (e *exchange) live() bool { return e != nil && e.failed == "" }

// begun says that one of the nodes has gone or is leaving, so that going on is cheaper than
// going back.
func (e *exchange) begun() bool { return len(e.leaving) > 0 || len(e.nodes) < len(e.names) }

// inExchange holds a node that waits for what is to replace it, and a machine whose room is
// meant for the pods of nodes that are still there.
func (r *remover) inExchange(h *host) keep {
	switch e := h.replacedBy; {
	case r.excess(h.group) > 0:
	case h.newcomer.live():
		return keep{reason: KeptReplacing, message: fmt.Sprintf("bought in the place of node %s, which is to go", someHosts(h.newcomer.nodes))}
	case e.live() && !e.arrived:
		return keep{reason: KeptAwaitingReplacement, message: fmt.Sprintf("goes when %s, bought in its place, %s Ready", someHosts(e.machines), isOrAre(e.machines))}
	}
	return keep{}
}

// takeReplaced takes the nodes of exchanges whose machines have all arrived.
func (r *remover) takeReplaced(candidates []*candidate) {
	for _, e := range r.w.exchanges {
		if !e.live() || !e.arrived {
			continue
		}
		members := e.members(candidates)
		usual := r.targets
		orders := append([][]*host{usual}, r.rehearsed(e)...)
		if orders = r.judge(e, members, orders); e.failed == "" {
			for _, c := range members {
				for _, r.targets = range orders {
					r.startOver()
					if r.takeAs(c, Replaced) {
						break
					}
				}
			}
			r.endStalled(e, members)
		}
		r.targets = usual
		r.startOver()
	}
}

// endStalled gives up the rest of an exchange of which some nodes have gone and no other can: others would wait for it.
func (r *remover) endStalled(e *exchange, members []*candidate) {
	if !e.begun() || len(e.leaving) > 0 || slices.ContainsFunc(members, func(c *candidate) bool { return c.gone }) {
		return
	}
	var why keep
	for _, h := range e.nodes {
		switch why = r.kept[h]; why.reason {
		case KeptNoRoomElsewhere, KeptWouldTriggerScaleUp, KeptDoNotDelete, KeptAdopted, KeptControlPlane, KeptPodNotEvictable:
		default:
			return // it may go in a while
		}
	}
	e.failed = fmt.Sprintf("%s can no longer go: %s", someHosts(e.nodes), why.message)
}

// judge gives an exchange up of which a node can no longer go, and returns the orders of
// targets, the one first with which all can. What ends by itself, such as a budget that is used
// up now, it waits for.
func (r *remover) judge(e *exchange, members []*candidate, orders [][]*host) [][]*host {
	if e.judged || e.begun() {
		return orders[e.order:]
	}
	e.judged = true
	for _, h := range e.nodes {
		switch why := r.kept[h]; why.reason {
		case KeptDoNotDelete, KeptAdopted, KeptControlPlane, KeptPodNotEvictable:
			e.failed = fmt.Sprintf("node %s must stay: %s", h.Name, why.message)
			return orders
		}
	}
	var why keep
	for i, order := range orders {
		r.targets = order
		r.startOver()
		if why = r.rehearse(members); why.reason == "" {
			e.order = i
			return orders[i:]
		}
	}
	e.failed = "the pods no longer fit: " + why.message
	return orders
}

// rehearse says what keeps the nodes from going together, budgets apart, as a what-if.
func (r *remover) rehearse(members []*candidate) keep {
	mark, before := r.w.fork(), r.loads
	defer r.w.revert(mark)
	for _, c := range members {
		if why := r.move(c); why.reason != "" {
			return why
		}
		if why := r.wouldTrigger(c, Replaced, before); why.reason != "" {
			return why
		}
	}
	if l := r.turnedOut(); l != nil {
		return withoutPlace(l)
	}
	return keep{}
}

// replacing names the nodes in whose place a machine is bought now, is on its way or is Ready.
func (w *world) replacing() []string {
	var names []string
	for _, h := range w.bought() {
		names = append(names, h.replaces...)
	}
	for _, e := range w.exchanges {
		if e.live() {
			for _, h := range e.nodes {
				names = append(names, h.Name)
			}
		}
	}
	for h := range w.successors() {
		if w.outdated(h).reason != "" {
			names = append(names, h.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// someNames lists a few names and how many there are besides.
func someNames(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func someHosts(hosts []*host) string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return someNames(names)
}

func isOrAre(hosts []*host) string {
	if len(hosts) == 1 {
		return "is"
	}
	return "are"
}

// GivenUp is an exchange that did not come about. Nothing of it is repeated before
// Node.ReplaceBackoffUntil of its nodes, which is set by whoever reads this, as Node.Replaces
// of its machines is cleared.
type GivenUp struct {
	// Machines were bought in the place of Nodes; both by name.
	Machines, Nodes []string
	Why             string
}

// givenUp lists the exchanges that are given up.
func (w *world) givenUp() []GivenUp {
	var all []GivenUp
	for _, e := range w.exchanges {
		if e.failed == "" {
			continue
		}
		g := GivenUp{Nodes: e.names, Why: e.failed}
		for _, h := range e.machines {
			g.Machines = append(g.Machines, h.Name)
		}
		all = append(all, g)
	}
	return all
}

package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// shareOfRollout bounds, in percent of a group's nodes but to no less than one, how many are
// replaced at a time for drift or age where no budget for these reasons is in force.
const shareOfRollout = 10

// rollout replaces the nodes of one group that are outdated: made from something else than a new
// machine would be, or too old. A node whose pods fit on other nodes goes; for any other a machine is
// bought first, and the node goes in a later plan, when that machine is Ready.
type rollout struct {
	r     *remover
	group *group
	// why says of the outdated nodes of all groups for which reason they go.
	why map[*host]outdated
	// successors are, by the node that they were bought in the place of, the machines that are on
	// their way or Ready.
	successors map[*host][]*host
	// inWork is how many nodes leave, or have a machine bought in their place.
	inWork int
	proven bool
	// buys are the nodes in whose place a machine is to be bought.
	buys []*candidate
}

// outdated is the reason for which a node is replaced, with its text.
type outdated struct {
	reason RemovalReason
	text   string
}

// rollOut lets outdated nodes go, and buys machines in the place of those whose pods fit
// nowhere. found is what has been decided before.
func (w *world) rollOut(found *removals) {
	why := w.outdatedNodes()
	if len(why) == 0 {
		return
	}
	r := found.by
	r.budgeted = true
	successors := w.successors()
	var all []*rollout
	for _, g := range w.groups {
		ro := &rollout{r: r, group: g, why: why, successors: successors, proven: w.proven(g)}
		found.gone = append(found.gone, ro.dismiss()...)
		all = append(all, ro)
	}
	w.replace(all)
}

// outdatedNodes are the nodes that are to be replaced, of groups that may.
func (w *world) outdatedNodes() map[*host]outdated {
	found := map[*host]outdated{}
	for _, h := range w.hosts[:w.existing] {
		if why := w.outdated(h); why.reason != "" {
			found[h] = why
		}
	}
	return found
}

// outdated says why the host is to be replaced, if it is.
func (w *world) outdated(h *host) outdated {
	if h.node == nil || h.group == nil || h.leaving() || h.node.State == Failed || h.node.State == Ordered {
		return outdated{}
	}
	d := &h.group.Disruption
	if d.ReplaceDrifted && h.node.Drift != "" {
		return outdated{Drifted, h.node.Drift}
	}
	if at := h.node.Expires(d.MaxAge); !at.IsZero() && !w.state.Now.Before(at) {
		return outdated{Expired, fmt.Sprintf("ordered at %s, expired at %s", clock(h.node.Created), clock(at))}
	}
	return outdated{}
}

// rank puts what is outdated after what is not.
func (o outdated) rank() int {
	if o.reason != "" {
		return 1
	}
	return 0
}

// awaits is the outdated node that is still there, and may go, in whose place the host was
// bought; nil when there is none.
func (r *remover) awaits(h *host) *host {
	for _, name := range h.node.Replaces {
		old := r.w.hostByName[name]
		if old == nil || old == h || old.node == nil || old.node.DoNotDelete {
			continue
		}
		why := r.w.outdated(old)
		if why.reason != "" && old.group.Disruption.Stopped == "" && r.overBudget(old.group, why.reason, 0).reason == "" {
			return old
		}
	}
	return nil
}

// successors are the machines that were bought in the place of each node that is still there.
func (w *world) successors() map[*host][]*host {
	found := map[*host][]*host{}
	for _, h := range w.hosts[:w.existing] {
		if h.node.State != Ordered && h.node.State != Ready {
			continue
		}
		for _, name := range h.node.Replaces {
			if old := w.hostByName[name]; old != nil && old != h && !old.leaving() {
				found[old] = append(found[old], h)
			}
		}
	}
	return found
}

// proven says that a machine made as a new one would be has joined.
func (w *world) proven(g *group) bool {
	return slices.ContainsFunc(w.hosts[:w.existing], func(h *host) bool {
		return h.group == g && h.node.State == Ready && h.node.Current
	})
}

// dismiss lets nodes go whose pods fit on others, notes those that need a machine in their
// place, and says of all others why they stay.
func (ro *rollout) dismiss() []*candidate {
	r, g := ro.r, ro.group
	nodes := ro.nodes()
	ro.inWork = g.terminating + r.leaving[g]
	for _, h := range nodes {
		if len(ro.successors[h]) > 0 {
			ro.inWork++
		}
	}
	var gone []*candidate
	for _, h := range nodes {
		c := &candidate{host: h, reason: ro.why[h].reason, price: r.w.priceOf(h.node)}
		why := ro.held(c)
		if why.reason == "" {
			if why = ro.dismissOne(c); why.reason == "" {
				gone = append(gone, c)
				continue
			}
		}
		ro.keep(c, why)
	}
	return gone
}

// keep says why an outdated node stays, and for what it was to go.
func (ro *rollout) keep(c *candidate, why keep) {
	why.message = fmt.Sprintf("to be replaced (%s: %s): %s", c.reason, ro.why[c.host].text, why.message)
	ro.r.kept[c.host] = why
}

// nodes are the group's outdated nodes that are not going yet: those whose successor is there
// first, then the oldest.
func (ro *rollout) nodes() []*host {
	var nodes []*host
	for h := range ro.why {
		if h.group == ro.group && h.takes {
			nodes = append(nodes, h)
		}
	}
	slices.SortFunc(nodes, func(a, b *host) int {
		return cmp.Or(
			cmp.Compare(ro.progress(b), ro.progress(a)),
			a.node.Created.Compare(b.node.Created),
			strings.Compare(a.Name, b.Name),
		)
	})
	return nodes
}

// progress is 2 when a successor of the node is Ready, 1 when one is on its way.
func (ro *rollout) progress(h *host) int {
	switch {
	case slices.ContainsFunc(ro.successors[h], (*host).serves):
		return 2
	case len(ro.successors[h]) > 0:
		return 1
	}
	return 0
}

// held is what keeps the node, whatever room there is for its pods.
func (ro *rollout) held(c *candidate) keep {
	r, g, n := ro.r, ro.group, c.host.node
	if why := r.heldByItself(c.host); why.reason != "" && why.reason != KeptScaleDownDisabled {
		return why
	}
	switch {
	case g.Undeletable != "":
		return keep{reason: KeptNotDeletable, message: "no VPS can be deleted now: " + g.Undeletable}
	case g.Disruption.Stopped != "":
		return keep{reason: KeptRolloutPaused, message: g.Disruption.Stopped}
	case g.closed.reason != "" && g.closed.reason != ScaleUpDisabled && g.closed.reason != Stabilizing:
		return keep{reason: KeptNoReplacement, message: "nothing can be bought: " + g.closed.message}
	}
	if until, why := n.tooYoung(g); until.After(r.w.state.Now) {
		why.until = until
		return why
	}
	if until := n.RemovalBackoffUntil; until.After(r.w.state.Now) {
		return keep{reason: KeptStabilizing, message: fmt.Sprintf("not tried again before %s: %s", clock(until), n.RemovalBackoffReason), until: until}
	}
	for _, s := range c.host.placed {
		if from := s.lot.origin; from != nil {
			return keep{reason: KeptRolloutWaiting, message: "pods of node " + from.Name + ", which goes now, come here first"}
		}
	}
	if why := r.heldByPods(c); why.reason != "" {
		return why
	}
	return ro.turn(c)
}

// turn holds a node while as many others are being replaced as may be at a time.
func (ro *rollout) turn(c *candidate) keep {
	successors := ro.successors[c.host]
	if len(successors) > 0 {
		if ro.progress(c.host) < 2 {
			return keep{reason: KeptAwaitingReplacement, message: fmt.Sprintf("goes when %s, bought in its place, is Ready", successors[0].Name)}
		}
		return keep{}
	}
	if !ro.proven && ro.inWork > 0 {
		return keep{reason: KeptRolloutWaiting, message: "one node is replaced at a time until a machine made as the NodeGroup is now has joined"}
	}
	if why := ro.r.overBudget(ro.group, c.reason, ro.inWork); why.reason != "" {
		return why
	}
	if limit := ro.limit(c.reason); ro.inWork >= limit {
		return keep{reason: KeptRolloutWaiting, message: fmt.Sprintf("no more than %d of %d nodes at a time are replaced while no disruption budget for the reason %s is in force",
			limit, ro.group.count, c.reason)}
	}
	return keep{}
}

// limit is how many nodes are replaced at a time for the reason, budgets apart.
func (ro *rollout) limit(reason RemovalReason) int {
	for i := range ro.group.Disruption.Budgets {
		if ro.group.Disruption.Budgets[i].isFor(reason) {
			return math.MaxInt
		}
	}
	return max(ro.group.count*shareOfRollout/100, 1)
}

// dismissOne lets the node go if its pods fit elsewhere, or notes that it needs a machine in
// its place, and says why it stays for now.
func (ro *rollout) dismissOne(c *candidate) keep {
	r := ro.r
	r.targets = ro.targets(c.host)
	r.startOver()
	if r.takeAs(c, c.reason) {
		if len(ro.successors[c.host]) == 0 {
			ro.inWork++
		}
		return keep{}
	}
	why := r.kept[c.host]
	switch why.reason {
	case KeptAtMinNodes, KeptNoRoomElsewhere, KeptWouldTriggerScaleUp:
	default:
		return why
	}
	if r.hasEmpty(ro.successors[c.host]) {
		return why // another one would be no more help
	}
	// A node for which nothing can be bought takes no other one's turn.
	mark := r.w.fork()
	_, missing := ro.successorsFor(c)
	r.w.revert(mark)
	if missing.reason != "" {
		return missing
	}
	if len(ro.successors[c.host]) == 0 {
		ro.inWork++
	}
	ro.buys = append(ro.buys, c)
	return keep{reason: KeptAwaitingReplacement, message: "goes when the machine that is bought in its place is Ready"}
}

// hasEmpty says that one of the hosts holds no pod that needs a place.
func (r *remover) hasEmpty(hosts []*host) bool {
	return slices.ContainsFunc(hosts, func(h *host) bool { return len(r.w.evictedFrom(h)) == 0 && len(h.placed) == 0 })
}

// targets are the nodes that take the pods of an outdated one: its successors, then others that
// are not outdated. Where nodes are removed to save their price anyway, pods may also go to nodes
// that are outdated themselves, the youngest first.
func (ro *rollout) targets(old *host) []*host {
	var first, current, later []*host
	for _, h := range ro.r.w.hosts[:ro.r.w.existing] {
		_, outdated := ro.why[h]
		switch {
		case !h.serves() || h == old:
		case slices.Contains(ro.successors[old], h):
			first = append(first, h)
		case outdated && h.group.Disruption.Consolidation != ConsolidateEmpty:
			later = append(later, h)
		case !outdated && ro.r.awaits(h) == nil:
			current = append(current, h)
		}
	}
	slices.SortStableFunc(later, func(a, b *host) int { return b.node.Created.Compare(a.node.Created) })
	return slices.Concat(first, current, later)
}

// startOver has movers look at all targets again, which have changed.
func (r *remover) startOver() {
	for _, m := range r.w.movers {
		if m.next != 0 {
			r.w.advance(m, 0)
		}
	}
}

package plan

import (
	"fmt"
	"time"
)

// candidate looks at what holds a node whatever becomes of the others.
func (r *remover) candidate(h *host) (*candidate, keep) {
	if why := r.heldByItself(h); why.reason != "" {
		return nil, why
	}
	c := &candidate{host: h}
	if r.excess(h.group) <= 0 && !h.replacedBy.live() {
		if why := r.notUnderutilized(c); why.reason != "" {
			return nil, why
		}
	}
	c.price = r.w.priceOf(h.node)
	if why := r.heldByPods(c); why.reason != "" {
		return nil, why
	}
	return c, keep{}
}

// heldByItself are the reasons that need no look at the pods.
func (r *remover) heldByItself(h *host) keep {
	g, n := h.group, h.node
	switch {
	case n.State == Ordered:
		return keep{reason: KeptNotReady, message: "on its way"}
	case h.settling && h.awaits != "":
		return keep{reason: KeptNotReady, message: "about to serve: its startup taint " + h.awaits + " is still there"}
	case r.w.state.Options.nothingHeld:
		// Neither a person nor an annotation.
	case n.DoNotDelete:
		return keep{reason: KeptDoNotDelete, message: "it or its VPSieNode is annotated autoscaler.vpsie.com/do-not-delete"}
	case n.Adopted:
		return keep{reason: KeptAdopted, message: "a person made its VPSieNode; delete that to have the VPS deleted"}
	}
	if why := h.controlPlane(); why != "" {
		return keep{reason: KeptControlPlane, message: why}
	}
	if n.Object != nil && !r.w.state.Options.nothingHeld {
		if why := annotatedToStay(n.Object, r.w.state.Now); why.reason != "" {
			return why
		}
	}
	if old := r.awaits(h); old != nil {
		return keep{reason: KeptReplacing, message: "bought in the place of node " + old.Name + ", which is to go"}
	}
	if why := r.inExchange(h); why.reason != "" {
		return why
	}
	switch {
	case n.State != Ready && r.excess(g) <= 0:
		return notReady()
	case g.Paused:
		return keep{reason: KeptPaused, message: g.paused()}
	case !g.ScaleDown.Enabled:
		return keep{reason: KeptScaleDownDisabled, message: "scaleDownPolicy.enabled is false"}
	}
	return keep{}
}

func notReady() keep { return keep{reason: KeptNotReady, message: "not Ready"} }

// controlPlane says why the host is taken for a node of the control plane; empty when
// it is none.
func (h *host) controlPlane() string {
	if h.node.Object != nil {
		if why := controlPlaneRole(h.node.Object); why != "" {
			return why
		}
	}
	return h.controls
}

// brokenness orders hosts that do not work before those that do.
func (h *host) brokenness() int {
	switch {
	case h.node.State == NotReady:
		return 0
	case h.node.Stopped:
		return 1
	}
	return 2
}

// heldByPods looks at the pods on the node: whether they may be moved, and what
// their budgets allow.
func (r *remover) heldByPods(c *candidate) keep {
	h := c.host
	c.evicted = r.w.evictedFrom(h)
	if len(h.placed) > 0 {
		return keep{reason: KeptNotUnderutilized, message: "pending pod " + h.placed[0].lot.pods[0].name() + " and its like fit here"}
	}
	for _, s := range h.bound {
		if s.pod.stage == stagePending {
			return keep{reason: KeptNotUnderutilized, message: "pending pod " + s.pod.name() + " is nominated for it"}
		}
	}
	for _, l := range c.evicted {
		if why := l.stranded(); why != "" && h.node.State == Ready && !h.group.Drain {
			return keep{reason: KeptNoRoomElsewhere, message: fmt.Sprintf("pod %s could not be scheduled again: %s", l.pods[0].name(), why)}
		}
		for _, p := range l.pods {
			if why := p.immovable(&r.w.state.Options, r.w.state.Now); why.reason != "" {
				return why
			}
			if why := r.ask(c, p); why.reason != "" {
				return why
			}
		}
	}
	for _, s := range h.bound {
		// Expendable pods hold no node, but the eviction API refuses them like any other.
		if s.pod.stage == stageBound && !s.stays && !s.pod.leaves() && r.w.expendable(s.pod) {
			if why := r.ask(c, s.pod); why.reason != "" {
				return why
			}
		}
	}
	return keep{}
}

// stranded says why no node would take the lot's pods, wherever there is room; empty when
// one might.
func (l *lot) stranded() string {
	return l.kind.Class.Problem().Message
}

// ask notes what the pod asks of its budget.
func (r *remover) ask(c *candidate, p *Pod) keep {
	if c.host.group.Disruption.DrainSurge && r.w.surge().restarts(replica{p.meta, p.status}, p.spec) {
		return keep{} // it is not evicted
	}
	b, why := r.budgets.charge(p.meta, p.status)
	if why != "" {
		return keep{reason: KeptPodDisruptionBudget, message: why}
	}
	if b == nil {
		return keep{}
	}
	for i := range c.asks {
		if c.asks[i].budget == b {
			c.asks[i].n++
			return keep{}
		}
	}
	c.asks = append(c.asks, ask{budget: b, n: 1})
	return keep{}
}

// notUnderutilized holds a node at or above a scale-down threshold. No load is below a
// threshold of 0, which therefore leaves only nodes without a pod that needs another
// place.
func (r *remover) notUnderutilized(c *candidate) keep {
	if why := r.notEmpty(c); why.reason != "" {
		return why
	}
	if c.host.group.Disruption.Consolidation == ConsolidateCheaper {
		return keep{} // it saves its whole price, however busy it is
	}
	return r.busy(c)
}

// busy is at or above a scale-down threshold.
func (r *remover) busy(c *candidate) keep {
	s, l := c.host.group.ScaleDown, c.host.load()
	if (s.CPU <= 0 || s.Memory <= 0) && len(r.w.evictedFrom(c.host)) == 0 {
		return keep{}
	}
	if l.below(s.CPU, s.Memory) {
		return keep{}
	}
	return keep{reason: KeptNotUnderutilized, message: fmt.Sprintf("cpu is at %d%% (threshold %d%%), memory at %d%% (threshold %d%%)",
		Percent(l.used.cpu, l.room.cpu), s.CPU, Percent(l.used.memory, l.room.memory), s.Memory)}
}

// holding looks at what the nodes that go already leave: the minimum and the budgets, of
// nodes and of pods.
func (r *remover) holding(c *candidate, reason RemovalReason) keep {
	g := c.host.group
	// A machine on its way may fail to come, so it is no substitute for a node.
	if g.kept-g.coming-r.leaving[g] <= g.Min {
		return keep{reason: KeptAtMinNodes, message: fmt.Sprintf("the NodeGroup needs its %d nodes (minNodes)%s", g.Min, g.scheduled())}
	}
	if why := r.keepsShare(c, reason); why.reason != "" {
		return why
	}
	if r.budgeted {
		if why := r.overBudget(g, reason, g.terminating+r.leaving[g]); why.reason != "" {
			return why
		}
	}
	for _, a := range c.asks {
		if !a.budget.allows(a.n) {
			return keep{reason: KeptPodDisruptionBudget, message: fmt.Sprintf("PodDisruptionBudget %s allows %d disruptions now and nodes that go before use them up",
				a.budget.object.Name, a.budget.object.Status.DisruptionsAllowed)}
		}
	}
	return keep{}
}

// wouldTrigger holds a node without which a group would reach a threshold at which
// it scales up again. A group above its maximum cannot, and one that a schedule empties
// does not wait for others.
func (r *remover) wouldTrigger(c *candidate, reason RemovalReason, before map[*group]load) keep {
	if c.host.group.Drain {
		return keep{}
	}
	for _, g := range r.w.groups {
		l := r.loads[g]
		if l == before[g] || reason == AboveMax && g == c.host.group || !g.ScaleUp.Enabled || !l.reaches(g.ScaleUp.CPU, g.ScaleUp.Memory) {
			continue
		}
		return keep{reason: KeptWouldTriggerScaleUp, message: fmt.Sprintf("without it NodeGroup %s would be at %d%% of cpu (scale-up at %d%%) and %d%% of memory (scale-up at %d%%)",
			g.Name, Percent(l.used.cpu, l.room.cpu), g.ScaleUp.CPU, Percent(l.used.memory, l.room.memory), g.ScaleUp.Memory)}
	}
	return keep{}
}

// waiting is when the last timer that holds the node elapses, zero when none does,
// and what the node waits for. A node above its group's maximum need not have been
// unneeded for any time.
func (r *remover) waiting(c *candidate) (time.Time, keep) {
	g, n, now := c.host.group, c.host.node, r.w.state.Now
	var due time.Time
	var waits keep
	if g.Undeletable != "" {
		waits = keep{reason: KeptNotDeletable, message: "no VPS can be deleted now: " + g.Undeletable}
	}
	if r.w.state.Options.IgnoreTimers {
		return due, waits
	}
	wait := func(until time.Time, why keep) {
		if until.After(now) && until.After(due) {
			due, waits = until, why
		}
	}
	if c.host.replacedBy.live() && c.reason != AboveMax {
		// The other timers were waited for before its replacement was bought.
		wait(n.tooYoung(g))
		wait(n.drainFailed())
		return due, waits
	}
	if c.reason != AboveMax {
		since := n.UnneededSince
		if since.IsZero() {
			since = now
		}
		until := since.Add(g.ScaleDown.UnneededTime)
		wait(n.paid(g, now))
		wait(until, keep{reason: KeptUnneededTime, message: fmt.Sprintf("unneeded since %s; goes after %s, at %s", clock(since), g.ScaleDown.UnneededTime, clock(until))})
	}
	if !g.LastScale.IsZero() && !g.Drain {
		until := g.LastScale.Add(g.ScaleDown.Window)
		wait(until, keep{reason: KeptStabilizing, message: fmt.Sprintf("the NodeGroup scaled at %s and may scale down at %s", clock(g.LastScale), clock(until))})
	}
	wait(n.tooYoung(g))
	wait(n.drainFailed())
	return due, waits
}

// drainFailed is until when a drain of the node is not tried again, and why it is kept.
func (n *Node) drainFailed() (time.Time, keep) {
	return n.RemovalBackoffUntil, keep{reason: KeptStabilizing, message: fmt.Sprintf("not tried again before %s: %s", clock(n.RemovalBackoffUntil), n.RemovalBackoffReason)}
}

package plan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// Disruption bounds which nodes of a group the plan removes, and when. The zero value
// bounds nothing beyond Group.ScaleDown.
type Disruption struct {
	Consolidation Consolidation
	// MinLifetime is how old a node must be to be removed.
	MinLifetime time.Duration
	// PaidPeriod is how long each period is that is billed as a whole, from a node's order;
	// 0 when nodes need not wait for its end.
	PaidPeriod time.Duration
	// MinSavings is the percentage of the price of nodes that their replacement must save at
	// least, and Payback how long it may take to save what it costs; both of ConsolidateCheaper.
	// SparePaid: it waits until little of what is paid in advance for the nodes would be lost.
	MinSavings int
	Payback    time.Duration
	SparePaid  bool
	Budgets    []DisruptionBudget
	// ReplaceDrifted has nodes with Node.Drift replaced.
	ReplaceDrifted bool
	// DrainSurge: a drain restarts a Deployment whose only ready replica is on the node, and waits,
	// before it evicts anything (Surge).
	DrainSurge bool
	// MaxAge is the age at which nodes are replaced, give or take a tenth (Node.Expires); 0 for
	// never.
	MaxAge time.Duration
	// Stopped, when not empty, says why no node is replaced for drift or age now: a machine that
	// was bought in the place of one did not join.
	Stopped string
}

// Consolidation says which nodes are removed to save their price.
type Consolidation string

// The kinds of consolidation; empty is ConsolidateUnderutilized.
const (
	ConsolidateEmpty         Consolidation = "WhenEmpty"
	ConsolidateUnderutilized Consolidation = "WhenUnderutilized"
	// ConsolidateCheaper also replaces nodes by cheaper ones, and removes nodes whose pods fit
	// elsewhere however busy they are.
	ConsolidateCheaper Consolidation = "WhenCheaper"
)

// DisruptionBudget bounds how many nodes of a group leave at State.Now. Schedules are
// evaluated by whoever makes the State.
type DisruptionBudget struct {
	// Nodes is how many may be leaving, those that leave already included.
	Nodes int
	// Reasons are the removals that it is for; none for all.
	Reasons []RemovalReason
	// Message names the budget and says what it allows now.
	Message string
	// Until is when it allows more by itself; zero when it does not.
	Until time.Time
}

// limitsDisruption says whether a group has a budget, so that who goes depends on who
// goes besides.
func (w *world) limitsDisruption() bool {
	return slices.ContainsFunc(w.groups, func(g *group) bool { return len(g.Disruption.Budgets) > 0 })
}

// isFor says whether the budget bounds removals for the reason.
func (b *DisruptionBudget) isFor(reason RemovalReason) bool {
	return len(b.Reasons) == 0 || slices.Contains(b.Reasons, reason)
}

// overBudget holds a node that a disruption budget of its group does not let go for the
// reason, while so many others leave, for whatever reason.
func (r *remover) overBudget(g *group, reason RemovalReason, leaving int) keep {
	var held keep
	var last *DisruptionBudget
	for i := range g.Disruption.Budgets {
		b := &g.Disruption.Budgets[i]
		if leaving < b.Nodes || !b.isFor(reason) || last != nil && !b.opensAfter(last) {
			continue
		}
		last, held = b, keep{reason: KeptDisruptionBudget, message: b.Message, until: b.Until}
		if b.Nodes > 0 {
			held.message = fmt.Sprintf("%s; leaving now: %d", b.Message, leaving)
		}
	}
	return held
}

// opensAfter orders budgets by how long they hold a node: until others have left, until
// a time, for ever.
func (b *DisruptionBudget) opensAfter(o *DisruptionBudget) bool {
	rank := func(b *DisruptionBudget) int {
		switch {
		case b.Nodes > 0:
			return 0
		case !b.Until.IsZero():
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(b), rank(o)), b.Until.Compare(o.Until)) > 0
}

// notEmpty holds a node whose pods would have to move where only empty nodes go.
func (r *remover) notEmpty(c *candidate) keep {
	if c.host.group.Disruption.Consolidation != ConsolidateEmpty {
		return keep{}
	}
	for _, l := range r.w.evictedFrom(c.host) {
		return keep{reason: KeptNotEmpty, message: "pod " + l.pods[0].name() + " would have to move, and disruption.consolidation is WhenEmpty"}
	}
	return keep{}
}

// A node goes in the last sixth of a paid period, but in no more than its last ten minutes:
// enough to drain it and delete its VPS before the next period begins.
const (
	leaveShare  = 6
	longestLead = 10 * time.Minute
)

// paid is until when a node is free room that is paid for, and why it is kept; in the last
// part of its period it may go.
func (n *Node) paid(g *group, now time.Time) (time.Time, keep) {
	period := g.Disruption.PaidPeriod
	if period <= 0 || n.Created.IsZero() || now.Before(n.Created) {
		return time.Time{}, keep{}
	}
	next := n.Created.Add((now.Sub(n.Created)/period + 1) * period)
	until := next.Add(-min(period/leaveShare, longestLead))
	return until, keep{reason: KeptPaidPeriod, message: fmt.Sprintf("not needed, and paid until %s; goes at %s (disruption.alignToPaidPeriodSeconds %d)",
		clock(next), clock(until), int(period.Seconds()))}
}

// usualPeriod is what is taken to be paid as a whole where the group does not say it.
const usualPeriod = time.Hour

// paidRest is how much is left, at a time, of the period that the node is paid for.
func (n *Node) paidRest(g *group, at time.Time) time.Duration {
	if n.Created.IsZero() || at.Before(n.Created) {
		return 0
	}
	period := g.paidPeriod()
	return period - at.Sub(n.Created)%period
}

func (g *group) paidPeriod() time.Duration { return cmp.Or(g.Disruption.PaidPeriod, usualPeriod) }

// Expires is when the node is as old as its group lets nodes become, zero for never. So that nodes
// that were ordered together do not expire together, it is up to a tenth of maxAge sooner or later,
// which depends on the node's name alone.
func (n *Node) Expires(maxAge time.Duration) time.Time {
	if maxAge <= 0 || n.Created.IsZero() {
		return time.Time{}
	}
	h := fnv.New64a()
	h.Write([]byte(cmp.Or(n.Machine, n.Name)))
	const steps = 2000
	return n.Created.Add(maxAge + maxAge/10/(steps/2)*time.Duration(int64(h.Sum64()%(steps+1))-steps/2))
}

// tooYoung is until when a node is younger than its group lets go, and why it is kept.
func (n *Node) tooYoung(g *group) (time.Time, keep) {
	if n.Created.IsZero() || g.Disruption.MinLifetime <= 0 {
		return time.Time{}, keep{}
	}
	until := n.Created.Add(g.Disruption.MinLifetime)
	return until, keep{reason: KeptMinNodeLifetime, message: fmt.Sprintf("ordered at %s; not removed before %s (disruption.minNodeLifetimeSeconds %d)",
		clock(n.Created), clock(until), int(g.Disruption.MinLifetime.Seconds()))}
}

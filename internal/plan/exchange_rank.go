package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
)

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

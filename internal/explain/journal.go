package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Journal prints rounds, oldest first.
func Journal(r Rounds, p *Page) {
	if len(r.List) == 0 {
		p.line("No round is known that fits what was asked for.")
	}
	for _, round := range r.List {
		p.round(round)
	}
	p.source(r)
}

func (p *Page) round(r *observe.Round) {
	when := p.clock(r.First)
	if r.Rounds > 1 {
		when += fmt.Sprintf(" to %s (%d rounds)", p.clock(r.Last), r.Rounds)
	}
	if len(r.Triggers) > 0 {
		when += "  after " + observe.Some(r.Triggers)
	}
	p.bold("%s", when)
	said := p.decisions(r)
	for _, w := range r.Waiting {
		said = true
		p.line("  waits   %s: %s", observe.Count(len(w.Pods), "pod")+" ("+observe.Some(w.Pods)+")", reasonsOf(bundle(w.Refusals)))
	}
	if r.Placements > 0 {
		said = true
		p.line("  fits    %s on nodes that are there or on their way", observe.Count(r.Placements, "pod"))
	}
	if len(r.Kept) > 0 {
		said = true
		reasons := map[string]int{}
		for _, k := range r.Kept {
			reasons[string(k.Reason)]++
		}
		p.line("  keeps   %s: %s", observe.Count(len(r.Kept), "node"), observe.Tally(reasons))
	}
	for _, group := range slices.Sorted(maps.Keys(r.Faults)) {
		said = true
		p.news(Bad, "  fault   NodeGroup %s: %s", group, r.Faults[group])
	}
	if r.Error != "" {
		said = true
		p.news(Bad, "  error   %s", r.Error)
	}
	if !said {
		p.line("  nothing to do")
	}
	p.line("  cost    %s an hour, lower bound %s", change(r.Cost), r.Cost.LowerBound)
}

func change(c observe.RoundCost) string {
	if c.Before == c.After {
		return c.After
	}
	return c.Before + " -> " + c.After
}

func (p *Page) decisions(r *observe.Round) bool {
	for _, l := range r.Launches {
		p.news(Busy, "  orders  %s of NodeGroup %s: %s", cmp.Or(l.Machine, "a machine"), l.Group, boughtFor(&l))
	}
	for _, x := range r.Removals {
		p.news(Busy, "  removes %s of NodeGroup %s (%s), which saves %s an hour%s", x.Node, x.Group, x.Reason, x.Saves, moved(x))
	}
	return len(r.Launches)+len(r.Removals) > 0
}

package explain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// BlockersAnswer says what holds nodes that could otherwise go, and what that costs.
type BlockersAnswer struct {
	// Cost is what all the held nodes cost an hour.
	Cost     string    `json:"costPerHour"`
	Blockers []Blocker `json:"blockers"`
	Source   string    `json:"source"`
	// Known: a decision or a plan says why nodes stay. Without one nothing is known.
	Known  bool `json:"known"`
	rounds Rounds
}

// Blocker is one reason for which nodes stay, such as a pod, a budget or an annotation.
type Blocker struct {
	Reason  plan.KeptReason `json:"reason"`
	Message string          `json:"message"`
	Group   string          `json:"nodeGroup"`
	Nodes   []string        `json:"nodes"`
	// Cost is what the nodes cost an hour, which they would save if they went.
	Cost string `json:"costPerHour"`
	cost micro
}

// blocks tells what holds a node against the thresholds from what would keep it anyway:
// its use, a timer that ends by itself, or that it is not ready.
func blocks(r plan.KeptReason) bool {
	switch r {
	case plan.KeptNotUnderutilized, plan.KeptUnneededTime, plan.KeptStabilizing, plan.KeptMinNodeLifetime, plan.KeptPaidPeriod, plan.KeptNotReady,
		plan.KeptAwaitingReplacement, plan.KeptReplacing, plan.KeptRolloutWaiting, plan.KeptNotCheaper:
		return false
	}
	return true
}

// Blockers lists them, the dearest first.
func Blockers(s *Scene) *BlockersAnswer {
	a := &BlockersAnswer{Blockers: []Blocker{}, Source: s.Rounds.Source, rounds: s.Rounds}
	now := s.Rounds.current()
	if now == nil {
		return a
	}
	a.Known = true
	price := map[string]micro{}
	for _, m := range s.Machines {
		price[cluster.NodeNameOf(m)] = parseMicro(m.Status.CostPerHour)
		price[m.Name] = parseMicro(m.Status.CostPerHour)
	}
	type key struct {
		group, message string
		reason         plan.KeptReason
	}
	index := map[key]int{}
	var total micro
	for _, k := range now.Kept {
		if !blocks(k.Reason) {
			continue
		}
		at := key{k.Group, k.Message, k.Reason}
		i, known := index[at]
		if !known {
			i = len(a.Blockers)
			index[at] = i
			a.Blockers = append(a.Blockers, Blocker{Reason: k.Reason, Message: k.Message, Group: k.Group})
		}
		b := &a.Blockers[i]
		b.Nodes = append(b.Nodes, k.Node)
		b.cost += price[k.Node]
		total += price[k.Node]
	}
	for i := range a.Blockers {
		a.Blockers[i].Cost = a.Blockers[i].cost.String()
	}
	a.Cost = total.String()
	slices.SortStableFunc(a.Blockers, func(x, y Blocker) int {
		return cmp.Or(cmp.Compare(y.cost, x.cost), cmp.Compare(x.Group, y.Group), cmp.Compare(x.Message, y.Message))
	})
	return a
}

// Print writes the answer for a person.
func (a *BlockersAnswer) Print(p *Page) {
	switch {
	case !a.Known:
		p.news(Busy, "Not known: no decision of the autoscaler can be read, and no plan could be made.")
	case len(a.Blockers) == 0:
		p.news(Good, "Nothing holds a node: those that stay are used, or wait for a timer.")
	default:
		p.line("Nodes that cost %s an hour could go but for these:", a.Cost)
		var rows []row
		for _, b := range a.Blockers {
			rows = append(rows, cells(b.Cost, b.Group, fmt.Sprint(len(b.Nodes)), observe.Some(b.Nodes), string(b.Reason)+": "+b.Message))
		}
		p.grid([]string{"COST/H", "NODE GROUP", "COUNT", "NODES", "WHAT HOLDS THEM"}, rows)
		p.line("  more of one: kubectl vpsie explain node NAME")
	}
	p.source(a.rounds)
}

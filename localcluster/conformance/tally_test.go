package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// tally counts how often each rule accepted and refused something that it had to look
// at, so that no comparison is empty.
type tally struct {
	accepted, refused map[string]int
	// crowds counts pods without a place for which only places are left where they would
	// take away the admission of others.
	crowds int
	// early counts placed pods that are only admitted until the machines come that
	// the plan buys.
	early int
	// launches to moves count what plans do.
	launches, placements, removals, moves, unplaced int
	// charged counts nodes that go at the cost of a budget, held those that one keeps.
	charged, held int
}

func (n *tally) did(p *plan.Plan) {
	n.launches, n.placements = n.launches+len(p.Launches), n.placements+len(p.Placements)
	n.removals, n.unplaced = n.removals+len(p.Removals), n.unplaced+len(p.Unplaced)
	for _, r := range p.Removals {
		n.moves += len(r.Moves)
	}
}

func newTally() *tally { return &tally{accepted: map[string]int{}, refused: map[string]int{}} }

func (n *tally) note(v verdict) {
	if !v.admitted {
		n.refused[v.rule]++
		return
	}
	for _, rule := range v.passed {
		n.accepted[rule]++
	}
}

func (n *tally) String() string {
	var b strings.Builder
	if n.launches > 0 {
		fmt.Fprintf(&b, "%d launches, %d placements, %d removals with %d moves, %d unplaced, %d of them for the sake of others, %d placed before machines come, %d removals paid for by budgets, %d nodes kept by budgets",
			n.launches, n.placements, n.removals, n.moves, n.unplaced, n.crowds, n.early, n.charged, n.held)
	}
	all := maps.Clone(n.refused)
	maps.Copy(all, n.accepted)
	for _, rule := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "\n%-42s accepted %d, refused %d", rule, n.accepted[rule], n.refused[rule])
	}
	return b.String()
}

// enough are the cases from which on every rule must have had its say both ways.
const enough = 1000

// holdsEvery fails when a rule only ever accepted, or only ever refused.
func (n *tally) holdsEvery(t *testing.T, cases int) {
	if cases < enough {
		return
	}
	for _, rule := range []string{
		names.NodeUnschedulable, names.NodeAffinity, names.TaintToleration, names.NodeResourcesFit, names.NodePorts,
		ownAffinity, ownAntiAffinity, othersAntiRules, names.PodTopologySpread,
		names.VolumeBinding, names.VolumeZone, names.NodeVolumeLimits, names.VolumeRestrictions,
	} {
		if n.accepted[rule] < 3 || n.refused[rule] < 3 {
			t.Errorf("%s accepted %d and refused %d times in %d cases: that tests nothing", rule, n.accepted[rule], n.refused[rule], cases)
		}
	}
	for _, rule := range []string{names.SchedulingGates, "SchedulerName"} {
		if n.refused[rule] < 3 {
			t.Errorf("%s refused %d times in %d cases: that tests nothing", rule, n.refused[rule], cases)
		}
	}
}

// holdsPlans fails when plans do nothing of one kind.
func (n *tally) holdsPlans(t *testing.T, cases int) {
	if cases < enough {
		return
	}
	for what, count := range map[string]int{
		"launches": n.launches, "placements": n.placements, "removals": n.removals, "moves": n.moves, "unplaced pods": n.unplaced,
	} {
		if count < 10 {
			t.Errorf("%d %s in %d cases: that tests nothing", count, what, cases)
		}
	}
}

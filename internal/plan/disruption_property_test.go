package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawDisruption draws groups whose nodes could mostly go, and what spec.disruption says of them.
func drawDisruption(t *rapid.T) (*story, string) {
	s, say, told := drawn(t)
	say("offer small cpu=2 memory=4096 price=12.00")
	groups := rapid.IntRange(1, 2).Draw(t, "groups")
	for g := range groups {
		var budgets strings.Builder
		for range rapid.IntRange(0, 3).Draw(t, "budgets") {
			fmt.Fprintf(&budgets, " budget=%d%s", rapid.IntRange(0, 4).Draw(t, "nodes"), rapid.SampledFrom([]string{"", "/Empty", "/Underutilized,AboveMax", "/AboveMax"}).Draw(t, "reasons"))
		}
		say("group g%d min=%d max=%d offers=small unneeded=10m%s%s%s", g, rapid.IntRange(0, 1).Draw(t, "min"), rapid.IntRange(1, 10).Draw(t, "max"),
			rapid.SampledFrom([]string{"", " consolidation=WhenEmpty"}).Draw(t, "consolidation"), rapid.SampledFrom([]string{"", " min-lifetime=2h"}).Draw(t, "lifetime"), budgets.String())
	}
	for n := range rapid.IntRange(1, 10).Draw(t, "count") {
		say("node n%d group=g%d type=small unneeded=1h ordered=%dh state=%s", n, rapid.IntRange(0, groups-1).Draw(t, "group"),
			rapid.IntRange(1, 3).Draw(t, "age"), rapid.SampledFrom([]string{"Ready", "Ready", "Ready", "Terminating", "NotReady"}).Draw(t, "state"))
		if rapid.Bool().Draw(t, "busy") {
			say("pod p%d cpu=%dm node=n%d", n, rapid.IntRange(1, 9).Draw(t, "cpu")*100, n)
		}
	}
	return s, told.String()
}

// No plan removes more nodes than every budget for their reasons allows, a node with pods where only empty ones go, or
// one that is too young; whatever is allowed at once without budgets goes in the end with them.
func TestNoMoreNodesLeaveThanBudgetsAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawDisruption(t)
		p := Decide(&s.state)
		nodes := map[string]*Node{}
		for _, n := range s.state.Nodes {
			nodes[n.Name] = n
		}
		for _, g := range s.state.Groups {
			leaving := count(s.state.Nodes, func(n *Node) bool { return n.Group == g.Name && n.State == Terminating })
			for i, b := range g.Disruption.Budgets {
				gone := count(p.Removals, func(r Removal) bool {
					return r.Group == g.Name && (len(b.Reasons) == 0 || slices.Contains(b.Reasons, r.Reason))
				})
				if gone > 0 && leaving+gone > b.Nodes {
					t.Fatalf("budget %d of %s allows %d nodes; %d leave already and %d are removed:\n%s%s", i, g.Name, b.Nodes, leaving, gone, told, tell(p, s.state.Now))
				}
			}
			for _, r := range p.Removals {
				if r.Group != g.Name {
					continue
				}
				if r.Reason == Underutilized && g.Disruption.Consolidation == ConsolidateEmpty {
					t.Fatalf("%s goes with pods:\n%s%s", r.Node, told, tell(p, s.state.Now))
				}
				if s.state.Now.Sub(nodes[r.Node].Created) < g.Disruption.MinLifetime {
					t.Fatalf("%s goes too young:\n%s%s", r.Node, told, tell(p, s.state.Now))
				}
			}
		}
		for _, g := range s.state.Groups {
			for i := range g.Disruption.Budgets {
				if g.Disruption.Budgets[i].Nodes == 0 {
					return // closed for good
				}
			}
		}
		now := s.state
		for range len(now.Nodes) + 1 {
			now.Nodes = slices.DeleteFunc(slices.Clone(now.Nodes), func(n *Node) bool { return n.State == Terminating })
			now = carriedOut(now, Decide(&now))
		}
		if last := Decide(&now); slices.ContainsFunc(last.Kept, func(k Kept) bool { return k.Reason == KeptDisruptionBudget }) {
			t.Fatalf("a budget that lets nodes go keeps one for ever:\n%s%s", told, tell(last, now.Now))
		}
	})
}

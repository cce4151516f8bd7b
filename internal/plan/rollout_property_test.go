package plan

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawRollout draws groups some of whose nodes are outdated.
func drawRollout(t *rapid.T) (*story, string) {
	s, say, told := drawn(t)
	say("offer small cpu=2 memory=4096 price=12.00")
	say("offer large cpu=4 memory=8192 price=24.00 stock=%d", rapid.SampledFrom([]int{-1, -1, 1}).Draw(t, "stock"))
	groups := rapid.IntRange(1, 2).Draw(t, "groups")
	for g := range groups {
		say("group g%d min=%d max=%d offers=small,large mixed unneeded=10m replace-drifted consolidation=%s%s%s", g, rapid.IntRange(0, 2).Draw(t, "min"), rapid.IntRange(3, 9).Draw(t, "max"),
			rapid.SampledFrom([]string{"WhenUnderutilized", "WhenEmpty", "WhenCheaper"}).Draw(t, "consolidation"),
			rapid.SampledFrom([]string{"", "", " budget=1", " budget=2/Drifted,Expired", " budget=0/Drifted,Expired", " no-down"}).Draw(t, "budget"),
			rapid.SampledFrom([]string{"", "", " max-age=100h"}).Draw(t, "age"))
	}
	for n := range rapid.IntRange(1, 6).Draw(t, "nodes") {
		say("node n%d group=g%d type=%s ordered=%dh%s%s", n, rapid.IntRange(0, groups-1).Draw(t, "group"), rapid.SampledFrom([]string{"small", "large"}).Draw(t, "type"),
			rapid.SampledFrom([]int{1, 50, 200}).Draw(t, "order"), rapid.SampledFrom([]string{" drift=osImageID:_a_->_b", " drift=osImageID:_a_->_b", " current"}).Draw(t, "drift"),
			rapid.SampledFrom([]string{"", "", "", "", " do-not-delete"}).Draw(t, "hold"))
		for p := range rapid.IntRange(0, 3).Draw(t, "pods") {
			say("pod p%d-%d cpu=%dm memory=%dMi node=n%d labels=app=a%s", n, p, rapid.IntRange(1, 6).Draw(t, "cpu")*100, rapid.IntRange(1, 10).Draw(t, "memory")*100, n,
				rapid.SampledFrom([]string{"", "", "", "", "", "", " owner=none"}).Draw(t, "owner"))
		}
	}
	return s, told.String()
}

// outdatedNames are the nodes that a roll-out has to replace.
func (e *exchanged) outdatedNames() []string {
	var names []string
	for _, n := range e.state.Nodes {
		g := e.group(n)
		at := n.Expires(g.Disruption.MaxAge)
		if n.State == Ready && (n.Drift != "" || !at.IsZero() && !e.state.Now.Before(at)) {
			names = append(names, n.Name)
		}
	}
	return names
}

func (e *exchanged) group(n *Node) *Group {
	return e.state.Groups[slices.IndexFunc(e.state.Groups, func(g *Group) bool { return g.Name == n.Group })]
}

// succeeded says that the node has a machine in its place, on its way or Ready.
func (e *exchanged) succeeded(name string) bool {
	return slices.ContainsFunc(e.state.Nodes, func(n *Node) bool { return slices.Contains(n.Replaces, name) })
}

// checkRollout looks at what a plan of a roll-out may do, from any moment.
func (e *exchanged) checkRollout(p *Plan) {
	e.Helper()
	outdated := e.outdatedNames()
	for _, g := range e.state.Groups {
		inWork := count(outdated, func(name string) bool { return e.find(name).Group == g.Name && e.succeeded(name) })
		replaced := map[string]bool{}
		for _, l := range p.Launches {
			for _, name := range l.Replaces {
				replaced[name] = e.find(name).Group == g.Name && slices.Contains(outdated, name)
			}
		}
		begun := count(outdated, func(name string) bool { return replaced[name] })
		gone := count(p.Removals, func(r Removal) bool {
			return r.Group == g.Name && (r.Reason == Drifted || r.Reason == Expired) && !e.succeeded(r.Node)
		})
		proven := slices.ContainsFunc(e.state.Nodes, func(n *Node) bool { return n.Group == g.Name && n.State == Ready && n.Current })
		if more := begun + gone; more > 0 {
			if !proven && inWork+more > 1 {
				e.fail(p, "%d nodes of %s are replaced before a machine made as it is now has joined", inWork+more, g.Name)
			}
			limit := max(count(e.state.Nodes, func(n *Node) bool { return n.Group == g.Name })*shareOfRollout/100, 1)
			for _, b := range g.Disruption.Budgets {
				limit = b.Nodes
			}
			if inWork+more > limit {
				e.fail(p, "%d nodes of %s are replaced at a time, %d may be", inWork+more, g.Name, limit)
			}
		}
		there := count(e.state.Nodes, func(n *Node) bool { return n.Group == g.Name })
		if bought := count(p.Launches, func(l Launch) bool { return l.Group == g.Name }); bought > 0 && there+bought > g.Max {
			e.fail(p, "%s has %d nodes, may have %d, and gets %d more", g.Name, there, g.Max, bought)
		}
	}
	for _, r := range p.Removals {
		if e.find(r.Node).DoNotDelete {
			e.fail(p, "%s must stay", r.Node)
		}
		if len(r.Moves) < len(e.podsOn(r.Node)) {
			e.fail(p, "%s goes and leaves pods without a place", r.Node)
		}
	}
}

func (e *exchanged) podsOn(name string) []string {
	var names []string
	for _, pod := range e.state.Pods {
		if pod.Object().Spec.NodeName == name {
			names = append(names, pod.name())
		}
	}
	return names
}

// A roll-out goes on from any moment at which somebody plans again, keeps to its limits, buys nothing twice, and comes to an end: then
// only nodes are outdated that something else holds, and nothing is left to do.
func TestRolloutsGoOnFromWhereverTheyAre(t *testing.T) {
	rolled := 0
	rapid.Check(t, func(t *rapid.T) {
		e := &exchanged{T: t}
		e.story, e.told = drawRollout(t)
		for range 60 {
			p := Decide(&e.state)
			e.checkRollout(p)
			if len(p.Launches)+len(p.Removals) == 0 {
				break
			}
			names := e.order(p)
			if len(names) > 0 {
				if q := Decide(&e.state); len(q.Launches) > 0 {
					e.fail(q, "planning again while %s are on their way buys more", strings.Join(names, ", "))
				}
			}
			gone := p.Removals
			for _, r := range gone {
				if q := *p; slices.ContainsFunc(gone, func(x Removal) bool { return x.Node == r.Node }) {
					q.Removals = []Removal{r}
					e.remove(&q)
					rolled++
				}
				e.checkRollout(Decide(&e.state)) // half-way
			}
			for _, name := range names {
				n := e.find(name)
				n.State, n.Current = Ready, true
				e.told += name + " is Ready\n"
				e.checkRollout(Decide(&e.state)) // half-way
			}
		}
		last := Decide(&e.state)
		if len(last.Launches)+len(last.Removals) > 0 {
			e.fail(last, "the roll-out does not come to an end")
		}
		for _, name := range e.outdatedNames() {
			i := slices.IndexFunc(last.Kept, func(k Kept) bool { return k.Node == name })
			if i < 0 {
				e.fail(last, "%s is outdated, and nothing says why it stays", name)
			}
			switch why := last.Kept[i]; why.Reason {
			case KeptRolloutWaiting, KeptAwaitingReplacement:
				e.fail(last, "%s waits for ever: %s", name, why.Message)
			}
		}
	})
	if rolled < 50 {
		t.Errorf("only %d nodes were replaced", rolled)
	}
}

package plan

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawSpot is a story in which the cloud also sells spot instances.
func drawSpot(t *rapid.T) (*story, string) {
	s, told := drawStory(t)
	for _, o := range slices.Clone(s.state.Offers) {
		if rapid.IntRange(0, 3).Draw(t, "sold") == 0 {
			continue
		}
		spot := *o
		spot.Spot, spot.Price, spot.Stock = true, o.Price*Money(rapid.IntRange(2, 11).Draw(t, "tenths"))/10, rapid.IntRange(-1, 4).Draw(t, "spot stock")
		s.state.Offers = append(s.state.Offers, &spot)
	}
	for _, g := range s.state.Groups {
		g.Spot = rapid.SampledFrom([]SpotPolicy{SpotPreferred, SpotPreferred, SpotPreferred, SpotRequired, SpotDisabled}).Draw(t, "policy")
		if percent := rapid.SampledFrom([]int{0, 25, 50, 70, 100}).Draw(t, "percent"); percent < 100 && g.Spot == SpotPreferred {
			g.Limits.SpotPercent = &percent
		}
		g.Disruption.Consolidation = rapid.SampledFrom([]Consolidation{"", ConsolidateCheaper}).Draw(t, "consolidation")
	}
	for _, n := range s.state.Nodes {
		n.Spot = rapid.IntRange(0, 2).Draw(t, "spot") == 0
		for _, o := range s.state.Offers {
			if n.Object != nil && o.Key() == n.Offer() {
				n.Object.Labels = NodeLabels(s.state.Groups[slices.IndexFunc(s.state.Groups, func(g *Group) bool { return g.Name == n.Group })], o)
				n.Object.Labels["kubernetes.io/hostname"] = n.Name
			}
		}
	}
	return s, told
}

// spotShare counts the group's nodes that do not leave, once what the plan buys is there and, if
// gone, what it removes is not.
func spotShare(s *State, p *Plan, group string, gone bool) (nodes, spot int) {
	note := func(is bool) {
		nodes++
		if is {
			spot++
		}
	}
	for _, n := range s.Nodes {
		leaves := gone && slices.ContainsFunc(p.Removals, func(r Removal) bool { return r.Node == n.Name })
		if n.Group == group && n.State != Failed && n.State != Terminating && !leaves {
			note(n.Spot)
		}
	}
	for _, l := range p.Launches {
		if l.Group == group {
			note(l.Spot)
		}
	}
	return nodes, spot
}

func TestNoPlanExceedsTheShareOfSpotInstances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawSpot(t)
		p := Decide(&s.state)
		for _, g := range s.state.Groups {
			bought := count(p.Launches, func(l Launch) bool { return l.Group == g.Name && l.Spot })
			if g.Spot == SpotDisabled && bought > 0 || g.Spot == SpotRequired && count(p.Launches, func(l Launch) bool { return l.Group == g.Name && !l.Spot }) > 0 {
				t.Fatalf("%s\n%s wants spot instances %q, and buys %+v", told, g.Name, g.Spot, p.Launches)
			}
			if g.Limits.SpotPercent == nil {
				continue
			}
			if nodes, spot := spotShare(&s.state, p, g.Name, false); bought > 0 && 100*spot > *g.Limits.SpotPercent*nodes {
				t.Fatalf("%s\n%s may have %d%% spot instances and gets %d of %d: %+v", told, g.Name, *g.Limits.SpotPercent, spot, nodes, p.Launches)
			}
			removed := count(p.Removals, func(r Removal) bool { return r.Group == g.Name && r.Reason != Drifted && r.Reason != Expired })
			before := &Plan{Launches: p.Launches}
			nodes, spot := spotShare(&s.state, before, g.Name, false)
			if within := 100*spot <= *g.Limits.SpotPercent*nodes; removed > 0 && within {
				if nodes, spot := spotShare(&s.state, p, g.Name, true); 100*spot > *g.Limits.SpotPercent*nodes {
					t.Fatalf("%s\n%s may have %d%% spot instances and keeps %d of %d: %+v", told, g.Name, *g.Limits.SpotPercent, spot, nodes, p.Removals)
				}
			}
		}
		if p.Cost.After < p.Cost.LowerBound {
			t.Fatalf("%s\ncosts %s, at least %s", told, p.Cost.After, p.Cost.LowerBound)
		}
		for _, o := range s.state.Offers {
			bought := func(l Launch) bool { return (OfferKey{l.DatacenterID, l.InstanceType, l.Spot}) == o.Key() }
			if n := count(p.Launches, bought); o.Stock >= 0 && n > o.Stock {
				t.Fatalf("%s\n%d of %s are bought and %d in stock", told, n, o.Key().For(), o.Stock)
			}
		}
		want := encode(t, p)
		slices.Reverse(s.state.Offers)
		slices.Reverse(s.state.Nodes)
		slices.Reverse(s.state.Groups)
		if got := encode(t, Decide(&s.state)); got != want {
			t.Fatalf("%s\nin another order the plan is\n%s\nwant\n%s", told, got, want)
		}
	})
}

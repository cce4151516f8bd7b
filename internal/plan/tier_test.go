package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// No pod gets a node bought of a lower tier while a group of a higher one could still buy a
// node that takes it.
func TestPodsBuyOfTheHighestTierThatCan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawStory(t)
		sizeAsSold(&s.state)
		for _, g := range s.state.Groups {
			g.Priority = int32(rapid.IntRange(-1, 1).Draw(t, "priority"))
			if rapid.IntRange(0, 2).Draw(t, "limited") == 0 {
				g.Limits.Cost = new(Money(rapid.IntRange(0, 120).Draw(t, "cap") * moneyUnit))
			}
		}
		p := Decide(&s.state)
		pods := map[string]*Pod{}
		for _, pod := range s.state.Pods {
			pods[pod.name()] = pod
		}
		for _, l := range p.Launches {
			for _, h := range s.state.Groups {
				if l.Reason != PendingPods || h.Priority <= groupNamed(&s.state, l.Group).Priority {
					continue
				}
				for _, name := range l.Pods {
					if more := oneMore(&s.state, p, h, pods[name]); len(more) > 0 {
						t.Fatalf("%s\npriorities and limits: %s\n%s\n%s is bought a %s of %s (priority %d), but %s (priority %d) could buy a %s", told,
							tiersOf(&s.state), tell(p, s.state.Now), name, l.InstanceType, l.Group, groupNamed(&s.state, l.Group).Priority, h.Name, h.Priority, more[0].InstanceType)
					}
				}
			}
		}
	})
}

func tiersOf(s *State) string {
	var text strings.Builder
	for _, g := range s.Groups {
		fmt.Fprintf(&text, "%s %d", g.Name, g.Priority)
		if g.Limits.Cost != nil {
			text.WriteString(" up to " + g.Limits.Cost.perMonth())
		}
		text.WriteString("; ")
	}
	return text.String()
}

func groupNamed(s *State, name string) *Group {
	i := slices.IndexFunc(s.Groups, func(g *Group) bool { return g.Name == name })
	return s.Groups[i]
}

// oneMore is what the group buys for the pod alone with what the plan leaves it.
func oneMore(s *State, p *Plan, group *Group, pod *Pod) []Launch {
	g := *group
	g.Min, g.ScaleUp.CPU, g.ScaleUp.Memory = 0, 100, 100
	var types []string
	for _, n := range s.Nodes {
		if n.Group == g.Name {
			g.Max--
		}
	}
	left := map[string]int{}
	for _, o := range s.Offers {
		left[o.InstanceType] = o.Stock
	}
	for _, l := range p.Launches {
		left[l.InstanceType] = max(left[l.InstanceType]-1, min(left[l.InstanceType], 0))
		if l.Group == g.Name {
			g.Max--
			types = append(types, l.InstanceType)
		}
	}
	if c := g.Limits.Cost; c != nil {
		g.Limits.Cost = new(max(*c-comesTo(s, p, g.Name).cost, 0))
	}
	if g.Max <= 0 {
		return nil
	}
	if !g.AllowMixed {
		if len(types) == 0 {
			return nil // its type may be another
		}
		g.Offers, g.AllowMixed = types, true
	}
	alone := State{Now: s.Now, Options: s.Options, Groups: []*Group{&g}, Pods: []*Pod{pod}}
	for _, o := range s.Offers {
		rest := *o
		rest.Stock = left[o.InstanceType]
		alone.Offers = append(alone.Offers, &rest)
	}
	return Decide(&alone).Launches
}

// A tier that cannot buy opens the next in the same round, whatever keeps it.
func TestWhatOpensTheNextTier(t *testing.T) {
	for name, lower := range map[string]struct {
		high, offer string
		reason      RefusalReason
	}{
		"maximum":        {"max=0", "", MaxNodesReached},
		"paused":         {"paused", "", Paused},
		"disabled":       {"no-up", "", ScaleUpDisabled},
		"stabilizing":    {"scaled=1m up-window=5m", "", Stabilizing},
		"blocked":        {"blocked=unknown_datacenter", "", OfferingUnavailable},
		"unproven":       {"unproven-left=0", "", Unproven},
		"out of stock":   {"", "stock=0", OfferingUnavailable},
		"not sold":       {"", "unavailable", OfferingUnavailable},
		"refused":        {"", "backoff=5m", Backoff},
		"too little":     {"", "cpu=1", ""},
		"wrong taint":    {"taint=t:NoSchedule", "", ""},
		"nothing at all": {"", "", ""},
	} {
		s := stateOf(t, "offer best "+lower.offer+" cpu=4 memory=8192 price=50", "offer cheap cpu=4 memory=8192 price=10",
			"group high "+lower.high+" max=5 priority=10 offers=best", "group low max=5 offers=cheap", "pod p cpu=2")
		p := Decide(s)
		want := "low"
		if name == "nothing at all" {
			want = "high"
		}
		if len(p.Launches) != 1 || p.Launches[0].Group != want {
			t.Errorf("%s: bought %+v, want one of %s", name, p.Launches, want)
			continue
		}
		switch over := p.Launches[0].PassedOver; {
		case lower.reason == "" && len(over) > 0:
			t.Errorf("%s: passed over %+v", name, over)
		case lower.reason != "" && (len(over) != 1 || over[0].Group != "high" || over[0].Reason != lower.reason || over[0].Message == ""):
			t.Errorf("%s: passed over %+v, want %s", name, over, lower.reason)
		}
	}
}

// Also where there are too many pods for more than one way of buying to be tried.
func TestManyPodsBuyTierByTier(t *testing.T) {
	s := stateOf(t, "offer best cpu=4 memory=8192 price=50", "offer cheap cpu=4 memory=8192 price=10",
		"group high max=100 priority=10 offers=best", "group low max=300 offers=cheap", "pod p x600 cpu=1500m")
	p := Decide(s)
	bought := map[string]int{}
	for _, l := range p.Launches {
		bought[l.Group]++
		if l.Group == "low" && (len(l.PassedOver) != 1 || l.PassedOver[0].Reason != MaxNodesReached) {
			t.Fatalf("%s passes over %+v", l.Name, l.PassedOver)
		}
	}
	if bought["high"] != 100 || bought["low"] != 200 || len(p.Unplaced) > 0 {
		t.Errorf("bought %v, %d pods without a node", bought, len(p.Unplaced))
	}
}

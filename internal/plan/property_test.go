package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawn starts a story for a property: each line that say gets becomes part of its state, and stands in told.
func drawn(t *rapid.T) (s *story, say func(format string, args ...any), told *strings.Builder) {
	s, told = newStory(), &strings.Builder{}
	return s, func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		fmt.Fprintln(told, line)
		if err := s.line(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}, told
}

// drawStory draws a small world of groups, nodes and pods, and returns the lines it
// is told in.
func drawStory(t *rapid.T) (*story, string) {
	s, say, told := drawn(t)
	types := []string{"small", "medium", "large"}
	elsewhere := rapid.Bool().Draw(t, "elsewhere")
	for i, name := range types {
		if elsewhere {
			say("offer %s cpu=%d memory=%d price=%d stock=%d dc=dc2", name, 2<<i, 4096<<i, rapid.IntRange(5, 20).Draw(t, "price")<<i, rapid.IntRange(-1, 6).Draw(t, "stock"))
		}
		say("offer %s cpu=%d memory=%d price=%d stock=%d", name, 2<<i, 4096<<i, rapid.IntRange(5, 20).Draw(t, "price")<<i, rapid.IntRange(-1, 6).Draw(t, "stock"))
	}
	groups := rapid.IntRange(1, 3).Draw(t, "groups")
	for g := range groups {
		low := rapid.IntRange(0, 2).Draw(t, "min")
		in := ""
		if elsewhere {
			in = rapid.SampledFrom([]string{"", " in=dc1,dc2", " in=dc1,dc2 balanced", " in=dc2,dc1 closed=dc1:closed", " in=dc1,dc2 place-left=dc2:1"}).Draw(t, "in")
		}
		say("group g%d min=%d max=%d offers=small,medium,large up-cpu=%d%s%s%s%s", g, low, low+rapid.IntRange(0, 6).Draw(t, "extra"),
			rapid.SampledFrom([]int{100, 80}).Draw(t, "up"),
			rapid.SampledFrom([]string{"", " mixed", " mixed preferred=medium"}).Draw(t, "mixing"),
			rapid.SampledFrom([]string{"", "", "", " taint=t:NoSchedule", " labels=tier=x", " no-up", " no-down", " paused", " deleting"}).Draw(t, "extras"),
			rapid.SampledFrom([]string{"", "", " priority=5", " priority=-3"}).Draw(t, "tier"), in)
	}
	nodes := rapid.IntRange(0, 6).Draw(t, "nodes")
	for n := range nodes {
		dc := "dc1"
		if elsewhere {
			dc = rapid.SampledFrom([]string{"dc1", "dc2"}).Draw(t, "dc")
		}
		say("node n%d dc=%s group=g%d type=%s state=%s", n, dc, rapid.IntRange(0, groups-1).Draw(t, "group"), rapid.SampledFrom(types).Draw(t, "type"),
			rapid.SampledFrom([]string{"Ready", "Ready", "Ready", "Ordered", "Ordered unregistered unordered", "NotReady", "Terminating", "Failed"}).Draw(t, "state"))
	}
	for p := range rapid.IntRange(0, 12).Draw(t, "pods") {
		where := ""
		if nodes > 0 && rapid.Bool().Draw(t, "bound") {
			where = fmt.Sprintf(" node=n%d", rapid.IntRange(0, nodes-1).Draw(t, "node"))
		}
		say("pod p%d x%d cpu=%dm memory=%dMi priority=%d%s%s", p, rapid.IntRange(1, 4).Draw(t, "count"), rapid.IntRange(1, 20).Draw(t, "cpu")*100,
			rapid.IntRange(1, 30).Draw(t, "memory")*100, rapid.SampledFrom([]int{0, 0, 10, -20}).Draw(t, "priority"), where,
			rapid.SampledFrom([]string{"", "", "", " tolerate=t:NoSchedule", " selector=tier=x", " owner=none", " terminating", " gate=g", " never"}).Draw(t, "rule"))
	}
	return s, told.String()
}

func encode(t *rapid.T, p *Plan) string {
	out, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSameStateSamePlanWhateverItsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawStory(t)
		want := encode(t, Decide(&s.state))
		s.state.Pods = rapid.Permutation(s.state.Pods).Draw(t, "pods order")
		s.state.Nodes = rapid.Permutation(s.state.Nodes).Draw(t, "nodes order")
		s.state.Groups = rapid.Permutation(s.state.Groups).Draw(t, "groups order")
		s.state.Offers = rapid.Permutation(s.state.Offers).Draw(t, "offers order")
		if got := encode(t, Decide(&s.state)); got != want {
			t.Fatalf("another order gives another plan:\n%s\n%s", want, got)
		}
	})
}

func TestNoPlanLeavesMinOrMax(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawStory(t)
		p := Decide(&s.state)
		for _, g := range s.state.Groups {
			before, kept := 0, 0
			for _, n := range s.state.Nodes {
				if n.Group == g.Name {
					before++
					if n.State != Failed && n.State != Terminating {
						kept++
					}
				}
			}
			bought := count(p.Launches, func(l Launch) bool { return l.Group == g.Name })
			gone := count(p.Removals, func(r Removal) bool { return r.Group == g.Name })
			if bought > 0 && before+bought > g.Max {
				t.Fatalf("group %s has %d nodes, may have %d, and gets %d more", g.Name, before, g.Max, bought)
			}
			if gone > 0 && kept-gone < g.Min {
				t.Fatalf("group %s needs %d nodes and keeps %d", g.Name, g.Min, kept-gone)
			}
			if (g.Paused || g.Deleting) && bought+gone > 0 {
				t.Fatalf("group %s is not to be touched", g.Name)
			}
		}
		for _, o := range s.state.Offers {
			if n := count(p.Launches, func(l Launch) bool { return l.InstanceType == o.InstanceType && l.DatacenterID == o.DatacenterID }); o.Stock >= 0 && n > o.Stock {
				t.Fatalf("%d of %s are bought and %d in stock", n, o.InstanceType, o.Stock)
			}
		}
	})
}

func count[T any](list []T, is func(T) bool) int {
	n := 0
	for _, x := range list {
		if is(x) {
			n++
		}
	}
	return n
}

func TestEveryPendingPodAppearsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawStory(t)
		p := Decide(&s.state)
		var got, want []string
		for _, l := range p.Launches {
			got = append(got, l.Pods...)
		}
		for _, pl := range p.Placements {
			got = append(got, pl.Pod)
		}
		for _, u := range p.Unplaced {
			got = append(got, u.Pod)
			if len(u.Refusals) == 0 {
				t.Fatalf("%s is refused without a reason", u.Pod)
			}
		}
		for _, pod := range s.state.Pods {
			if pod.stage == stagePending || pod.stage == stageGated {
				want = append(want, pod.name())
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("pending pods %v, in the plan %v", want, got)
		}
	})
}

func TestEveryNodeGoesOrSaysWhyItStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawStory(t)
		p := Decide(&s.state)
		for _, n := range s.state.Nodes {
			leaving := n.State == Terminating || n.State == Failed ||
				slices.ContainsFunc(s.state.Groups, func(g *Group) bool { return g.Name == n.Group && g.Deleting })
			mentions := count(p.Kept, func(k Kept) bool { return k.Node == n.Name && k.Message != "" }) +
				count(p.Removals, func(r Removal) bool { return r.Node == n.Name })
			if want := map[bool]int{true: 0, false: 1}[leaving]; mentions != want {
				t.Fatalf("node %s is mentioned %d times, want %d", n.Name, mentions, want)
			}
		}
	})
}

package plan

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A pod only stays without a place when every type of every group has a reason not to
// be bought for it: none would take the pod on a fresh node while its group may buy.
func TestNoPodWaitsThatAFreshNodeWouldTake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawCompany(t)
		types := 0
		for _, g := range s.state.Groups {
			types += len(g.Offers)
		}
		p := Decide(&s.state)
		if len(p.Removals) > 0 {
			return // what a removal opens is bought for once the node is gone
		}
		for _, u := range p.Unplaced {
			if u.Refusals[0].Group != "" && len(u.Refusals) < types {
				t.Fatalf("%s stays without a place, and only %d of %d types have a reason: %+v\n%s", u.Pod, len(u.Refusals), types, u.Refusals, told)
			}
		}
	})
}

// drawCompany draws pods that mind each other, and groups that buy as many nodes as are
// wanted, or few.
func drawCompany(t *rapid.T) (*story, string) {
	s, say, told := drawn(t)
	offers := []string{}
	for i := range rapid.IntRange(1, 4).Draw(t, "offers") {
		name := fmt.Sprintf("o%d", i)
		offers = append(offers, name)
		say("offer %s cpu=%d memory=%d price=%d zone=%s", name, 1<<i, 2048<<i, rapid.IntRange(5, 12).Draw(t, "price")<<i, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "zone"))
	}
	for g := range rapid.IntRange(1, 2).Draw(t, "groups") {
		say("group g%d max=%d offers=%s%s", g, rapid.SampledFrom([]int{2, 50, 50}).Draw(t, "max"), strings.Join(offers, ","), rapid.SampledFrom([]string{"", " mixed", " mixed preferred=o0", " mixed in=dc1,dc2 balanced"}).Draw(t, "mixing"))
	}
	for n := range rapid.IntRange(0, 2).Draw(t, "nodes") {
		say("node n%d group=g0 type=o0 zone=a", n)
	}
	app := rapid.SampledFrom([]string{"x", "y", "z"})
	for p := range rapid.IntRange(1, 7).Draw(t, "pods") {
		rule := rapid.SampledFrom([]string{
			"", "", " near=host/app=%s", " near=zone/app=%s", " anti=host/app=%s", " anti=zone/app=%s",
			" spread=host/1/app=%s", " spread=zone/1/app=%s", " spread=host/1/app=%s/min3", " spread=zone/2/app=%s/min2",
		}).Draw(t, "rule")
		if rule != "" {
			rule = fmt.Sprintf(rule, app.Draw(t, "whom"))
		}
		say("pod p%d x%d cpu=%dm memory=%dMi labels=app=%s%s", p, rapid.IntRange(1, 6).Draw(t, "count"), rapid.IntRange(1, 12).Draw(t, "cpu")*100,
			rapid.IntRange(1, 12).Draw(t, "memory")*100, app.Draw(t, "app"), rule)
	}
	return s, told.String()
}

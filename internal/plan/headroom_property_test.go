package plan

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// Pods and head-room are one decision: a further group, with types that it may have and
// thresholds of its own, does not make what is bought much dearer. The search is not
// exhaustive; when head-room was bought after the pods it was up to 2.7 times as dear.
func TestAFurtherGroupMakesNoHeadroomDearer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, say, told := drawn(t)
		for i, name := range []string{"small", "medium", "large"} {
			say("offer %s cpu=%d memory=%d price=%d", name, 2<<i, 4096<<i, rapid.IntRange(8, 14).Draw(t, "price")<<i)
		}
		group := func(name string) string {
			return fmt.Sprintf("group %s max=30 offers=%s mixed up-cpu=%d up-memory=%d", name,
				rapid.SampledFrom([]string{"small", "medium", "large", "small,medium", "medium,large", "small,medium,large"}).Draw(t, "offers"),
				rapid.SampledFrom([]int{60, 80, 100}).Draw(t, "up-cpu"), rapid.SampledFrom([]int{80, 100}).Draw(t, "up-memory"))
		}
		further := group("b")
		say("%s", group("a"))
		for n := range rapid.IntRange(0, 2).Draw(t, "nodes") {
			say("node n%d group=a type=medium", n)
			say("pod old%d cpu=%dm memory=%dMi node=n%d", n, rapid.IntRange(1, 38).Draw(t, "cpu")*100, rapid.IntRange(1, 70).Draw(t, "memory")*100, n)
		}
		for p := range rapid.IntRange(1, 4).Draw(t, "pods") {
			say("pod p%d x%d cpu=%dm memory=%dMi", p, rapid.IntRange(1, 4).Draw(t, "count"), rapid.IntRange(1, 20).Draw(t, "cpu")*100, rapid.IntRange(1, 30).Draw(t, "memory")*100)
		}
		alone := Decide(&s.state)
		say("%s", further)
		both := Decide(&s.state)
		if len(alone.Unplaced) > 0 {
			return
		}
		if bought := bill(both); bought > bill(alone)*3/2 {
			t.Fatalf("with another group %s, without %s\n%s\nwith:\n%s\nwithout:\n%s", bought, bill(alone), told, tell(both, s.state.Now), tell(alone, s.state.Now))
		}
	})
}

// bill is what the machines cost that the plan buys.
func bill(p *Plan) Hourly {
	var sum Hourly
	for _, l := range p.Launches {
		sum += l.Price
	}
	return sum
}

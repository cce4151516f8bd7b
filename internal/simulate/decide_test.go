package simulate

import (
	"context"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// scripted buys two machines in its first round, closes, replaces or could do without some of them by their number from then
// on, and notes how many pods each has.
type scripted struct {
	closed, replacing, unneeded []int
	names                       []string
	pods                        map[string]int
}

// Decide follows the script.
func (d *scripted) Decide(_ context.Context, s *plan.State) (Decided, error) {
	p := &plan.Plan{}
	if d.pods == nil {
		for range 2 {
			p.Launches = append(p.Launches, plan.Launch{Group: "web", InstanceType: "small", DatacenterID: "dc", Reason: plan.PendingPods})
		}
	}
	d.names, d.pods = nil, map[string]int{}
	for _, n := range s.Nodes {
		d.names = append(d.names, n.Name)
	}
	for pod := range s.AllPods() {
		d.pods[pod.Node()]++
	}
	named := func(numbers []int) (names []string) {
		for _, i := range numbers {
			if i < len(d.names) {
				names = append(names, d.names[i])
			}
		}
		return names
	}
	p.Replacing, p.Unneeded = named(d.replacing), named(d.unneeded)
	return Decided{Plan: p, Closed: named(d.closed)}, nil
}

// The scheduler heeds what a decider says of nodes: without a word two equal pods spread.
func TestADeciderDecides(t *testing.T) {
	w := &Workload{Name: "two pods", Length: time.Hour, Demands: []Demand{
		{Namespace: "default", Name: "a", Deleted: forEver, MilliCPU: 500, Memory: 1 << 28},
		{Namespace: "default", Name: "b", Created: 30 * time.Minute, Deleted: forEver, MilliCPU: 500, Memory: 1 << 28},
	}}
	for _, c := range []struct {
		name                   string
		decider                scripted
		first, second, waiting int
	}{
		{name: "nothing said", first: 1, second: 1},
		{name: "one closed", decider: scripted{closed: []int{1}}, first: 2},
		{name: "one to be replaced", decider: scripted{replacing: []int{1}}, first: 2},
		{name: "one that could go", decider: scripted{unneeded: []int{1}}, first: 2},
		{name: "both to be replaced", decider: scripted{replacing: []int{0, 1}}, first: 1, second: 1},
		{name: "both closed", decider: scripted{closed: []int{0, 1}}, waiting: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting(nil)
			s.NewDecider = func() Decider { return &c.decider }
			if _, err := Run(t.Context(), w, s, options(calm())); err != nil {
				t.Fatal(err)
			}
			d := &c.decider
			if len(d.names) != 2 {
				t.Fatalf("there are machines %v; want the two that were bought", d.names)
			}
			if d.pods[d.names[0]] != c.first || d.pods[d.names[1]] != c.second || d.pods[""] != c.waiting {
				t.Errorf("pods by node are %v; want %d, %d and %d that wait", d.pods, c.first, c.second, c.waiting)
			}
		})
	}
}

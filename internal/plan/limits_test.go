package plan

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// stateOf makes a story's state from lines.
func stateOf(t *testing.T, lines ...string) *State {
	t.Helper()
	s := newStory()
	for _, line := range lines {
		if err := s.line(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	sizeAsSold(&s.state)
	return &s.state
}

// sizeAsSold gives the offers of a story, which says what pods get of a node, that size.
func sizeAsSold(s *State) {
	for _, o := range s.Offers {
		o.Capacity = o.Allocatable
	}
}

// comesTo sums up the group's machines and what the plan buys for it.
func comesTo(s *State, p *Plan, group string) spending {
	offers := map[OfferKey]*Offer{}
	for _, o := range s.Offers {
		offers[o.Key()] = o
	}
	var sum spending
	for _, n := range s.Nodes {
		if n.Group == group {
			sum = sum.plus(spendingOf(offers[n.Offer()]), 1)
		}
	}
	for _, l := range p.Launches {
		if l.Group == group {
			sum = sum.plus(spendingOf(offers[OfferKey{l.DatacenterID, l.InstanceType, l.Spot}]), 1)
		}
	}
	return sum
}

// No plan takes a group over a limit, whatever else it wants: pods, minNodes or head-room.
// -rapid.checks=10000 looks at more plans.
func TestNoPlanExceedsALimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawStory(t)
		sizeAsSold(&s.state)
		for _, g := range s.state.Groups {
			if rapid.IntRange(0, 4).Draw(t, "limited") > 0 {
				g.Limits.Cost = new(Money(100 * moneyUnit))
			}
			if rapid.Bool().Draw(t, "cpu") {
				g.Limits.MilliCPU = new(int64(rapid.IntRange(0, 40).Draw(t, "cores") * 1000))
			}
			if rapid.Bool().Draw(t, "memory") {
				g.Limits.Memory = new(int64(rapid.IntRange(0, 80).Draw(t, "GiB")) << 30)
			}
		}
		p := Decide(&s.state)
		for _, g := range s.state.Groups {
			if count(p.Launches, func(l Launch) bool { return l.Group == g.Name }) == 0 {
				continue // it may be above a limit already
			}
			sum := comesTo(&s.state, p, g.Name)
			if c := g.Limits.Cost; c != nil && sum.cost > *c {
				t.Fatalf("%s\n%s comes to %s a month of %s", told, g.Name, sum.cost.perMonth(), c.perMonth())
			}
			if c := g.Limits.MilliCPU; c != nil && sum.milliCPU > *c {
				t.Fatalf("%s\n%s has %d mCPU of %d", told, g.Name, sum.milliCPU, *c)
			}
			if c := g.Limits.Memory; c != nil && sum.memory > *c {
				t.Fatalf("%s\n%s has %d bytes of %d", told, g.Name, sum.memory, *c)
			}
		}
	})
}

// Under a cap the plan holds as many pods as it can, and the others hear which limit it is.
func TestTheBestSetUnderACap(t *testing.T) {
	offers := []string{"offer small cpu=2 memory=4096 price=10", "offer large cpu=8 memory=16384 price=32"}
	pods := "pod p x12 cpu=900m memory=1000Mi"
	for name, test := range map[string]struct {
		limits Limits
		reason RefusalReason
		texts  []string
		placed int
	}{
		"cost": {Limits{Cost: new(Money(45 * moneyUnit))}, CostLimitReached,
			[]string{"limits.costPerMonth of the NodeGroup is 45.00", "come to 42.00", "one more small adds 10.00"}, 10},
		"cpu": {Limits{MilliCPU: new(int64(9000))}, LimitReached,
			[]string{"limits.cpu of the NodeGroup is 9", "come to 7900m", "one more small adds 1900m"}, 8},
		"memory": {Limits{Memory: new(int64(17) << 30)}, LimitReached,
			[]string{"limits.memory of the NodeGroup is 17Gi", "come to 16053488844"}, 8},
		"nothing": {Limits{Cost: new(Money(0))}, CostLimitReached, []string{"is 0.00", "come to 0.00"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := stateOf(t, append(offers, "group g max=20 offers=small,large up-cpu=100 mixed", pods)...)
			s.Groups[0].Limits = test.limits
			p := Decide(s)
			if got := 12 - len(p.Unplaced); got != test.placed {
				t.Errorf("%d pods are placed, want %d: %+v", got, test.placed, p.Launches)
			}
			if len(p.Unplaced) == 0 {
				return
			}
			texts := fmt.Sprint(p.Unplaced[0].Refusals)
			for _, text := range test.texts {
				if !strings.Contains(texts, text) {
					t.Errorf("the refusals do not say %q: %s", text, texts)
				}
			}
			for _, r := range p.Unplaced[0].Refusals {
				if r.Reason != test.reason {
					t.Errorf("refused for %s, want %s", r.Reason, test.reason)
				}
			}
		})
	}
}

// Machines on their way and leaving ones count.
func TestEveryMachineCountsTowardsALimit(t *testing.T) {
	for _, state := range []string{"Ready", "Ordered", "NotReady", "Terminating", "Failed"} {
		s := stateOf(t, "offer small cpu=2 memory=4096 price=10", "group g max=20 offers=small up-cpu=100",
			"node n1 group=g type=small state="+state, "pod big x3 cpu=1900m memory=1000Mi")
		s.Groups[0].Limits.Cost = new(Money(20 * moneyUnit))
		if n := len(Decide(s).Launches); n != 1 {
			t.Errorf("beside a machine that is %s %d are bought, want 1", state, n)
		}
	}
}

// With nodeSelectorPolicy Require only pods that ask for every pair buy.
func TestWhoAsksForAGroup(t *testing.T) {
	affinity := func(terms ...[]string) func(*corev1.PodSpec) {
		return func(spec *corev1.PodSpec) {
			var list []corev1.NodeSelectorTerm
			for _, values := range terms {
				list = append(list, corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
					{Key: "team", Operator: corev1.NodeSelectorOpIn, Values: values},
				}})
			}
			spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: list},
			}}
		}
	}
	for name, test := range map[string]struct {
		ask  func(*corev1.PodSpec)
		want bool
	}{
		"nothing":                {func(*corev1.PodSpec) {}, false},
		"the pair":               {func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"team": "ml"} }, true},
		"another key":            {func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"x": "ml"} }, false},
		"affinity":               {affinity([]string{"ml"}), true},
		"affinity for it or web": {affinity([]string{"ml", "web"}), false},
		"affinity, two terms":    {affinity([]string{"ml"}, []string{"web"}), false},
	} {
		s := stateOf(t, "offer small cpu=2 memory=4096 price=10", "group g max=20 offers=small up-cpu=100 labels=team=ml,x=ml", "pod p cpu=500m")
		s.Groups[0].OnlyFor = map[string]string{"team": "ml"}
		pod := s.Pods[0].Object().DeepCopy()
		test.ask(&pod.Spec)
		s.Pods = []*Pod{NewPod(pod)}
		p := Decide(s)
		if got := len(p.Launches) == 1; got != test.want {
			t.Errorf("%s: buys %v, want %v", name, got, test.want)
		}
		if !test.want && (len(p.Unplaced) != 1 || p.Unplaced[0].Refusals[0].Reason != NotAskedFor || !strings.Contains(p.Unplaced[0].Refusals[0].Message, "team=ml")) {
			t.Errorf("%s: unplaced %+v", name, p.Unplaced)
		}
	}
	// Free room is for everybody.
	s := stateOf(t, "offer small cpu=2 memory=4096 price=10", "group g max=20 offers=small up-cpu=100 labels=team=ml", "node n group=g type=small", "pod p cpu=500m")
	s.Groups[0].OnlyFor = map[string]string{"team": "ml"}
	if p := Decide(s); len(p.Placements) != 1 {
		t.Errorf("a pod that does not ask for the group finds no place on its free room: %+v", p.Unplaced)
	}
}

// A group's own startup taints are no reason against its new nodes, nor against another node
// for the same pods; on another group's nodes they are taints as any other.
func TestStartupTaintsOfAGroup(t *testing.T) {
	taint := corev1.Taint{Key: "gpu.example.com/driver", Effect: corev1.TaintEffectNoSchedule}
	s := stateOf(t, "offer small cpu=2 memory=4096 price=10", "group g max=20 offers=small up-cpu=100", "pod p cpu=500m")
	s.Groups[0].Taints = []corev1.Taint{taint}
	if p := Decide(s); len(p.Launches) != 0 {
		t.Fatalf("a taint that stays lets %+v be bought", p.Launches)
	}
	s.Groups[0].StartupTaints = []corev1.Taint{taint}
	if p := Decide(s); len(p.Launches) != 1 {
		t.Fatalf("%+v", p.Unplaced)
	}
	if (&s.Options).Of(&Group{}).IsStartupTaint(&taint) {
		t.Error("one group's startup taint counts for another")
	}
}

// A machine whose type is not offered any more costs what it cost when that was last known,
// in the plan's cost, towards limits and when it goes; its size is what its node shows, else
// what the cloud said of it.
func TestAMachineOfATypeNoLongerOffered(t *testing.T) {
	limits := map[string]Limits{
		"cost":   {Cost: new(Money(30 * moneyUnit))},
		"cpu":    {MilliCPU: new(int64(6000))},
		"memory": {Memory: new(int64(12) << 30)},
	}
	for name, l := range limits {
		for _, state := range []string{"Ready", "Ordered", "NotReady", "Terminating", "Failed"} {
			s := stateOf(t, "offer small cpu=2 memory=4096 price=10", "offer old cpu=4 memory=8192 price=20",
				"group g max=20 offers=small up-cpu=100 mixed", "node n1 group=g type=old state="+state, "pod big x3 cpu=1800m memory=1000Mi")
			s.Nodes[0].LastPrice, s.Nodes[0].Capacity = s.Offers[1].Price, s.Offers[1].Capacity
			if s.Nodes[0].Object != nil {
				s.Nodes[0].Object.Status.Capacity, s.Nodes[0].Capacity = s.Offers[1].Capacity, nil
			}
			s.Groups[0].Limits = l
			want := len(Decide(s).Launches)
			s.Offers = s.Offers[:1]
			p := Decide(s)
			if got := len(p.Launches); got != 1 && state != "Ready" || got != want {
				t.Errorf("%s, %s: %d machines are bought beside one that costs 20, want %d as while it was offered: %+v", name, state, got, want, p.Launches)
			}
			if p.Cost.Before != Hourly(20*moneyUnit) {
				t.Errorf("%s: the machine costs %s", state, p.Cost.Before)
			}
		}
	}
	s := stateOf(t, "offer small cpu=2 memory=4096 price=10", "group g max=20 offers=small", "node n1 group=g type=old")
	s.Nodes[0].LastPrice = 20 * moneyUnit
	s.Options.IgnoreTimers = true
	if p := Decide(s); len(p.Removals) != 1 || p.Removals[0].Saves != Hourly(20*moneyUnit) || p.Cost.After != 0 {
		t.Errorf("%+v, %+v", p.Removals, p.Cost)
	}
}

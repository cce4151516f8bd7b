package main

import (
	"io"
	"strings"
	"testing"
)

// Both sides serve the same small inputs whole, and ours is not the dearer one.
func TestBothSidesServeTheSameInput(t *testing.T) {
	ctx := karpenterContext(t.Context())
	for _, s := range []scenario{
		{name: "diverse", build: onKarpenterMachines(of(diverse, 60), 0)},
		{name: "diverse beside full nodes", build: onKarpenterMachines(of(diverse, 60), 6)},
		{name: "deployments", build: onVPSMachines(of(deployed, 60), 0)},
		{name: "deployments beside full nodes", build: onVPSMachines(of(deployed, 60), 3)},
		{name: "mixed", build: onVPSMachines(mixed, 0)},
		{name: "onto nodes that are there", build: ontoEmptyNodes(of(equal, 60), 2)},
	} {
		t.Run(s.name, func(t *testing.T) {
			r, err := measure(ctx, s, 1)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := r.ours, r.karpenter
			if ours.unplaced != 0 || theirs.unplaced != 0 {
				t.Errorf("ours leaves %d pods unplaced, Karpenter %d; want none", ours.unplaced, theirs.unplaced)
			}
			if r.dearer() {
				t.Errorf("ours costs %v a month, Karpenter's %v; want no more", ours.price, theirs.price)
			}
			if least := min(ours.price, theirs.price); least < ours.bound {
				t.Errorf("a plan costs %v a month, less than the proved bound %v", least, ours.bound)
			}
		})
	}
}

// Room that is there is used before any is bought, by both.
func TestNodesThatAreThereCount(t *testing.T) {
	r, err := measure(karpenterContext(t.Context()), scenario{build: ontoEmptyNodes(of(equal, 102), 2)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.ours.bought != 0 || r.karpenter.bought != 0 {
		t.Errorf("ours buys %d nodes and Karpenter %d for 102 pods on two nodes that hold 51 each; want none", r.ours.bought, r.karpenter.bought)
	}
	r, err = measure(karpenterContext(t.Context()), scenario{build: ontoEmptyNodes(of(equal, 103), 2)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.ours.bought != 1 || r.karpenter.bought != 1 {
		t.Errorf("ours buys %d nodes and Karpenter %d for one pod too many; want one each", r.ours.bought, r.karpenter.bought)
	}
}

func TestBothSidesRemove(t *testing.T) {
	r, err := measure(karpenterContext(t.Context()), scenario{build: sparseNodes(12), removal: true}, 1)
	if err != nil {
		t.Fatal(err)
	}
	// Twelve nodes a third full hold what at least four need.
	for side, gone := range map[string]int{"ours": r.ours.gone, "Karpenter": r.karpenter.gone} {
		if gone < 4 || gone > 8 {
			t.Errorf("%s removes %d of twelve nodes a third full; want 4 to 8", side, gone)
		}
	}
}

func TestChosenScenarios(t *testing.T) {
	names := func(list []scenario) string {
		var s []string
		for _, one := range list {
			s = append(s, one.name)
		}
		return strings.Join(s, " ")
	}
	if got, want := names(chosen(scenarios(), "diverse-1000")), "diverse-1000 diverse-1000-nodes-1000"; got != want {
		t.Errorf("chosen %q, want %q", got, want)
	}
	if got, want := len(chosen(scenarios(), "")), len(scenarios()); got != want {
		t.Errorf("chosen %d, want all %d", got, want)
	}
	if err := bench([]string{"-scenario", "divers"}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "diverse-10000") {
		t.Errorf("error %v, want one that lists the scenarios", err)
	}
}

func TestTable(t *testing.T) {
	r := row{scenario: scenario{name: "some"}, pods: 60, runs: 3,
		ours:      run{outcome{bought: 2, price: 36 * moneyUnit, bound: 30 * moneyUnit}, spent{2e6, 3e6}},
		karpenter: run{outcome{bought: 1, price: 72 * moneyUnit, unplaced: 1}, spent{300e6, 600e6}}}
	var b strings.Builder
	if err := write(&b, []row{r}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2.0 ms |  300.0 ms |   150 |    200 |", "2 / 1", "0.0500 / 0.1000", "1.2000 / 2.4000", "0 / 1"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
}

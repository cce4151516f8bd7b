package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/simulate"
)

// simulated is what a simulation of a setting came to, as -o json prints it.
type simulated struct {
	Setting     string           `json:"setting"`
	Pods        simulate.Pods    `json:"pods"`
	Pending     simulate.Pending `json:"pending"`
	Disruptions int              `json:"disruptions"`
	Decisions   []struct {
		What   string `json:"what"`
		Reason string `json:"reason"`
	} `json:"decisions"`
}

// simulateWeeks returns the results by what follows the name of the setting's file.
func simulateWeeks(t *testing.T, args ...string) map[string]simulated {
	t.Helper()
	args = append(args, "-f", "weeks/nodegroup.yaml", "--offerings", "weeks/offerings.yaml", "-o", "json")
	var out, notes bytes.Buffer
	if err := weeks(t.Context(), args, strings.NewReader(""), &out, &notes); err != nil {
		t.Fatalf("%v\n%s", err, notes.String())
	}
	var all struct {
		Settings []simulated `json:"settings"`
	}
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatalf("reading the result: %v\n%s", err, out.String())
	}
	by := map[string]simulated{}
	for _, s := range all.Settings {
		_, name, _ := strings.Cut(s.Setting, ", ")
		by[name] = s
	}
	return by
}

// Karpenter's side must serve the load and save by each of its ways, or the comparison would be with a straw man.
func TestKarpenterServesADay(t *testing.T) {
	by := simulateWeeks(t, "--synthetic-days", "1", "--synthetic-peak", "30", "--consolidate-after", "0s,10m")
	ours := by[""]
	for _, name := range []string{"Karpenter, consolidateAfter=0s", "Karpenter, consolidateAfter=10m0s"} {
		r, ok := by[name]
		if !ok {
			t.Fatalf("no result is called %q", name)
		}
		if r.Pods.NeverRan > ours.Pods.NeverRan || r.Pods.StillPending > ours.Pods.StillPending || r.Pending.P99 > 2*ours.Pending.P99 {
			t.Errorf("%s: %d pods never ran, %d wait, P99 %.0f s; the planner has %d, %d and %.0f s",
				name, r.Pods.NeverRan, r.Pods.StillPending, r.Pending.P99, ours.Pods.NeverRan, ours.Pods.StillPending, ours.Pending.P99)
		}
		reasons := map[string]int{}
		replacements := 0
		for _, d := range r.Decisions {
			switch {
			case d.What == simulate.Removed:
				reasons[d.Reason]++
			case d.What == simulate.Bought && d.Reason == "Replacement":
				replacements++
			}
		}
		for _, want := range []string{"Empty", "Underutilized", "Replaced"} {
			if reasons[want] == 0 {
				t.Errorf("%s removes no node as %s: %v", name, want, reasons)
			}
		}
		if replacements == 0 {
			t.Errorf("%s never replaces nodes by one", name)
		}
	}
}

func TestWeeksSayWhatTheyNeed(t *testing.T) {
	var out bytes.Buffer
	err := weeks(t.Context(), []string{"--synthetic-days", "1"}, strings.NewReader(""), &out, &out)
	if err == nil || !strings.Contains(err.Error(), "--offerings") {
		t.Errorf("without files: %v; want an error that names --offerings", err)
	}
}

// A type that is refused between a command and its launch is one launch that comes to nothing, not the end of the comparison.
func TestKarpenterGoesOnWhenNothingIsLeftOnSale(t *testing.T) {
	by := simulateWeeks(t, "--synthetic-days", "1", "--synthetic-peak", "20", "--refusals", "0.5", "--refusal-pause", "1h", "--seed", "3")
	if r := by["Karpenter, consolidateAfter=0s"]; r.Disruptions == 0 || r.Pods.StillPending > 0 {
		t.Errorf("with refused orders it moved %d pods, and %d wait in the end", r.Disruptions, r.Pods.StillPending)
	}
}

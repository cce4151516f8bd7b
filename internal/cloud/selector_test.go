package cloud

import (
	"slices"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A selector chooses by what is sold, under names that tell plans apart; where it chooses
// nothing it says which fields leave out most.
func TestMarketOfASelector(t *testing.T) {
	money := func(m plan.Money) *plan.Money { return &m }
	for name, tc := range map[string]struct {
		selector Selector
		want     []string
		text     string
	}{
		"cores":               {Selector{MinCPU: new(int32(4)), MaxCPU: new(int32(4))}, []string{"medium-4cpu-8gb", "memory-4cpu-32gb"}, ""},
		"memory":              {Selector{MinMemoryMB: new(int32(8192)), MaxMemoryMB: new(int32(8192))}, []string{"compute-8cpu-8gb", "medium-4cpu-8gb"}, ""},
		"a category":          {Selector{Categories: []string{"memory optimized"}}, []string{"memory-2cpu-16gb", "memory-4cpu-32gb"}, ""},
		"but two categories":  {Selector{NotCategories: []string{"Standard", "Memory Optimized"}}, []string{"compute-8cpu-8gb", "shared-2cpu-4gb"}, ""},
		"price":               {Selector{MaxPrice: money(9_000_000)}, []string{"micro-1cpu-2gb", "shared-2cpu-4gb"}, ""},
		"price, less by name": {Selector{MaxPrice: money(9_000_000), Exclude: []string{"Micro-1cpu-2gb"}}, []string{"shared-2cpu-4gb"}, ""},
		"less by identifier": {Selector{MaxPrice: money(9_000_000), Exclude: []string{vpsietest.PlanIdentifier("micro-1cpu-2gb", "dc-us-east-1")}},
			[]string{"shared-2cpu-4gb"}, ""},
		"nothing": {Selector{MaxPrice: money(6_999_999), MinCPU: new(int32(2))}, nil,
			"chooses none of the 9 that are sold in datacenter dc-us-east-1 for image ubuntu-22.04-lts: maxPricePerMonth leaves out 9, cpu.min leaves out 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := setup(t, vpsietest.Knobs{})
			wanted := sample()
			wanted.Offerings, wanted.Selector = []string{"stale"}, &tc.selector
			offers, problems, err := w.cloud.Market(t.Context(), wanted)
			var names []string
			for _, o := range offers {
				names = append(names, o.InstanceType)
			}
			slices.Sort(names)
			if !slices.Equal(names, tc.want) || len(problems) > 0 {
				t.Errorf("chosen are %v, want %v; problems %v", names, tc.want, problems)
			}
			if tc.text == "" && err != nil || tc.text != "" && (err == nil || !strings.Contains(err.Error(), tc.text)) {
				t.Errorf("%v, want %q", err, tc.text)
			}
			if reason, _ := IsConfig(err); tc.text != "" && reason != "InstanceTypeNotAvailable" {
				t.Errorf("reason %q", reason)
			}
			if sold, ambiguous, err := w.cloud.Sold(t.Context(), wanted); tc.text == "" && (err != nil || len(sold) != len(tc.want) || len(ambiguous) > 0) {
				t.Errorf("sold are %v, %v, %v", sold, ambiguous, err)
			}
		})
	}
	r := resolved{plans: []vpsie.Plan{{Identifier: "1", Nickname: "twice", CPU: 1}, {Identifier: "2", Nickname: "Twice", CPU: 2}, {Identifier: "3", CPU: 2}, {Identifier: "4", Nickname: "once", CPU: 2}}}
	if names, err := r.wanted(Wanted{Selector: &Selector{MinCPU: new(int32(2))}}); err != nil || !slices.Equal(names, []string{"2", "3", "once"}) {
		t.Errorf("%v, %v", names, err)
	}
}

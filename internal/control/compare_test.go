package control

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Two nodes without a pod are dear, whatever the last decision, which bought nothing,
// cost at least: the comparison from scratch says so and why, in the journal and in the
// metrics.
func TestTheCostIsComparedFromScratch(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("compared", 2, 2, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleDownPolicy.Enabled = new(true) })
	w.ready(g, 2)
	server := httptest.NewServer(w.deps.Journal.Handler(w.clock, plan.Options{}))
	defer server.Close()
	var told *observe.Journaled
	w.until(comparedPause, "the comparison", func() error {
		var err error
		if told, err = observe.AskJournal(t.Context(), server.URL, observe.Filter{Limit: 1}); err != nil {
			return err
		}
		f := told.FromScratch
		if f == nil || f.LowerBound != "0.0000" || f.Cost != "0.0333" || len(f.Difference) != 1 ||
			f.Difference[0] != (observe.Difference{Reason: plan.ForMinNodes, Cost: "0.0333"}) {
			text, _ := json.Marshal(f)
			return fmt.Errorf("the journal says %s", text)
		}
		return nil
	})
	// What the last decision could have cost at least takes the two nodes for granted.
	if bound := told.Rounds[0].Cost.LowerBound; bound != "0.0333" {
		t.Errorf("the decision's own bound is %s", bound)
	}
	if n, err := testutil.GatherAndCount(w.registry, "vpsie_autoscaler_cost_above_bound_per_hour"); err != nil || n != len(plan.DifferenceReasons()) {
		t.Errorf("%d series of the difference, %v", n, err)
	}
	families, err := w.registry.Gather()
	w.must(err)
	var paid float64
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "vpsie_autoscaler_cost_above_bound_per_hour" && m.GetLabel()[0].GetValue() == string(plan.ForMinNodes) {
				paid = m.GetGauge().GetValue()
			}
		}
	}
	if paid < 0.033 || paid > 0.034 {
		t.Errorf("the metric says that minNodes costs %g above the bound", paid)
	}
}

// Comparisons take a hundredth of one core at most, one at a time.
func TestComparisonsAreBounded(t *testing.T) {
	var c comparing
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if !c.begin(now) || c.begin(now.Add(time.Hour)) {
		t.Error("two at a time")
	}
	c.end(now, time.Second)
	if c.begin(now.Add(99*time.Second)) || !c.begin(now.Add(100*time.Second)) {
		t.Error("the pause is not a hundred times what the comparison took")
	}
}

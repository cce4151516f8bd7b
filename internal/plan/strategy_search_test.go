package plan_test

import (
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// TestStrategyIsReported: where the plain way of buying is beaten, the plan names the one that
// was better.
func TestStrategyIsReported(t *testing.T) {
	names := map[string]int{}
	for seed := range uint64(12) {
		p := plan.Decide(plantest.Company(20, seed+1, true))
		names[p.Strategy]++
	}
	if names[""] == 0 || len(names) < 2 {
		t.Errorf("strategies are %v, want the plain one and another", names)
	}
}

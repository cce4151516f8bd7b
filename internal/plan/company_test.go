package plan_test

import (
	"fmt"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// TestNoDearerZoneIsOpened: as long as nobody has a node in the dearer zone, it counts for no
// spread, and everything is cheaper in the other one.
func TestNoDearerZoneIsOpened(t *testing.T) {
	states := map[string]*plan.State{"2,000 Deployments of three": plantest.Classes("threes", 6000)}
	for seed := uint64(1); seed <= 6; seed++ {
		states[fmt.Sprint("seed ", seed)] = plantest.Company(600, seed, true)
	}
	for name, s := range states {
		for _, l := range plan.Decide(s).Launches {
			if l.DatacenterID == "dc2" {
				t.Errorf("%s: %s is bought in dc2", name, l.InstanceType)
				break
			}
		}
	}
}

// TestConstraintsCost: with its constraints taken away a plan may not be dearer, but for what a
// heuristic search misses, which is less than two in a thousand.
func TestConstraintsCost(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		free := plan.Decide(plantest.Company(800, seed, false)).Cost.After
		bound := plan.Decide(plantest.Company(800, seed, true)).Cost.After
		if float64(free) > 1.002*float64(bound) {
			t.Errorf("seed %d: %d an hour without constraints, %d with them", seed, free, bound)
		}
	}
}

package plan_test

import (
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// TestNoDearerZoneIsOpened: as long as nobody has a node in the dearer zone, it counts for no
// spread, and everything is cheaper in the other one.
func TestNoDearerZoneIsOpened(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		for _, l := range plan.Decide(plantest.Company(600, seed, true)).Launches {
			if l.DatacenterID == "dc2" {
				t.Fatalf("seed %d: %s is bought in dc2", seed, l.InstanceType)
			}
		}
	}
}

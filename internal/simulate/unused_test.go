package simulate

import (
	"math"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// A large node (24.00 a month, 8 cores) is bought for eight pods; when seven have gone it is kept, because only empty nodes go.
// Per core a large one costs 3.00 and a small one 3.50, so the pod that is left is worth 3.00 of the 24.00.
func TestUnusedRoomIsCountedByWhyItIsThere(t *testing.T) {
	s := setting(func(g *v1alpha1.NodeGroup) { g.Spec.Disruption.Consolidation = v1alpha1.ConsolidateWhenEmpty })
	w := trace(t, "0,14400,1000,100", "0,3600,1000,100", "0,3600,1000,100", "0,3600,1000,100", "0,3600,1000,100", "0,3600,1000,100", "0,3600,1000,100", "0,3600,1000,100")
	r := run(t, w, s, options(calm()))
	sum := map[string]float64{}
	for _, u := range r.Cost.Unused {
		sum[u.Reason] = float64(u.Cost) / 1e6
	}
	near := func(reason string, want float64) {
		t.Helper()
		if math.Abs(sum[reason]-want) > 0.0005 {
			t.Errorf("%s: got %.4f, want %.4f of %v", reason, sum[reason], want, sum)
		}
	}
	// 100 s to boot at 24.00, then three hours of which seven cores are not used.
	near(Starting, 24.0/720*100/3600)
	near(string(plan.KeptNotEmpty), 21.0/720*3)
}

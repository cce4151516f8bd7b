package control

import (
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// VPSie sells no spot instances: a group that prefers them buys on demand and says so, one that
// requires them buys nothing, not even for its minimum, and pods hear why.
func TestSpotInstances(t *testing.T) {
	for policy, want := range map[v1alpha1.SpotPolicy]int{v1alpha1.SpotDisabled: 2, v1alpha1.SpotPreferred: 2, v1alpha1.SpotRequired: 0} {
		t.Run(string(policy), func(t *testing.T) {
			inSim(t, vpsietest.Knobs{}, func(s *sim) {
				g := s.group("web", 1, 10, func(g *v1alpha1.NodeGroup) {
					g.Spec.SpotInstances = &v1alpha1.SpotInstances{Policy: policy}
					if policy == v1alpha1.SpotPreferred {
						g.Spec.SpotInstances.MaxPercent = new(int32(50))
					}
				})
				s.scale(2)
				s.run(5 * time.Minute)
				if got := len(s.bills()); got != want || len(s.fake.Ledger().VMs) != want {
					t.Errorf("%d machines run, want %d", got, want)
				}
				for _, m := range s.vpsieNodes() {
					if got := s.node(m.Status.NodeName).Labels[v1alpha1.LabelCapacityType]; got != v1alpha1.CapacityOnDemand {
						t.Errorf("the label of %s is %q", m.Status.NodeName, got)
					}
				}
				s.reload(g)
				is := condition(g.Status.Conditions, v1alpha1.NodeGroupSpotAvailable)
				if wants := policy != v1alpha1.SpotDisabled; wants != (is.Status == "False" && is.Reason == "NotSold") {
					t.Errorf("SpotAvailable is %+v", is)
				}
				e := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
				if (e.Status == "True") != (policy == v1alpha1.SpotRequired) || policy == v1alpha1.SpotRequired && (e.Reason != "NotSold" || !strings.Contains(e.Message, "use Preferred")) {
					t.Errorf("Error is %+v", e)
				}
				if policy != v1alpha1.SpotRequired {
					return
				}
				objects, err := s.deps.Load()
				s.must(err)
				p := plan.Decide(s.round.builder.State(objects, s.deps.buying(s.Context(), objects).Markets, s.clock.Now(), s.deps.Options.Plan))
				if len(p.Launches) > 0 || len(p.Unplaced) != 2 || !strings.Contains(p.Unplaced[0].Refusals[0].Message, "VPSie sells no spot instances") {
					t.Errorf("buys %v, refuses %+v", p.Launches, p.Unplaced)
				}
				s.patch(g, `{"spec":{"spotInstances":{"policy":"Preferred"}}}`)
				s.run(5 * time.Minute)
				if got := len(s.bills()); got != 2 {
					t.Errorf("%d machines run once spot instances are only preferred, want 2", got)
				}
			})
		})
	}
}

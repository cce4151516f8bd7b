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
				p := plan.Decide(s.round.builder.State(objects, s.round.market.buying(s.Context(), objects).Markets, s.clock.Now(), s.deps.Options.Plan))
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

// While VPSie sells spot instances, groups that want them buy them where they are cheaper, as far
// as maxPercent allows. An interruption moves the pods, with notice before the VPS goes, and
// leaves such spot instances alone for a while, also over a restart.
func TestSpotInstancesAreInterrupted(t *testing.T) {
	const spotType = "small-2cpu-4gb"
	for name, notice := range map[string]int{"with notice": 120, "without notice": 0} {
		t.Run(name, func(t *testing.T) {
			inSim(t, vpsietest.Knobs{SpotPrices: map[string]*string{spotType: new("5.00")}, SpotNoticeSeconds: notice}, func(s *sim) {
				g := s.group("web", 0, 10, func(g *v1alpha1.NodeGroup) {
					g.Spec.OfferingIDs = []string{spotType}
					g.Spec.SpotInstances = &v1alpha1.SpotInstances{Policy: v1alpha1.SpotPreferred}
				})
				s.scale(2)
				s.run(5 * time.Minute)
				spot, onDemand := s.capacities()
				if spot != 2 || onDemand != 0 || s.waitingPods() > 0 {
					t.Fatalf("%d spot instances and %d machines on demand run, want 2 and 0", spot, onDemand)
				}
				for _, m := range s.vpsieNodes() {
					if got := s.node(m.Status.NodeName).Labels[v1alpha1.LabelCapacityType]; got != v1alpha1.CapacitySpot || m.Status.CostPerMonth != "5.00" {
						t.Errorf("%s has the label %q and costs %s", m.Name, got, m.Status.CostPerMonth)
					}
				}
				s.reload(g)
				if is := condition(g.Status.Conditions, v1alpha1.NodeGroupSpotAvailable); is.Status != "True" || is.Reason != "Sold" || !strings.Contains(is.Message, "5.00") {
					t.Errorf("SpotAvailable is %+v", is)
				}

				lost := s.bills()[0]
				s.must(s.fake.Act(lost.Identifier, "interrupt"))
				s.run(40 * time.Second) // a sweep
				s.restart()
				s.run(3 * time.Minute)
				if spot, onDemand = s.capacities(); spot != 1 || onDemand != 1 || s.waitingPods() > 0 {
					t.Errorf("%d spot instances and %d machines on demand run, %d pods wait; want 1, 1 and 0", spot, onDemand, s.waitingPods())
				}
				if s.heard("SpotInterrupted", lost.Hostname) == 0 || s.heard("SpotInterrupted", "web") == 0 {
					t.Error("nobody was told of the interruption")
				}
				if notice == 0 {
					s.broken = nil // Pods ran there.
				}
				s.reload(g)
				if b := g.Status.Backoffs; len(b) != 1 || b[0].CapacityType != v1alpha1.CapacitySpot || b[0].InstanceType != spotType || b[0].Reason != "SpotInterrupted" {
					t.Errorf("the back-offs are %+v", b)
				}
				s.run(10 * time.Minute)
				s.scale(3)
				s.run(5 * time.Minute)
				if spot, onDemand = s.capacities(); spot != 2 || onDemand != 1 {
					t.Errorf("after the back-off %d spot instances and %d machines on demand run, want 2 and 1", spot, onDemand)
				}
			})
		})
	}
}

// A selector looks at the price of each way to buy: a type may be cheap enough as a spot instance only.
func TestSelectorsOfSpotInstances(t *testing.T) {
	inSim(t, vpsietest.Knobs{SpotPrices: map[string]*string{"small-2cpu-4gb": new("5.00")}}, func(s *sim) {
		g := s.group("web", 0, 10, func(g *v1alpha1.NodeGroup) {
			g.Spec.OfferingIDs = nil
			g.Spec.OfferingSelector = &v1alpha1.OfferingSelector{MaxPricePerMonth: "6.00"}
			g.Spec.SpotInstances = &v1alpha1.SpotInstances{Policy: v1alpha1.SpotPreferred}
		})
		s.scale(1)
		s.run(5 * time.Minute)
		if spot, onDemand := s.capacities(); spot != 1 || onDemand != 0 {
			t.Errorf("%d spot instances and %d machines on demand run", spot, onDemand)
		}
		s.reload(g)
		want := v1alpha1.OfferingInfo{InstanceType: "small-2cpu-4gb", CapacityType: v1alpha1.CapacitySpot, PricePerMonth: "5.00"}
		if o := g.Status.Offerings; len(o) != 1 || o[0] != want {
			t.Errorf("the offerings are %+v", o)
		}
		s.must(s.fake.PatchKnobs([]byte(`{"spotPrices":{"small-2cpu-4gb":null}}`)))
		s.run(30 * time.Minute)
		s.reload(g)
		if is := condition(g.Status.Conditions, v1alpha1.NodeGroupSpotAvailable); is.Status != "False" || len(s.bills()) != 1 {
			t.Errorf("SpotAvailable is %+v once none is sold, and %d machines run", is, len(s.bills()))
		}
	})
}

// capacities counts the machines that are paid for.
func (s *sim) capacities() (spot, onDemand int) {
	for _, b := range s.bills() {
		if b.Spot {
			spot++
		} else {
			onDemand++
		}
	}
	return spot, onDemand
}

// What is asked for beside Preferred: a share, and nothing else at all.
func TestPoliciesOfSpotInstances(t *testing.T) {
	const spotType = "small-2cpu-4gb"
	for name, test := range map[string]struct {
		policy         v1alpha1.SpotPolicy
		percent        *int32
		stock          *int
		spot, onDemand int
	}{
		"disabled":                   {v1alpha1.SpotDisabled, nil, nil, 0, 4},
		"preferred":                  {v1alpha1.SpotPreferred, nil, nil, 4, 0},
		"at most half":               {v1alpha1.SpotPreferred, new(int32(50)), nil, 2, 2},
		"none":                       {v1alpha1.SpotPreferred, new(int32(0)), nil, 0, 4},
		"preferred, one in stock":    {v1alpha1.SpotPreferred, nil, new(1), 1, 3},
		"required":                   {v1alpha1.SpotRequired, nil, nil, 4, 0},
		"required, three in stock":   {v1alpha1.SpotRequired, nil, new(3), 3, 0},
		"at most half, one in stock": {v1alpha1.SpotPreferred, new(int32(50)), new(1), 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			knobs := vpsietest.Knobs{SpotPrices: map[string]*string{spotType: new("5.00")}, SpotStock: map[string]*int{spotType: test.stock}}
			inSim(t, knobs, func(s *sim) {
				s.group("web", 0, 10, func(g *v1alpha1.NodeGroup) {
					g.Spec.OfferingIDs = []string{spotType}
					g.Spec.SpotInstances = &v1alpha1.SpotInstances{Policy: test.policy, MaxPercent: test.percent}
				})
				s.scale(4)
				s.run(15 * time.Minute)
				if spot, onDemand := s.capacities(); spot != test.spot || onDemand != test.onDemand {
					t.Errorf("%d spot instances and %d machines on demand run, want %d and %d", spot, onDemand, test.spot, test.onDemand)
				}
			})
		})
	}
}

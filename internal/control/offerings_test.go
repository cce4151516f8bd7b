package control

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A NodeGroup with an offeringSelector buys of what that chooses, lists it with prices, and
// says which field leaves everything out when nothing matches.
func TestAGroupThatChoosesItsOfferings(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("chooses", 0, 3, func(g *v1alpha1.NodeGroup) {
		g.Spec.OfferingIDs, g.Spec.AllowMixedInstances = nil, true
		g.Spec.OfferingSelector = &v1alpha1.OfferingSelector{
			CPU: &v1alpha1.Range{Min: new(int32(2)), Max: new(int32(4))}, MemoryMB: &v1alpha1.Range{Min: new(int32(4096)), Max: new(int32(16384))},
			Categories: &v1alpha1.Categories{Include: []string{"standard", "Memory Optimized"}, Exclude: []string{"memory optimized"}},
			Exclude:    []string{"nothing-of-the-kind"}, MaxPricePerMonth: "22.00",
		}
	})
	lists := func(want ...v1alpha1.OfferingInfo) {
		t.Helper()
		w.until(time.Second, "the list of offerings", func() error {
			if w.reload(g); !slices.Equal(g.Status.Offerings, want) || g.Status.OmittedOfferings != 0 {
				return fmt.Errorf("%+v, want %+v", g.Status.Offerings, want)
			}
			return nil
		})
	}
	lists(v1alpha1.OfferingInfo{InstanceType: small, PricePerMonth: "12.00"}, v1alpha1.OfferingInfo{InstanceType: medium, PricePerMonth: "22.00"})
	w.pending("p", "1500m")
	if m := w.ready(g, 1)[0]; m.Spec.InstanceType != small {
		t.Errorf("bought a %s", m.Spec.InstanceType)
	}
	w.patch(g, `{"spec":{"preferredInstanceType":"huge"}}`)
	failing := func(texts ...string) {
		t.Helper()
		w.until(time.Second, "the condition Error", func() error {
			w.reload(g)
			c := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.NodeGroupError)
			if c == nil || c.Status != "True" {
				return errNotYet
			}
			for _, text := range texts {
				if !strings.Contains(c.Reason+": "+c.Message, text) {
					return fmt.Errorf("%s: %s", c.Reason, c.Message)
				}
			}
			return nil
		})
	}
	failing("InvalidConfiguration", `preferredInstanceType "huge"`, "2 instance types")
	w.patch(g, `{"spec":{"preferredInstanceType":"","offeringSelector":{"maxPricePerMonth":"1.00"}}}`)
	failing("InstanceTypeNotAvailable", "offeringSelector chooses none of the 9", "maxPricePerMonth leaves out 9")
	lists()
	w.patch(g, `{"spec":{"offeringSelector":{"maxPricePerMonth":"12.00"}}}`)
	lists(v1alpha1.OfferingInfo{InstanceType: small, PricePerMonth: "12.00"})
	w.patch(g, `{"spec":{"offeringIDs":["`+medium+`"],"offeringSelector":null}}`)
	lists()
}

// The status lists the 200 cheapest, and keeps what it has while nobody can tell.
func TestTheListOfOfferingsIsBounded(t *testing.T) {
	g := &v1alpha1.NodeGroup{Spec: v1alpha1.NodeGroupSpec{OfferingSelector: &v1alpha1.OfferingSelector{MaxPricePerMonth: "80"}}}
	market := cluster.Market{}
	for i := range 300 {
		o := &plan.Offer{InstanceType: fmt.Sprintf("type-%d", i), Price: plan.Money(300-i) * 1_000_000}
		market.Offers, market.Selected = append(market.Offers, o), append(market.Selected, o.Key())
	}
	var s v1alpha1.NodeGroupStatus
	showOfferings(&s, g, &market)
	if len(s.Offerings) != 200 || s.OmittedOfferings != 100 || s.Offerings[0] != (v1alpha1.OfferingInfo{InstanceType: "type-299", PricePerMonth: "1.00"}) {
		t.Errorf("%d listed, %d omitted, first %+v", len(s.Offerings), s.OmittedOfferings, s.Offerings[0])
	}
	if showOfferings(&s, g, &cluster.Market{}); len(s.Offerings) != 200 || s.OmittedOfferings != 100 {
		t.Error("an outage empties the list")
	}
	if showOfferings(&s, g, &cluster.Market{NoneSelected: true}); len(s.Offerings) != 0 || s.OmittedOfferings != 0 {
		t.Errorf("%d listed, %d omitted where none is chosen", len(s.Offerings), s.OmittedOfferings)
	}
}

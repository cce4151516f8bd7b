package control

import (
	"context"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// prices says what machines cost.
type prices struct{ Cloud *cloud.Cloud }

// priceOf is the one owner of what a machine costs: its price now, else when it was last known, if only to its status. It
// is 0 only when nobody ever knew it.
func (d prices) priceOf(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) plan.Money {
	return d.pricesIn(ctx, g)(m)
}

// pricesIn is priceOf for many machines of the group at one moment. VPSie's catalogue is gone through once for each offer.
func (d prices) pricesIn(ctx context.Context, g *v1alpha1.NodeGroup) func(*v1alpha1.VPSieNode) plan.Money {
	type price struct {
		amount plan.Money
		known  bool
	}
	asked := map[plan.OfferKey]price{}
	return func(m *v1alpha1.VPSieNode) plan.Money {
		k := boughtAs(m)
		p, again := asked[k]
		if !again {
			p.amount, p.known = d.Cloud.Price(ctx, wantedFor(m, g), k.InstanceType, k.Spot)
			asked[k] = p
		}
		if p.known {
			return p.amount
		}
		return cluster.LastPrice(m)
	}
}

func boughtAs(m *v1alpha1.VPSieNode) plan.OfferKey {
	return plan.OfferKey{DatacenterID: m.Spec.DatacenterID, InstanceType: m.Spec.InstanceType, Spot: cluster.IsSpot(m)}
}

// notePrice writes down what the machine costs, for when nobody can be asked any more.
func (d prices) notePrice(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) {
	if price := d.priceOf(ctx, m, g); price > 0 {
		m.Status.CostPerHour, m.Status.CostPerMonth = plan.Hourly(price).String(), price.String()
	}
}

// pricesOf are what machines of the group cost whose types the group cannot buy now, by name.
func (d prices) pricesOf(ctx context.Context, machines []*v1alpha1.VPSieNode, g *v1alpha1.NodeGroup, offers []*plan.Offer) map[string]plan.Money {
	var prices map[string]plan.Money
	priceOf := d.pricesIn(ctx, g)
	for _, m := range machines {
		offered := func(o *plan.Offer) bool { return o.Key() == boughtAs(m) }
		if m.Spec.NodeGroupName != g.Name || slices.ContainsFunc(offers, offered) {
			continue
		}
		if prices == nil {
			prices = map[string]plan.Money{}
		}
		prices[m.Name] = priceOf(m)
	}
	return prices
}

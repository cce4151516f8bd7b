package control

import (
	"context"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// priceOf is the one owner of what a machine costs: its price now, else when it was last known, if only to its status. It
// is 0 only when nobody ever knew it.
func (d Deps) priceOf(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) plan.Money {
	if price, ok := d.Cloud.Price(ctx, wantedFor(m, g), m.Spec.InstanceType, cluster.IsSpot(m)); ok {
		return price
	}
	return cluster.LastPrice(m)
}

// notePrice writes down what the machine costs, for when nobody can be asked any more.
func (d Deps) notePrice(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) {
	if price := d.priceOf(ctx, m, g); price > 0 {
		m.Status.CostPerHour, m.Status.CostPerMonth = plan.Hourly(price).String(), price.String()
	}
}

// pricesOf are what machines of the group cost whose types the group cannot buy now, by name.
func (d Deps) pricesOf(ctx context.Context, machines []*v1alpha1.VPSieNode, g *v1alpha1.NodeGroup, offers []*plan.Offer) map[string]plan.Money {
	var prices map[string]plan.Money
	for _, m := range machines {
		bought := plan.OfferKey{DatacenterID: m.Spec.DatacenterID, InstanceType: m.Spec.InstanceType, Spot: cluster.IsSpot(m)}
		offered := func(o *plan.Offer) bool { return o.Key() == bought }
		if m.Spec.NodeGroupName != g.Name || slices.ContainsFunc(offers, offered) {
			continue
		}
		if prices == nil {
			prices = map[string]plan.Money{}
		}
		prices[m.Name] = d.priceOf(ctx, m, g)
	}
	return prices
}

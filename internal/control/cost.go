package control

import (
	"context"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// priceOf is the one owner of what a machine costs: its price now, else when it was last known, if only to its status. It
// is 0 only when nobody ever knew it.
func (d Deps) priceOf(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) plan.Money {
	if price, ok := d.Cloud.Price(ctx, wantedFor(m, g), m.Spec.InstanceType); ok {
		return price
	}
	hourly, err := plan.ParseMoney(m.Status.CostPerHour)
	if err != nil {
		return 0
	}
	return hourly * plan.HoursPerMonth
}

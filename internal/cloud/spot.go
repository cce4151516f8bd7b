package cloud

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const (
	// reasonNoSpot: nothing but spot instances is wanted, and none is sold.
	reasonNoSpot = "NotSold"
	// reasonInterrupted: VPSie has taken a spot instance of the kind away.
	reasonInterrupted = "SpotInterrupted"
)

// byCapacity tells plans on demand from those of spot instances.
func byCapacity(plans []vpsie.Plan) (onDemand, spot []vpsie.Plan) {
	for _, p := range plans {
		if p.Spot {
			spot = append(spot, p)
		} else {
			onDemand = append(onDemand, p)
		}
	}
	return onDemand, spot
}

// all are the plans that the policy may buy.
func (r resolved) all(policy plan.SpotPolicy) []vpsie.Plan {
	switch policy {
	case plan.SpotRequired:
		return r.spot
	case plan.SpotPreferred:
		return append(slices.Clip(r.plans), r.spot...)
	}
	return r.plans
}

// sold finds the plan of an offer.
func (r resolved) sold(k plan.OfferKey) (vpsie.Plan, bool) {
	plans := r.plans
	if k.Spot {
		plans = r.spot
	}
	return pick(plans, k.InstanceType, func(p vpsie.Plan) (string, string) { return p.Identifier, p.Nickname })
}

// chooses says whether the selector, if there is one, takes the plan: a type may be cheap enough
// as a spot instance only.
func (w Wanted) chooses(p vpsie.Plan) bool {
	return w.Selector == nil || len(w.Selector.excludes(traitsOf(p))) == 0
}

// asSpot says for messages that only spot instances count.
func (w Wanted) asSpot() string {
	if w.Spot == plan.SpotRequired {
		return " as a spot instance"
	}
	return ""
}

// Interrupted leaves the spot instances of the type in w.Datacenter alone for a while, because
// VPSie has taken one away; why says which.
func (c *Cloud) Interrupted(w Wanted, instanceType, why string) {
	c.backoff.add(Backoff{Scope: ScopeOffering, Datacenter: w.Datacenter, InstanceType: instanceType, Spot: true},
		c.opts.Clock.Now(), &Backoff{Reason: reasonInterrupted, Message: why})
}

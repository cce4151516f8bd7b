package control

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// selectorOf is the group's offeringSelector in the cloud's words; nil when it has none.
func selectorOf(g *v1alpha1.NodeGroup) *cloud.Selector {
	from := g.Spec.OfferingSelector
	if from == nil {
		return nil
	}
	s := &cloud.Selector{Exclude: from.Exclude}
	if r := from.CPU; r != nil {
		s.MinCPU, s.MaxCPU = r.Min, r.Max
	}
	if r := from.MemoryMB; r != nil {
		s.MinMemoryMB, s.MaxMemoryMB = r.Min, r.Max
	}
	if c := from.Categories; c != nil {
		s.Categories, s.NotCategories = c.Include, c.Exclude
	}
	if from.MaxPricePerMonth != "" {
		// The API server refuses what is no price; one that is there nevertheless allows none.
		price, err := plan.ParseMoney(from.MaxPricePerMonth)
		if err != nil {
			price = -1
		}
		s.MaxPrice = &price
	}
	return s
}

// mostOfferings is how many chosen instance types a status lists.
const mostOfferings = 200

// showOfferings writes down what the group's offeringSelector chooses. While nobody can
// tell, the status keeps what it last chose.
func showOfferings(s *v1alpha1.NodeGroupStatus, g *v1alpha1.NodeGroup, market *cluster.Market) {
	switch {
	case g.Spec.OfferingSelector == nil:
		s.Offerings, s.OmittedOfferings = nil, 0
		return
	case len(market.Selected) == 0 && !market.NoneSelected:
		return
	}
	chosen := slices.DeleteFunc(slices.Clone(market.Offers), func(o *plan.Offer) bool { return !slices.Contains(market.Selected, o.Key()) })
	slices.SortFunc(chosen, func(a, b *plan.Offer) int {
		return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.InstanceType, b.InstanceType), cmp.Compare(a.DatacenterID, b.DatacenterID), cmp.Compare(a.Key().For(), b.Key().For()))
	})
	s.Offerings = nil
	for _, o := range chosen[:min(len(chosen), mostOfferings)] {
		info := v1alpha1.OfferingInfo{InstanceType: o.InstanceType, PricePerMonth: o.Price.String()}
		if o.Spot {
			info.CapacityType = v1alpha1.CapacitySpot
		}
		if g.Spec.Zonal() {
			info.DatacenterID = o.DatacenterID
		}
		s.Offerings = append(s.Offerings, info)
	}
	s.OmittedOfferings = int32(len(chosen) - len(s.Offerings))
}

// notPreferred says that the group prefers a type which its selector does not choose.
func notPreferred(g *v1alpha1.NodeGroup, market *cluster.Market) error {
	p := g.Spec.PreferredInstanceType
	chosen := func(k plan.OfferKey) bool { return k.InstanceType == p }
	if g.Spec.OfferingSelector == nil || p == "" || len(market.Selected) == 0 || slices.ContainsFunc(market.Selected, chosen) {
		return nil
	}
	return &cloud.ConfigError{Reason: "InvalidConfiguration", Message: fmt.Sprintf(
		"spec.preferredInstanceType %q is none of the %d instance types that spec.offeringSelector chooses; name one of status.offerings, or leave it out", p, len(market.Selected))}
}

// selected are what the group's selector has chosen, by what its market has answered, and
// whether that is known to be none; nil for a group without a selector.
func selected(g *v1alpha1.NodeGroup, offers []*plan.Offer, err error) (chosen []plan.OfferKey, none bool) {
	if g.Spec.OfferingSelector == nil {
		return nil, false
	}
	for _, o := range offers {
		chosen = append(chosen, o.Key())
	}
	reason, config := cloud.IsConfig(err)
	return chosen, config && (reason == "InstanceTypeNotAvailable" || reason == "NotSold")
}

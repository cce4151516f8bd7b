package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// WantedOf says what a NodeGroup asks the cloud for in each of its datacenters.
func WantedOf(g *v1alpha1.NodeGroup) []cloud.Wanted {
	var all []cloud.Wanted
	for _, id := range g.Spec.DatacenterIDs() {
		all = append(all, wantedIn(g, id))
	}
	return all
}

func wantedIn(g *v1alpha1.NodeGroup, datacenter string) cloud.Wanted {
	wanted := cloud.Wanted{
		Group: g.Name, Datacenter: datacenter, Offerings: g.OfferingNamesIn(datacenter), Selector: selectorOf(g),
		Spot: cluster.SpotPolicyOf(g), Image: g.Spec.OSImageID, SSHKeys: g.Spec.SSHKeyIDs, Wires: wiresOf(g),
	}
	if g.Spec.Zonal() {
		wanted.Among = g.Spec.DatacenterIDs()
	}
	return wanted
}

// wantedFor is what a NodeGroup asks for where the machine was ordered, which stays
// when the group's datacenters change.
func wantedFor(m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) cloud.Wanted {
	return wantedIn(g, m.Spec.DatacenterID)
}

// place is where machines are bought for a NodeGroup: what fails in one datacenter of a group in
// several says nothing of the others.
type place struct {
	group string
	// datacenter is empty for a group in one.
	datacenter string
}

func placeIn(g *v1alpha1.NodeGroup, datacenter string) place {
	if !g.Spec.Zonal() {
		datacenter = ""
	}
	return place{g.Name, datacenter}
}

// placeOf is where the machine was bought; g is nil when its group is gone.
func placeOf(m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) place {
	if g == nil {
		return place{group: m.Spec.NodeGroupName}
	}
	return placeIn(g, m.Spec.DatacenterID)
}

// placesOf are all places of the group.
func placesOf(g *v1alpha1.NodeGroup) []place {
	var all []place
	for _, id := range g.Spec.DatacenterIDs() {
		all = append(all, placeIn(g, id))
	}
	return all
}

// marketOf is what the account sells for the group: what a person must know of, and why nothing
// can be bought at all.
func (d market) marketOf(ctx context.Context, g *v1alpha1.NodeGroup) (market cluster.Market, problems []error, err error) {
	wanted := WantedOf(g)
	if !g.Spec.Zonal() {
		market.Offers, problems, err = d.Cloud.Market(ctx, wanted[0])
		return market, problems, err
	}
	all, err := d.Cloud.MarketAcross(ctx, wanted)
	for datacenter, why := range all.Closed {
		closed := cluster.Closed{Why: why.Error()}
		if cloud.IsBackoff(why) {
			closed.Reason = plan.Backoff
			if b := d.Cloud.Resting(g.Name, datacenter); b != nil {
				closed.Until = b.Until
			}
		}
		market.Close(datacenter, closed)
	}
	market.Offers = all.Offers
	return market, all.Problems, err
}

// holdBack notes in which datacenters of a group in several nothing is bought for a while, or one
// machine at a time, because machines did not arrive there.
func (d market) holdBack(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode, market *cluster.Market) {
	if !g.Spec.Zonal() {
		return
	}
	for _, p := range placesOf(g) {
		if why, until := d.arrivals.held(p, d.Clock.Now()); why != "" {
			market.Close(p.datacenter, cluster.Closed{Why: why, Reason: plan.Backoff, Until: until})
		}
		if !d.oneAtATimeIn(p, d.proven(g, machines)) {
			continue
		}
		there := slices.DeleteFunc(machinesOf(machines, g.Name), func(m *v1alpha1.VPSieNode) bool { return m.Spec.DatacenterID != p.datacenter })
		_, why := d.arrivals.inARow(p)
		if market.Limits == nil {
			market.Limits = map[string]*plan.Limit{}
		}
		market.Limits[p.datacenter] = &plan.Limit{Left: 1 - onProbation(there, g.Name), Reason: plan.Unproven, Message: fmt.Sprintf(
			"the last machine in datacenter %s did not become a ready node (%s), so one at a time is bought there until one does", p.datacenter, why)}
	}
}

package cluster

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Closed is why nothing is bought for a NodeGroup in one of its datacenters.
type Closed struct {
	Why    string
	Reason plan.RefusalReason
	// Until is when that ends, zero when nobody knows.
	Until time.Time
}

// Close notes why nothing is bought for the group in the datacenter. What was noted first stays.
func (m *Market) Close(datacenter string, why Closed) {
	if m.Closed == nil {
		m.Closed = map[string]Closed{}
	}
	if _, known := m.Closed[datacenter]; !known {
		m.Closed[datacenter] = why
	}
}

// DatacentersOf are the datacenters of a group with spec.datacenters and what it may buy in each;
// nil for a group in one. Without a market it is what the group itself says.
func DatacentersOf(g *v1alpha1.NodeGroup, market *Market) []plan.Datacenter {
	if !g.Spec.Zonal() {
		return nil
	}
	if market == nil {
		market = &Market{}
	}
	list := make([]plan.Datacenter, 0, len(g.Spec.Datacenters))
	for _, id := range g.Spec.DatacenterIDs() {
		why := market.Closed[id]
		list = append(list, plan.Datacenter{
			ID: id, Offers: offersIn(g, id, market), Closed: why.Why, Reason: why.Reason, Until: why.Until,
			Limit: market.Limits[id],
		})
	}
	return list
}

// offersIn are the types that the group may buy in the datacenter: its own list, or what its
// selector chooses, as it last did while nobody can tell.
func offersIn(g *v1alpha1.NodeGroup, datacenter string, market *Market) []string {
	if g.Spec.OfferingSelector == nil || len(market.Selected) == 0 && !market.NoneSelected {
		return g.OfferingNamesIn(datacenter)
	}
	var names []string
	for _, k := range market.Selected {
		if k.DatacenterID == datacenter {
			names = append(names, k.InstanceType)
		}
	}
	return names
}

// datacenterOf is where a node without a VPSieNode is: by its labels, of which the value was
// made from one of its group's names for datacenters, else where its group is.
func datacenterOf(n *corev1.Node, g *v1alpha1.NodeGroup) string {
	is := n.Labels[v1alpha1.LabelDatacenter]
	var ids []string
	if g != nil {
		ids = g.Spec.DatacenterIDs()
		if g.Spec.Zonal() {
			is = cmp.Or(is, n.Labels[corev1.LabelTopologyZone])
		} else {
			is = cmp.Or(is, g.Spec.DatacenterID)
		}
	}
	return nameOf(cmp.Or(is, n.Labels[corev1.LabelTopologyRegion]), ids)
}

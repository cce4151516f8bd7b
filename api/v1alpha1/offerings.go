package v1alpha1

import "slices"

// OfferingNames are the instance types that the group may buy: offeringIDs, or those that
// offeringSelector last chose.
func (g *NodeGroup) OfferingNames() []string {
	if g.Spec.OfferingSelector == nil {
		return g.Spec.OfferingIDs
	}
	names := make([]string, 0, len(g.Status.Offerings))
	for _, o := range g.Status.Offerings {
		if !slices.Contains(names, o.InstanceType) { // which several datacenters sell
			names = append(names, o.InstanceType)
		}
	}
	return names
}

// OfferingNamesIn are those of OfferingNames that the group may buy in one of its datacenters.
func (g *NodeGroup) OfferingNamesIn(datacenter string) []string {
	if g.Spec.OfferingSelector == nil || !g.Spec.Zonal() {
		return g.OfferingNames()
	}
	var names []string
	for _, o := range g.Status.Offerings {
		if o.DatacenterID == datacenter {
			names = append(names, o.InstanceType)
		}
	}
	return names
}

package v1alpha1

// OfferingNames are the instance types that the group may buy: offeringIDs, or those that
// offeringSelector last chose.
func (g *NodeGroup) OfferingNames() []string {
	if g.Spec.OfferingSelector == nil {
		return g.Spec.OfferingIDs
	}
	names := make([]string, len(g.Status.Offerings))
	for i, o := range g.Status.Offerings {
		names[i] = o.InstanceType
	}
	return names
}

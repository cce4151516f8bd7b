package v1alpha1

import "maps"

// NodeLabels are the labels that the spec asks for on the nodes: labels, the pairs of
// nodeSelector, and with spotInstances how machines are bought.
func (s *NodeGroupSpec) NodeLabels() map[string]string {
	if len(s.NodeSelector) == 0 && s.SpotInstances == nil {
		return s.Labels
	}
	all := map[string]string{}
	if s.SpotInstances != nil {
		all[LabelCapacityType] = CapacityOnDemand
	}
	maps.Copy(all, s.NodeSelector)
	maps.Copy(all, s.Labels)
	return all
}

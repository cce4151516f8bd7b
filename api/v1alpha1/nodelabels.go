package v1alpha1

import "maps"

// NodeLabels are the labels that the spec asks for on the nodes: labels, and the pairs of
// nodeSelector.
func (s *NodeGroupSpec) NodeLabels() map[string]string {
	if len(s.NodeSelector) == 0 {
		return s.Labels
	}
	all := maps.Clone(s.NodeSelector)
	maps.Copy(all, s.Labels)
	return all
}

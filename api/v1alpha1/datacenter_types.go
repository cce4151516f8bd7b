package v1alpha1

// Datacenter is one of several in which a NodeGroup buys.
type Datacenter struct {
	// ID is the VPSie datacenter, by identifier or name.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ID string `json:"id"`
}

// Spread says how a NodeGroup chooses among its datacenters.
//
// +kubebuilder:validation:Enum=Cheapest;Balanced
type Spread string

// The ways to choose among datacenters.
const (
	SpreadCheapest Spread = "Cheapest"
	SpreadBalanced Spread = "Balanced"
)

// DatacenterIDs are the datacenters in which the group buys: datacenterID, or those of
// datacenters. A machine's own datacenter is its VPSieNode's spec.datacenterID.
func (s *NodeGroupSpec) DatacenterIDs() []string {
	if len(s.Datacenters) == 0 {
		return []string{s.DatacenterID}
	}
	ids := make([]string, len(s.Datacenters))
	for i, d := range s.Datacenters {
		ids[i] = d.ID
	}
	return ids
}

// Zonal says that the datacenters are the zones of the group's nodes.
func (s *NodeGroupSpec) Zonal() bool { return len(s.Datacenters) > 0 }

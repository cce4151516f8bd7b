package v1alpha1

// SpotInstances says whether the group buys machines that VPSie may take away again, for a lower
// price. VPSie sells none today.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxPercent) || self.maxPercent == 100 || (has(self.policy) && self.policy == 'Preferred')",fieldPath=".maxPercent",message="spotInstances.maxPercent below 100 needs policy Preferred, which may buy on demand too; set that, or leave maxPercent out"
type SpotInstances struct {
	// Policy is Disabled, Preferred or Required. Disabled, as if absent, buys on demand. Preferred
	// buys its instance types as spot instances where VPSie sells them cheaper so, and on demand
	// otherwise; the cheapest set of machines wins. Required buys spot instances only.
	//
	// +optional
	Policy SpotPolicy `json:"policy,omitempty"`

	// MaxPercent is how many of the group's nodes may be spot instances, in percent, rounded down;
	// 100 if absent. Machines on their way count, leaving ones do not. No removal of a node on
	// demand leaves spot instances with more.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MaxPercent *int32 `json:"maxPercent,omitempty"`
}

// SpotPolicy says whether spot instances are bought.
//
// +kubebuilder:validation:Enum=Disabled;Preferred;Required
type SpotPolicy string

// The policies of spot instances.
const (
	SpotDisabled  SpotPolicy = "Disabled"
	SpotPreferred SpotPolicy = "Preferred"
	SpotRequired  SpotPolicy = "Required"
)

// WantsSpot says that the group would buy spot instances.
func (s *NodeGroupSpec) WantsSpot() bool {
	return s.SpotInstances != nil && (s.SpotInstances.Policy == SpotPreferred || s.SpotInstances.Policy == SpotRequired)
}

package cluster

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// The CEL rule of spotInstances in the NodeGroup's CustomResourceDefinition.
const maxPercentRule = "spotInstances.maxPercent below 100 needs policy Preferred, which may buy on demand too; set that, or leave maxPercent out"

// SpotPolicyOf is whether the group buys spot instances.
func SpotPolicyOf(g *v1alpha1.NodeGroup) plan.SpotPolicy {
	switch {
	case !g.Spec.WantsSpot():
		return plan.SpotDisabled
	case g.Spec.SpotInstances.Policy == v1alpha1.SpotRequired:
		return plan.SpotRequired
	}
	return plan.SpotPreferred
}

// IsSpot says that the label of a VPSieNode, or of a Node, tells of a spot instance.
func IsSpot(o client.Object) bool {
	return o.GetLabels()[v1alpha1.LabelCapacityType] == v1alpha1.CapacitySpot
}

// NoSpot is why a group that wants nothing but spot instances buys nothing when none is among
// the offers; empty for others.
func NoSpot(g *v1alpha1.NodeGroup, offers []*plan.Offer) string {
	if SpotPolicyOf(g) != plan.SpotRequired || slices.ContainsFunc(offers, func(o *plan.Offer) bool { return o.Spot }) {
		return ""
	}
	return plan.NoSpotSold
}

// spotPercent is the share that spot instances may have; nil is all.
func spotPercent(g *v1alpha1.NodeGroup) *int {
	if SpotPolicyOf(g) != plan.SpotPreferred || g.Spec.SpotInstances.MaxPercent == nil || *g.Spec.SpotInstances.MaxPercent >= 100 {
		return nil
	}
	return new(int(*g.Spec.SpotInstances.MaxPercent))
}

func checkSpot(s *v1alpha1.SpotInstances, path *field.Path) field.ErrorList {
	if s == nil || s.MaxPercent == nil || *s.MaxPercent == 100 || s.Policy == v1alpha1.SpotPreferred {
		return nil
	}
	return field.ErrorList{field.Invalid(path.Child("maxPercent"), *s.MaxPercent, maxPercentRule)}
}

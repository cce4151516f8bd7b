package cluster

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The CEL rule of spotInstances in the NodeGroup's CustomResourceDefinition.
const maxPercentRule = "spotInstances.maxPercent below 100 needs policy Preferred, which may buy on demand too; set that, or leave maxPercent out"

// NoSpot is why a group that wants nothing but spot instances buys nothing; empty for others.
func NoSpot(g *v1alpha1.NodeGroup) string {
	if s := g.Spec.SpotInstances; s == nil || s.Policy != v1alpha1.SpotRequired {
		return ""
	}
	return "spec.spotInstances.policy is Required, and VPSie sells no spot instances; use Preferred, which buys on demand while there are none, or Disabled"
}

func checkSpot(s *v1alpha1.SpotInstances, path *field.Path) field.ErrorList {
	if s == nil || s.MaxPercent == nil || *s.MaxPercent == 100 || s.Policy == v1alpha1.SpotPreferred {
		return nil
	}
	return field.ErrorList{field.Invalid(path.Child("maxPercent"), *s.MaxPercent, maxPercentRule)}
}

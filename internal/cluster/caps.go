package cluster

import (
	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// onlyFor are the labels that pods must ask for to have a node bought.
func onlyFor(g *v1alpha1.NodeGroup) map[string]string {
	if g.Spec.NodeSelectorPolicy != v1alpha1.NodeSelectorRequire {
		return nil
	}
	return g.Spec.NodeSelector
}

func limitsOf(g *v1alpha1.NodeGroup) plan.Limits {
	caps := capsOf(&g.Spec.Limits)
	caps.SpotPercent = spotPercent(g)
	return caps
}

// capsOf are the limits in the planner's units. The API server refuses what cannot be
// read; an object that is there nevertheless buys nothing rather than without a limit.
func capsOf(l *v1alpha1.Limits) plan.Limits {
	var caps plan.Limits
	if l.CPU != nil {
		caps.MilliCPU = new(l.CPU.MilliValue())
	}
	if l.Memory != nil {
		caps.Memory = new(l.Memory.Value())
	}
	if l.CostPerMonth != "" {
		cost, err := plan.ParseMoney(l.CostPerMonth)
		if err != nil {
			cost = 0
		}
		caps.Cost = &cost
	}
	return caps
}

package cluster

import (
	"encoding/json"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// NetworkText stands for the NodeGroup's networkConfig; empty for none.
func NetworkText(g *v1alpha1.NodeGroup) string {
	n := g.Spec.NetworkConfig
	if n == nil {
		return ""
	}
	text, err := json.Marshal(n)
	if err != nil || string(text) == "{}" {
		return "" // Numbers and texts can always be written.
	}
	return string(text)
}

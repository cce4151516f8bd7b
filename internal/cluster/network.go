package cluster

import (
	"encoding/json"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// NetworkText stands for the NodeGroup's networkConfig, the same for all texts of it that connect a machine alike: what is as if
// absent is left out, and the firewall groups are a set. It is empty for none.
func NetworkText(g *v1alpha1.NodeGroup) string {
	n := g.Spec.NetworkConfig.DeepCopy()
	if n == nil {
		return ""
	}
	for toggle, usual := range map[*v1alpha1.Toggle]v1alpha1.Toggle{
		&n.PublicIPv4: v1alpha1.Enabled, &n.PublicIPv6: v1alpha1.Disabled, &n.PrivateIP: v1alpha1.Disabled,
	} {
		if *toggle == usual {
			*toggle = ""
		}
	}
	slices.Sort(n.FirewallGroups)
	text, err := json.Marshal(n)
	if err != nil || string(text) == "{}" {
		return "" // Numbers and texts can always be written.
	}
	return string(text)
}

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A group whose machines are in a VPC, behind a firewall and a gateway, lives as any other, whenever the controller is killed
// while it attaches or detaches one, and nothing stays attached.
func TestNetworkKilledAtEveryStep(t *testing.T) {
	shape := func(g *v1alpha1.NodeGroup) {
		g.Spec.NetworkConfig = &v1alpha1.NetworkConfig{
			VPC: &v1alpha1.VPCReference{Name: "nodes"}, FirewallGroups: []string{"nodes", "web"}, Gateway: &v1alpha1.GatewayReference{IP: "198.51.100.1"},
		}
	}
	// The others are the same as without a network.
	concerns := func(s step) bool {
		return strings.Contains(s.what, "vpc") || strings.Contains(s.what, "firewall") || strings.Contains(s.what, "gateways") || strings.HasSuffix(s.what, "vpsienodes/status")
	}
	killedAtEveryStep(t, "wired", shape, concerns)
}

// stillAttached is what VPSes of the group that are gone are attached to.
func stillAttached(g *v1alpha1.NodeGroup) []string {
	ledger := shared.Cloud.Ledger()
	gone := map[string]bool{}
	for _, b := range billsOf(g) {
		gone[b.Identifier] = b.DeletedAt != nil
	}
	var left []string
	for _, p := range ledger.PrivateIPs {
		if gone[p.VMIdentifier] && !p.Released {
			left = append(left, fmt.Sprintf("address %s of VPC %d", p.IP, p.VPCID))
		}
	}
	for _, a := range ledger.Attachments {
		if gone[a.VMIdentifier] {
			left = append(left, fmt.Sprintf("%+v", a))
		}
	}
	slices.Sort(left)
	return left
}

package cluster

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The CEL rules of a NodeGroup's networkConfig.
const (
	nodeIPVPCRule     = "networkConfig.nodeIP: VPC needs a network; name it in networkConfig.vpc, or use Public"
	nodeIPPrivateRule = "networkConfig.nodeIP: Private needs a private address; set networkConfig.privateIP: Enabled, or use Public"
	noPublicRule      = "networkConfig.publicIPv4: without a public IPv4 address nodes register with another one; set networkConfig.nodeIP to VPC or Private, or leave publicIPv4 out"
	vpcRule           = "networkConfig.vpc must have one of id and name; give the name, or the id where several VPCs of the datacenter have that name"
	gatewayRule       = "networkConfig.gateway.ip must be the address of a NAT gateway of the account, such as 203.0.113.9"
)

func checkNetwork(n *v1alpha1.NetworkConfig, path *field.Path) field.ErrorList {
	if n == nil {
		return nil
	}
	var faults field.ErrorList
	if n.NodeIP == v1alpha1.NodeIPVPC && n.VPC == nil {
		faults = append(faults, field.Invalid(path.Child("nodeIP"), n.NodeIP, nodeIPVPCRule))
	}
	if n.NodeIP == v1alpha1.NodeIPPrivate && n.PrivateIP != v1alpha1.Enabled {
		faults = append(faults, field.Invalid(path.Child("nodeIP"), n.NodeIP, nodeIPPrivateRule))
	}
	if n.PublicIPv4 == v1alpha1.Disabled && (n.NodeIP == "" || n.NodeIP == v1alpha1.NodeIPPublic) {
		faults = append(faults, field.Invalid(path.Child("publicIPv4"), n.PublicIPv4, noPublicRule))
	}
	if v := n.VPC; v != nil && (v.ID != nil) == (v.Name != "") {
		faults = append(faults, field.Invalid(path.Child("vpc"), v.Name, vpcRule))
	}
	if g := n.Gateway; g != nil {
		if ip, err := netip.ParseAddr(g.IP); err != nil || ip.Zone() != "" {
			faults = append(faults, field.Invalid(path.Child("gateway", "ip"), g.IP, gatewayRule))
		}
	}
	seen := map[string]bool{}
	for i, group := range n.FirewallGroups {
		if seen[group] {
			faults = append(faults, field.Duplicate(path.Child("firewallGroups").Index(i), group))
		}
		seen[group] = true
	}
	return faults
}

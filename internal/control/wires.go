package control

import (
	"cmp"
	"context"
	"net/netip"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// wiresOf is the group's networkConfig in the cloud's words.
func wiresOf(g *v1alpha1.NodeGroup) cloud.Wires {
	from := g.Spec.NetworkConfig
	if from == nil {
		return cloud.Wires{}
	}
	w := cloud.Wires{
		NoPublicIPv4: from.PublicIPv4 == v1alpha1.Disabled, PublicIPv6: from.PublicIPv6 == v1alpha1.Enabled,
		PrivateIP: from.PrivateIP == v1alpha1.Enabled, FirewallGroups: from.FirewallGroups,
	}
	if from.VPC != nil {
		w.VPC = from.VPC.Name
		if from.VPC.ID != nil {
			w.VPCID = int(*from.VPC.ID)
		}
	}
	if from.Gateway != nil {
		w.GatewayIP = from.Gateway.IP
	}
	return w
}

// nodeIPOf is the address that the group's kubelets are told to register with; empty when they choose.
func nodeIPOf(g *v1alpha1.NodeGroup) v1alpha1.NodeIP {
	if g.Spec.NetworkConfig == nil {
		return ""
	}
	return g.Spec.NetworkConfig.NodeIP
}

// primaryAddress is the machine's IPv4 address by which it is known: the public one, else that of its VPC, else the private
// one; empty while it has none.
func primaryAddress(m *v1alpha1.VPSieNode, vm *vpsie.VM) string {
	inVPC := ""
	if m.Status.Network != nil {
		inVPC = m.Status.Network.VPCAddress
	}
	return cmp.Or(vm.IPv4, inVPC, vm.PrivateIP)
}

// addressed tells whether the machine has the addresses without which its node cannot register. Of a machine that a person
// named any address will do.
func (r *wiring) addressed(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (bool, error) {
	g, err := r.groupOf(ctx, r.Client, m)
	if client.IgnoreNotFound(err) != nil {
		return false, err
	}
	switch {
	case g == nil || !orderedByUs(m):
		return primaryAddress(m, vm) != "", nil
	case !wiresOf(g).NoPublicIPv4:
		return vm.IPv4 != "", nil
	case nodeIPOf(g) == v1alpha1.NodeIPPrivate:
		return vm.PrivateIP != "", nil
	}
	return primaryAddress(m, vm) != "", nil
}

// identifies tells whether an address alone can show whose node one is: several private networks may use the same one.
func identifies(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.IsGlobalUnicast() && !ip.IsPrivate() && !sharedSpace().Contains(ip)
}

// sharedSpace is that of carrier-grade NAT (RFC 6598).
func sharedSpace() netip.Prefix { return netip.MustParsePrefix("100.64.0.0/10") }

// observedIn adds what a networkConfig stands for in a datacenter to what is known of others; nil when to nothing.
func observedIn(seen *v1alpha1.ObservedNetwork, datacenter string, n cloud.Network) *v1alpha1.ObservedNetwork {
	if n.IsEmpty() {
		return seen
	}
	if seen == nil {
		seen = &v1alpha1.ObservedNetwork{}
	}
	if v := n.VPC; v != nil {
		seen.VPCs = append(seen.VPCs, v1alpha1.ObservedVPC{DatacenterID: datacenter, ID: int64(v.ID), Name: v.Name, Range: rangeOf(v)})
	}
	seen.FirewallGroups = nil // which belong to the account
	for _, f := range n.FirewallGroups {
		seen.FirewallGroups = append(seen.FirewallGroups, v1alpha1.ObservedFirewallGroup{ID: f.Identifier, Name: f.Name})
	}
	if n.Gateway != nil {
		seen.GatewayID = int64(n.Gateway.ID)
	}
	return seen
}

// rangeOf is the VPC's network, such as 10.20.0.0/24; empty where VPSie does not say.
func rangeOf(v *vpsie.VPC) string {
	if v == nil || !v.Range.IsValid() {
		return ""
	}
	return v.Range.String()
}

// showNetwork writes down what the group's networkConfig stands for. While nobody can tell, the status keeps what it said.
func (r *teller) showNetwork(ctx context.Context, s *v1alpha1.NodeGroupStatus, g *v1alpha1.NodeGroup) {
	var seen *v1alpha1.ObservedNetwork
	for _, w := range WantedOf(g) {
		n, err := r.Cloud.Network(ctx, w)
		if _, wrong := cloud.IsConfig(err); err != nil && !wrong {
			return
		}
		seen = observedIn(seen, w.Datacenter, n)
	}
	s.ObservedNetwork = seen
}

// vpcRange is the network of the VPC that the machine will be in; empty for none.
func (r *wiring) vpcRange(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) (string, error) {
	if nodeIPOf(g) == "" {
		return "", nil // Nobody asks.
	}
	n, err := r.Cloud.Network(ctx, wantedFor(m, g))
	if err != nil {
		return "", err
	}
	if nodeIPOf(g) == v1alpha1.NodeIPVPC && rangeOf(n.VPC) == "" {
		return "", &cloud.ConfigError{Reason: "VPCNotFound", Message: "spec.networkConfig.nodeIP: VPSie does not say which addresses the VPC has, so no machine can find its own; leave nodeIP out and have spec.userData hand the kubelet --node-ip"}
	}
	return rangeOf(n.VPC), nil
}

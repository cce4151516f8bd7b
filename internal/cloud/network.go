package cloud

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Wires is how a NodeGroup wants its machines connected. The zero value is a public IPv4 address and nothing else.
type Wires struct {
	NoPublicIPv4, PublicIPv6, PrivateIP bool
	// VPC is the name of a VPC of the datacenter, VPCID its number; neither is none.
	VPC   string
	VPCID int
	// GatewayIP is the address of a NAT gateway of the datacenter; empty is none.
	GatewayIP string
	// FirewallGroups are identifiers or names.
	FirewallGroups []string
}

// attached says that there is more to do than an order does.
func (w Wires) attached() bool {
	return w.VPC != "" || w.VPCID != 0 || w.GatewayIP != "" || len(w.FirewallGroups) > 0
}

// Network is what Wires name in the account.
type Network struct {
	VPC            *vpsie.VPC
	Gateway        *vpsie.Gateway
	FirewallGroups []vpsie.FirewallGroup
}

// IsEmpty says that a machine is attached to nothing.
func (n Network) IsEmpty() bool {
	return n.VPC == nil && n.Gateway == nil && len(n.FirewallGroups) == 0
}

// Network finds what the NodeGroup's machines are attached to: a *ConfigError when the account does not have it in the
// datacenter, else the API's failure.
func (c *Cloud) Network(ctx context.Context, w Wanted) (Network, error) {
	if !w.Wires.attached() {
		return Network{}, nil
	}
	a, err := c.current()
	if err != nil {
		return Network{}, err
	}
	d, err := a.shop.datacenterOf(ctx, w)
	if err != nil {
		return Network{}, err
	}
	return a.shop.network(ctx, w, d)
}

func (c *catalogue) network(ctx context.Context, w Wanted, d vpsie.Datacenter) (n Network, err error) {
	if n.VPC, err = c.vpc(ctx, w.Wires, d); err != nil {
		return Network{}, err
	}
	for _, want := range w.Wires.FirewallGroups {
		group, err := c.firewallGroup(ctx, want)
		if err != nil {
			return Network{}, err
		}
		if !slices.Contains(n.FirewallGroups, group) { // which may be named by name and by identifier
			n.FirewallGroups = append(n.FirewallGroups, group)
		}
	}
	n.Gateway, err = c.gateway(ctx, w.Wires.GatewayIP, d)
	return n, err
}

func (c *catalogue) vpc(ctx context.Context, w Wires, d vpsie.Datacenter) (*vpsie.VPC, error) {
	if w.VPC == "" && w.VPCID == 0 {
		return nil, nil
	}
	all, err := c.vpcs.get(ctx, c.clock.Now(), c.ttl, c.client.VPCs)
	if err != nil {
		return nil, unreachable(err)
	}
	here := slices.DeleteFunc(slices.Clone(all), func(v vpsie.VPC) bool { return v.DatacenterID != d.Identifier })
	found := slices.DeleteFunc(slices.Clone(here), func(v vpsie.VPC) bool {
		return w.VPCID != 0 && v.ID != w.VPCID || w.VPC != "" && v.Name != w.VPC
	})
	known := names(here, func(v vpsie.VPC) string { return fmt.Sprintf("%s (id %d)", v.Name, v.ID) })
	want := cmp.Or(w.VPC, strconv.Itoa(w.VPCID))
	switch len(found) {
	case 1:
		return &found[0], nil
	case 0:
		return nil, &ConfigError{"VPCNotFound", fmt.Sprintf("VPC not found: spec.networkConfig.vpc %q is no VPC of this account in datacenter %s; known there are %s", want, d.Name, known)}
	}
	return nil, &ConfigError{"VPCNotFound", fmt.Sprintf("VPC not found: spec.networkConfig.vpc.name %q is the name of %d VPCs in datacenter %s; give vpc.id instead; known there are %s", want, len(found), d.Name, known)}
}

func (c *catalogue) firewallGroup(ctx context.Context, want string) (vpsie.FirewallGroup, error) {
	list, err := c.firewalls.get(ctx, c.clock.Now(), c.ttl, c.client.FirewallGroups)
	if err != nil {
		return vpsie.FirewallGroup{}, unreachable(err)
	}
	name := func(g vpsie.FirewallGroup) string { return g.Name }
	group, ok := pick(list, want, func(g vpsie.FirewallGroup) (string, string) { return g.Identifier, g.Name })
	if !ok {
		return group, &ConfigError{"FirewallGroupNotFound", fmt.Sprintf("Firewall group not found: spec.networkConfig.firewallGroups %q is no firewall group of this account; known are %s", want, names(list, name))}
	}
	// The first of several would be a guess at which rules are meant to protect the machine.
	if n := namesakes(list, want, name); n > 1 && group.Identifier != want {
		return group, &ConfigError{"FirewallGroupNotFound", fmt.Sprintf("Firewall group not found: spec.networkConfig.firewallGroups %q is the name of %d firewall groups; give the identifier instead", want, n)}
	}
	return group, nil
}

func (c *catalogue) gateway(ctx context.Context, ip string, d vpsie.Datacenter) (*vpsie.Gateway, error) {
	if ip == "" {
		return nil, nil
	}
	all, err := c.gateways.get(ctx, c.clock.Now(), c.ttl, c.client.Gateways)
	if err != nil {
		return nil, unreachable(err)
	}
	here := slices.DeleteFunc(slices.Clone(all), func(g vpsie.Gateway) bool { return g.DatacenterID != d.Identifier })
	want, _ := netip.ParseAddr(ip) // no address equals none of the account's
	for i, g := range here {
		if have, err := netip.ParseAddr(g.IP); err == nil && have.Unmap() == want.Unmap() {
			return &here[i], nil
		}
	}
	return nil, &ConfigError{"GatewayNotFound", fmt.Sprintf("Gateway not found: spec.networkConfig.gateway.ip %q is no NAT gateway of this account in datacenter %s; known there are %s",
		ip, d.Name, names(here, func(g vpsie.Gateway) string { return g.IP }))}
}

// VPCAddresses are the addresses that the VPS has in the VPC, also those of which nothing is known but that they are there.
func (c *Cloud) VPCAddresses(ctx context.Context, identifier string, vpcID int64) ([]vpsie.VPCAddress, error) {
	a, err := c.current()
	if err != nil {
		return nil, err
	}
	all, err := a.client.VPCAddresses(ctx, int(vpcID))
	if err != nil && !vpsie.IsIncomplete(err) {
		return nil, err
	}
	own := slices.DeleteFunc(all, func(v vpsie.VPCAddress) bool { return v.VMIdentifier != identifier })
	if len(own) == 0 {
		return nil, err // Of a list that shows less than there is, absence is no proof.
	}
	return own, nil
}

// AttachVPC asks for an address of the VPC for the VPS. One that is in the VPC already is no error.
func (c *Cloud) AttachVPC(ctx context.Context, vm *vpsie.VM, vpcID int64) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	err = a.client.AttachVPC(ctx, vm.Identifier, int(vpcID), vm.DatacenterID)
	if vpsie.ClassOf(err) == vpsie.Conflict {
		return nil
	}
	return err
}

// DetachVPC releases an address of the VPS.
func (c *Cloud) DetachVPC(ctx context.Context, identifier string, privateIPID int) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	return a.client.DetachVPC(ctx, identifier, privateIPID)
}

// Firewalled tells whether the firewall group is attached to the VPS. A group that does not exist is not.
func (c *Cloud) Firewalled(ctx context.Context, identifier, group string) (bool, error) {
	a, err := c.current()
	if err != nil {
		return false, err
	}
	members, err := a.client.FirewallMembers(ctx, group)
	if vpsie.IsNotFound(err) {
		return false, nil
	}
	return slices.Contains(members, identifier), err
}

// AttachFirewall attaches the firewall group to the VPS. All changes of firewalls are made one after the other: two at once
// on one VPS break each other, and two of one group may lose one.
func (c *Cloud) AttachFirewall(ctx context.Context, identifier, group string) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	c.firewall.Lock()
	defer c.firewall.Unlock()
	return a.client.AttachFirewall(ctx, identifier, group)
}

// DetachFirewall takes the firewall group off the VPS.
func (c *Cloud) DetachFirewall(ctx context.Context, identifier, group string) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	c.firewall.Lock()
	defer c.firewall.Unlock()
	return a.client.DetachFirewall(ctx, identifier, group)
}

// BehindGateway is the number of the mapping that puts the VPS behind the gateway; 0 when none does.
func (c *Cloud) BehindGateway(ctx context.Context, identifier string, gatewayID int64) (mapping int64, err error) {
	a, err := c.current()
	if err != nil {
		return 0, err
	}
	all, err := a.client.Gateways(ctx)
	if err != nil {
		return 0, err
	}
	for _, g := range all {
		for _, vm := range g.VMs {
			if int64(g.ID) == gatewayID && vm.Identifier == identifier {
				return int64(vm.MappingID), nil
			}
		}
	}
	return 0, nil
}

// AttachGateway puts the VPS behind the gateway.
func (c *Cloud) AttachGateway(ctx context.Context, identifier string, gatewayID int64) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	return a.client.AttachGateway(ctx, identifier, int(gatewayID))
}

// DetachGateway takes the VPS of the mapping from behind the gateway.
func (c *Cloud) DetachGateway(ctx context.Context, gatewayID, mapping int64) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	return a.client.DetachGateway(ctx, int(gatewayID), int(mapping))
}

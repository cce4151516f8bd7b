package cloud

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// What a NodeGroup names is found by name or number, within its datacenter; what is not there is told with the field, what
// there is, and the way out, and nothing can be bought.
func TestNetworkByNameAndNumber(t *testing.T) {
	nodes, web := vpsietest.Identifier("firewall", "nodes"), vpsietest.Identifier("firewall", "web")
	for name, tc := range map[string]struct {
		wires  Wires
		vpc    int
		groups []string
		gate   int
		reason string
		says   []string
	}{
		"nothing":                         {wires: Wires{PublicIPv6: true}},
		"by name":                         {wires: Wires{VPC: "nodes", FirewallGroups: []string{"nodes"}, GatewayIP: "198.51.100.1"}, vpc: 102, groups: []string{nodes}, gate: 501},
		"by number":                       {wires: Wires{VPCID: 101, FirewallGroups: []string{web, nodes}}, vpc: 101, groups: []string{web, nodes}},
		"one group named twice":           {wires: Wires{FirewallGroups: []string{"web", web}}, groups: []string{web}},
		"a gateway in another form":       {wires: Wires{GatewayIP: "::ffff:198.51.100.1"}, gate: 501},
		"no such VPC":                     {wires: Wires{VPC: "prod"}, reason: "VPCNotFound", says: []string{`spec.networkConfig.vpc "prod"`, "dc-us-east-1", "default-us (id 101), nodes (id 102)"}},
		"a VPC of another datacenter":     {wires: Wires{VPC: "nodes-eu"}, reason: "VPCNotFound", says: []string{"in datacenter dc-us-east-1"}},
		"its number":                      {wires: Wires{VPCID: 201}, reason: "VPCNotFound", says: []string{`spec.networkConfig.vpc "201"`}},
		"a VPC's name twice":              {wires: Wires{VPC: "twice"}, reason: "VPCNotFound", says: []string{"is the name of 2 VPCs", "give vpc.id instead", "twice (id 103), twice (id 104)"}},
		"no such firewall group":          {wires: Wires{FirewallGroups: []string{"nodes", "db"}}, reason: "FirewallGroupNotFound", says: []string{`spec.networkConfig.firewallGroups "db"`, "nodes, web"}},
		"a firewall group's name twice":   {wires: Wires{FirewallGroups: []string{"same"}}, reason: "FirewallGroupNotFound", says: []string{"is the name of 2 firewall groups", "give the identifier"}},
		"no such gateway":                 {wires: Wires{GatewayIP: "203.0.113.9"}, reason: "GatewayNotFound", says: []string{`spec.networkConfig.gateway.ip "203.0.113.9"`, "198.51.100.1"}},
		"a gateway of another datacenter": {wires: Wires{GatewayIP: "198.51.100.2"}, reason: "GatewayNotFound", says: []string{"known there are 198.51.100.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			shop := vpsietest.DefaultCatalogue()
			if strings.Contains(name, "twice") {
				shop.VPCs = append(shop.VPCs, vpsietest.VPC{ID: 103, Name: "twice", Datacenter: "dc-us-east-1", Range: "10.40.0.0", Size: 24},
					vpsietest.VPC{ID: 104, Name: "twice", Datacenter: "dc-us-east-1", Range: "10.50.0.0", Size: 24})
				shop.FirewallGroups = append(shop.FirewallGroups, vpsietest.Named{Name: "same", Identifier: "11111111-1111-4111-8111-111111111111"},
					vpsietest.Named{Name: "same", Identifier: "22222222-2222-4222-8222-222222222222"})
			}
			w := setupShop(t, vpsietest.Knobs{}, shop)
			wanted := sample()
			wanted.Wires = tc.wires
			n, err := w.cloud.Network(t.Context(), wanted)
			_, _, market := w.cloud.Market(t.Context(), wanted)
			if tc.reason != "" {
				for _, e := range []error{err, market} {
					reason, _ := IsConfig(e)
					if reason != tc.reason {
						t.Fatalf("reason %q of %v, want %q", reason, e, tc.reason)
					}
					for _, word := range tc.says {
						if !strings.Contains(e.Error(), word) {
							t.Errorf("%q is missing in %v", word, e)
						}
					}
				}
				return
			}
			if err != nil || market != nil {
				t.Fatal(err, market)
			}
			vpc, gate := 0, 0
			if n.VPC != nil {
				vpc = n.VPC.ID
			}
			if n.Gateway != nil {
				gate = n.Gateway.ID
			}
			var groups []string
			for _, g := range n.FirewallGroups {
				groups = append(groups, g.Identifier)
			}
			if vpc != tc.vpc || gate != tc.gate || strings.Join(groups, " ") != strings.Join(tc.groups, " ") {
				t.Errorf("VPC %d, firewall groups %v, gateway %d", vpc, groups, gate)
			}
		})
	}
}

// While the lists of the network cannot be read nothing is bought: a machine must not run outside its network.
func TestNothingIsBoughtWithoutTheNetworksLists(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	if err := w.fake.SetFaults(vpsietest.Fault{Method: http.MethodGet, Path: "/apps/v2/vpc", Status: 400}); err != nil {
		t.Fatal(err)
	}
	wanted := sample()
	if _, _, err := w.cloud.Market(t.Context(), wanted); err != nil {
		t.Errorf("a group without a network: %v", err)
	}
	wanted.Wires.VPC = "nodes"
	if _, _, err := w.cloud.Market(t.Context(), wanted); err == nil {
		t.Error("a group with one can buy")
	}
}

// Machines that are attached to one firewall group at once are all attached, also where VPSie loses one of two changes of a
// group, and breaks one of two changes of a machine.
func TestFirewallsAreChangedOneAfterTheOther(t *testing.T) {
	w := setup(t, vpsietest.Knobs{FirewallMillis: 20, FirewallRaces: "lost"})
	groups := []string{vpsietest.Identifier("firewall", "nodes"), vpsietest.Identifier("firewall", "web")}
	var machines []string
	for _, name := range []string{"a", "b", "c"} {
		m, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: name, Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		machines = append(machines, m.Identifier)
	}
	for listed := 0; listed < len(machines); {
		w.clock.Step(1)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		listed = len(sight.VMs)
	}
	var all sync.WaitGroup
	for _, m := range machines {
		for _, g := range groups {
			all.Go(func() {
				if err := w.cloud.AttachFirewall(t.Context(), m, g); err != nil {
					t.Errorf("attaching: %v", err)
				}
			})
		}
	}
	all.Wait()
	for _, m := range machines {
		for _, g := range groups {
			if has, err := w.cloud.Firewalled(t.Context(), m, g); !has || err != nil {
				t.Errorf("group %s of machine %s: %t, %v", g, m, has, err)
			}
		}
	}
}

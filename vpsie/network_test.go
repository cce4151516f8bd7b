package vpsie_test

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestMachineInItsNetwork attaches a machine to everything and takes it off again.
func TestMachineInItsNetwork(t *testing.T) {
	for name, knobs := range map[string]vpsietest.Knobs{"default": {}, "chatty": {Chatty: true}} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{Knobs: knobs})
			if err := c.client.CreateVM(t.Context(), order("vpsie-web-abcde")); err != nil {
				t.Fatal(err)
			}
			vm := c.running(t, "vpsie-web-abcde")
			c.inVPC(t, vm)
			c.behindFirewall(t, vm)
			c.behindGateway(t, vm)
		})
	}
}

func (c cloud) inVPC(t *testing.T, vm vpsie.VM) {
	t.Helper()
	vpcs, err := c.client.VPCs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := vpsie.VPC{ID: 102, Name: "nodes", DatacenterID: vm.DatacenterID, Range: netip.MustParsePrefix("10.20.0.0/24")}
	if len(vpcs) != 3 || vpcs[1] != want {
		t.Fatalf("VPCs = %+v; want three, the second %+v", vpcs, want)
	}
	if err := c.client.AttachVPC(t.Context(), vm.Identifier, 102, vm.DatacenterID); err != nil {
		t.Fatal(err)
	}
	if err := c.client.AttachVPC(t.Context(), vm.Identifier, 102, vm.DatacenterID); vpsie.ClassOf(err) != vpsie.Conflict {
		t.Errorf("attaching again: %v", err)
	}
	if err := c.client.AttachVPC(t.Context(), vm.Identifier, 201, vm.DatacenterID); vpsie.ClassOf(err) != vpsie.Invalid && vpsie.ClassOf(err) != vpsie.NotFound {
		t.Errorf("a VPC of another datacenter: %v", err)
	}
	in, err := c.client.VPCAddresses(t.Context(), 102)
	if err != nil || len(in) != 1 {
		t.Fatalf("VPCAddresses = %+v, %v", in, err)
	}
	wantIn := vpsie.VPCAddress{VMIdentifier: vm.Identifier, Hostname: vm.Hostname, IP: "10.20.0.10"}
	if diff := cmp.Diff(wantIn, in[0], cmpopts.IgnoreFields(vpsie.VPCAddress{}, "PrivateIPID")); diff != "" || in[0].PrivateIPID == 0 {
		t.Errorf("VPCAddresses (-want +got):\n%s", diff)
	}
	if err := c.client.DetachVPC(t.Context(), vm.Identifier, in[0].PrivateIPID); err != nil {
		t.Error(err)
	}
	if err := c.client.DetachVPC(t.Context(), vm.Identifier, in[0].PrivateIPID); !vpsie.IsNotFound(err) {
		t.Errorf("detaching again: %v", err)
	}
	if in, err := c.client.VPCAddresses(t.Context(), 102); err != nil || len(in) != 0 {
		t.Errorf("VPCAddresses = %+v, %v after the end", in, err)
	}
	// What is no list must not be taken for an empty one: by that an address would be left behind.
	if in, err := c.client.VPCAddresses(t.Context(), 999); err == nil {
		t.Errorf("VPCAddresses of none = %+v", in)
	}
}

func (c cloud) behindFirewall(t *testing.T, vm vpsie.VM) {
	t.Helper()
	groups, err := c.client.FirewallGroups(t.Context())
	if err != nil || len(groups) != 2 || groups[0] != (vpsie.FirewallGroup{Identifier: vpsietest.Identifier("firewall", "nodes"), Name: "nodes"}) {
		t.Fatalf("FirewallGroups = %+v, %v", groups, err)
	}
	members := func() []string {
		t.Helper()
		all, err := c.client.FirewallMembers(t.Context(), groups[0].Identifier)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if err := c.client.AttachFirewall(t.Context(), vm.Identifier, groups[0].Identifier); err != nil {
		t.Error(err)
	}
	if got := members(); !slices.Equal(got, []string{vm.Identifier}) {
		t.Errorf("members %v", got)
	}
	if err := c.client.DetachFirewall(t.Context(), vm.Identifier, groups[0].Identifier); err != nil || len(members()) != 0 {
		t.Errorf("detaching: %v, left are %v", err, members())
	}
	if err := c.client.DetachFirewall(t.Context(), vm.Identifier, groups[0].Identifier); !vpsie.IsNotFound(err) {
		t.Errorf("detaching again: %v", err)
	}
	if _, err := c.client.FirewallMembers(t.Context(), vm.Identifier); !vpsie.IsNotFound(err) {
		t.Errorf("members of no group: %v", err)
	}
}

func (c cloud) behindGateway(t *testing.T, vm vpsie.VM) {
	t.Helper()
	if err := c.client.AttachGateway(t.Context(), vm.Identifier, 501); err != nil {
		t.Fatal(err)
	}
	all, err := c.client.Gateways(t.Context())
	if err != nil || len(all) != 2 || all[0].ID != 501 || all[0].IP != "198.51.100.1" || all[0].DatacenterID != vm.DatacenterID || len(all[0].VMs) != 1 || len(all[1].VMs) != 0 {
		t.Fatalf("Gateways = %+v, %v", all, err)
	}
	mapping := all[0].VMs[0]
	if mapping.Identifier != vm.Identifier || mapping.MappingID == 0 {
		t.Errorf("behind the gateway is %+v", mapping)
	}
	if err := c.client.DetachGateway(t.Context(), 501, mapping.MappingID); err != nil {
		t.Error(err)
	}
	if err := c.client.DetachGateway(t.Context(), 501, mapping.MappingID); !vpsie.IsNotFound(err) {
		t.Errorf("detaching again: %v", err)
	}
	if left := c.Ledger().Attachments; len(left) != 0 {
		t.Errorf("left are %+v", left)
	}
}

// TestAnswersOfTheNetworkThatAreNoYes: a machine counts as attached only where the API says so.
func TestAnswersOfTheNetworkThatAreNoYes(t *testing.T) {
	for name, tc := range map[string]struct {
		fault vpsietest.Fault
		class vpsie.Class
		may   bool
	}{
		"false":               {vpsietest.Fault{Status: 200, Body: []byte(`{"error":false,"data":false}`)}, vpsie.NotFound, false},
		"false with a word":   {vpsietest.Fault{Status: 200, Body: []byte(`{"error":false,"data":false,"message":"ipSetNotCreated"}`)}, vpsie.Temporary, true},
		"no success":          {vpsietest.Fault{Status: 200, Body: []byte(`{"error":false,"data":{"success":false,"message":"quota exceeded"}}`)}, vpsie.Quota, false},
		"a gateway's page":    {vpsietest.Fault{Status: 502, Body: []byte(`"<html>"`)}, vpsie.Temporary, true},
		"a dropped answer":    {vpsietest.Fault{Status: 0}, vpsie.Temporary, true},
		"yes, with chat":      {vpsietest.Fault{Status: 200, Body: []byte(`{"error":false,"data":true,"message":"in progress"}`)}, "", false},
		"refused with an id":  {vpsietest.Fault{Status: 400, Body: []byte(`{"error":true,"code":400,"message":"nope"}`)}, vpsie.Invalid, false},
		"throttled, repeated": {vpsietest.Fault{Status: 429, Body: []byte(`{"error":true,"message":"Too many requests"}`)}, vpsie.Throttled, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{})
			tc.fault.Method, tc.fault.Path = http.MethodPost, "/apps/v2/firewall/attach/group"
			if err := c.SetFaults(tc.fault); err != nil {
				t.Fatal(err)
			}
			err := c.client.AttachFirewall(t.Context(), "a", "b")
			if vpsie.ClassOf(err) != tc.class || vpsie.MayHaveHappened(err) != tc.may || tc.class == "" && err != nil {
				t.Errorf("AttachFirewall = %v (class %q, may have happened %t)", err, vpsie.ClassOf(err), vpsie.MayHaveHappened(err))
			}
			if slept := c.clock.Slept(); slices.ContainsFunc(slept, func(d time.Duration) bool { return d > time.Minute }) {
				t.Errorf("it slept %v: what changes something is not repeated", slept)
			}
		})
	}
}

package vpsietest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// listed orders a machine and waits until the list has it.
func (c *cloud) listed(t *testing.T, hostname string) (identifier string) {
	t.Helper()
	c.order(t, hostname)
	eventually(t, hostname+" is listed", func() bool {
		for _, vm := range c.list(t) {
			if vm["hostname"] == hostname {
				identifier = fmt.Sprint(vm["identifier"])
			}
		}
		return identifier != ""
	})
	return identifier
}

// data makes a request and decodes the answer's data.
func (c *cloud) data(t *testing.T, method, path, body string, into any) {
	t.Helper()
	status, text := c.api(t, method, path, body)
	var answer struct {
		Error bool
		Data  json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 200 || answer.Error {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		t.Fatalf("%s %s: %s: %v", method, path, text, err)
	}
}

type vpcMachine struct {
	Identifier     string
	VPCIP          string `json:"vpc_ip"`
	PrivateIPID    int    `json:"private_ip_id"`
	IsDisconnected int    `json:"is_disconnected"`
}

func TestVPCAddressComesLateAndLeaksUnlessReleased(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{VPCMillis: 50}})
	us := vpsietest.Identifier("datacenter", "dc-us-east-1")
	var vpcs []struct {
		ID           int
		Name         string
		NetworkRange string `json:"network_range"`
		NetworkSize  int    `json:"network_size"`
		DC           string `json:"dc_identifier"`
	}
	c.data(t, "GET", "/apps/v2/vpc", "", &vpcs)
	if len(vpcs) != 3 || vpcs[1].ID != 102 || vpcs[1].Name != "nodes" || vpcs[1].NetworkRange != "10.20.0.0" || vpcs[1].NetworkSize != 24 || vpcs[1].DC != us {
		t.Fatalf("VPCs: %+v", vpcs)
	}
	a := c.listed(t, "a")
	attach := func(vm, vpc, dc string) (int, string) {
		return c.api(t, "POST", "/apps/v2/vm/add/vpc", fmt.Sprintf(`{"vmIdentifier":%q,"vpcId":%s,"dcIdentifier":%q}`, vm, vpc, dc))
	}
	for name, tc := range map[string]struct{ vm, vpc, dc, want string }{
		"id as text":                {a, `"102"`, us, "vpcId: is a JSON string"},
		"another datacenter's":      {a, "201", us, "not found in the datacenter"},
		"wrong datacenter":          {a, "102", vpsietest.Identifier("datacenter", "dc-eu-west-1"), "not found in the datacenter"},
		"none of this number":       {a, "999", us, "not found in the datacenter"},
		"a machine that is not one": {"x", "102", us, `"data":false`},
	} {
		if status, text := attach(tc.vm, tc.vpc, tc.dc); !strings.Contains(text, tc.want) {
			t.Errorf("%s: %d %s, want %s", name, status, text, tc.want)
		}
	}
	if status, text := attach(a, "102", us); status != 200 || text != `{"data":true,"error":false}` {
		t.Fatalf("attaching: %d %s", status, text)
	}
	if status, text := attach(a, "102", us); status != 409 {
		t.Errorf("attaching twice: %d %s", status, text)
	}
	var in []vpcMachine
	c.data(t, "GET", "/apps/v2/vpc/vms/102", "", &in)
	if len(in) != 0 {
		t.Errorf("the address is there at once: %+v", in)
	}
	eventually(t, "the address shows", func() bool { c.data(t, "GET", "/apps/v2/vpc/vms/102", "", &in); return len(in) == 1 })
	if in[0].Identifier != a || in[0].VPCIP != "10.20.0.10" || in[0].IsDisconnected != 0 || in[0].PrivateIPID == 0 {
		t.Errorf("the VPC's machine: %+v", in[0])
	}
	if err := c.Act(a, "destroy"); err != nil {
		t.Fatal(err)
	}
	c.data(t, "GET", "/apps/v2/vpc/vms/102", "", &in)
	if len(in) != 1 || in[0].IsDisconnected != 1 || c.Ledger().PrivateIPs[0].Released {
		t.Errorf("the address of a machine that is gone does not leak: %+v", in)
	}
	release := fmt.Sprintf(`{"vmIdentifier":%q,"privateIpId":%d}`, a, in[0].PrivateIPID)
	if status, text := c.api(t, "DELETE", "/apps/v2/vm/vpc", release); status != 200 || !strings.Contains(text, `"data":true`) {
		t.Errorf("releasing: %d %s", status, text)
	}
	if !c.Ledger().PrivateIPs[0].Released {
		t.Error("the ledger does not say that the address is free")
	}
}

func TestTwoFirewallChangesAtOnceBreak(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{FirewallMillis: 200}})
	a := c.listed(t, "a")
	change := func(action, group string) string {
		_, text := c.api(t, "POST", "/apps/v2/firewall/"+action+"/group", fmt.Sprintf(`{"vmId":%q,"groupId":%q}`, a, vpsietest.Identifier("firewall", group)))
		return text
	}
	var both sync.WaitGroup
	answers := make([]string, 2)
	for i, group := range []string{"web", "nodes"} {
		both.Go(func() { answers[i] = change("attach", group) })
	}
	both.Wait()
	if n := strings.Count(strings.Join(answers, ""), "ipSetNotCreated"); n != 1 {
		t.Errorf("%d of two changes at once broke: %q", n, answers)
	}
	c.must(t, "PUT", "/knobs", `{"firewallMillis":0}`)
	members := func(group string) int64 {
		var groups []struct {
			Name string `json:"group_name"`
			VMs  int64
		}
		c.data(t, "GET", "/apps/v2/firewall/groups", "", &groups)
		i := slices.IndexFunc(groups, func(g struct {
			Name string `json:"group_name"`
			VMs  int64
		},
		) bool {
			return g.Name == group
		})
		return groups[i].VMs
	}
	change("attach", "web")
	change("attach", "nodes")
	if members("web") != 1 || members("nodes") != 1 {
		t.Error("the groups do not have the machine")
	}
	if change("detach", "web"); members("web") != 0 || members("nodes") != 1 {
		t.Error("the group still has the machine")
	}
	if text := change("attach", "other"); !strings.Contains(text, "Firewall group not found") {
		t.Errorf("an unknown group: %s", text)
	}
}

func TestGatewayIsAttachedAndDetachedByItsMapping(t *testing.T) {
	c := start(t, vpsietest.Options{})
	a := c.listed(t, "a")
	attached := func() (mapping int) {
		var data struct {
			Rows []struct {
				ID          int
				AttachedVms []struct {
					Identifier string
					Mapping    int `json:"gateway_mapping_id"`
				}
			}
		}
		c.data(t, "GET", "/apps/v2/gateways/ips", "", &data)
		for _, g := range data.Rows {
			for _, vm := range g.AttachedVms {
				if g.ID == 501 && vm.Identifier == a {
					mapping = vm.Mapping
				}
			}
		}
		return mapping
	}
	for body, want := range map[string]string{
		`{"vms":["` + a + `"],"ipId":502,"ignoreLegacyVms":0}`: "not found in the datacenter",
		`{"vms":["` + a + `"],"ipId":1,"ignoreLegacyVms":0}`:   "Gateway not found",
		`{"vms":["` + a + `"],"ipId":501}`:                     "lost in the clouds",
	} {
		if _, text := c.api(t, "POST", "/apps/v2/gateways/attach/vms", body); !strings.Contains(text, want) {
			t.Errorf("%s: %s, want %s", body, text, want)
		}
	}
	c.api(t, "POST", "/apps/v2/gateways/attach/vms", `{"vms":["`+a+`"],"ipId":501,"ignoreLegacyVms":0}`)
	mapping := attached()
	if mapping == 0 {
		t.Fatal("the machine is not attached")
	}
	c.api(t, "POST", "/apps/v2/gateways/detach/vms", fmt.Sprintf(`{"mapIds":[%d],"ipId":501}`, mapping))
	if attached() != 0 {
		t.Error("the machine is still attached")
	}
}

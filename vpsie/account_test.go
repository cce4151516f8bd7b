package vpsie_test

import (
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestBalanceInEveryShape(t *testing.T) {
	const usage, profile = "/apps/v2/billing/estimated/usages", "/apps/v2/profile/user"
	for name, tc := range map[string]struct {
		usage, profile string // bodies; empty has no such route
		want           vpsie.Funds
		class          vpsie.Class
	}{
		"beside the usages":  {usage: `{"error":false,"data":[],"balanceData":{"current_balance":12.5,"monthly_charge":"24.00","is_post_paid":0}}`, want: vpsie.Funds{Current: 12_500_000, PerMonth: 24_000_000}},
		"in the data":        {usage: `{"error":false,"data":{"rows":[],"balanceData":{"current_balance":"-1.25","is_post_paid":0}}}`, want: vpsie.Funds{Current: -1_250_000}},
		"billed afterwards":  {usage: `{"error":false,"data":[],"balanceData":{"current_balance":0,"is_post_paid":1}}`, want: vpsie.Funds{PostPaid: true}},
		"in the profile":     {profile: `{"error":false,"data":{"current_balance":7,"monthly_charge":"x"}}`, want: vpsie.Funds{Current: 7_000_000}},
		"nowhere":            {class: vpsie.NotFound},
		"unsaid":             {usage: `{"error":false,"data":[]}`, profile: `{"error":false,"data":false}`, class: vpsie.NotFound},
		"no object at all":   {usage: `{"error":false,"data":[],"balanceData":[]}`, profile: `{"error":false,"data":[]}`, class: vpsie.NotFound},
		"not for this token": {usage: `{"error":true,"code":403,"message":"permission denied"}`, class: vpsie.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{NoBilling: true}})
			var faults []vpsietest.Fault
			for path, body := range map[string]string{usage: tc.usage, profile: tc.profile} {
				if body != "" {
					faults = append(faults, vpsietest.Fault{Path: path, Status: 200, Body: text(body)})
				}
			}
			if err := c.SetFaults(faults...); err != nil {
				t.Fatal(err)
			}
			got, err := c.client.Funds(t.Context())
			if got != tc.want || vpsie.ClassOf(err) != tc.class {
				t.Errorf("Funds = %+v, %v; want %+v, %s", got, err, tc.want, tc.class)
			}
		})
	}
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{Balance: "20"}})
	if err := c.client.CreateVM(t.Context(), order("a")); err != nil {
		t.Fatal(err)
	}
	if got, err := c.client.Funds(t.Context()); err != nil || got.PerMonth != 12_000_000 || got.Current <= 19_000_000 || got.Current > 20_000_000 || got.PostPaid {
		t.Errorf("Funds = %+v, %v", got, err)
	}
}

func TestRestartVM(t *testing.T) {
	for _, chatty := range []bool{false, true} {
		c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{Chatty: chatty}})
		if err := c.client.CreateVM(t.Context(), order("a")); err != nil {
			t.Fatal(err)
		}
		vm := c.running(t, "a")
		if err := c.Act(vm.Identifier, "stop"); err != nil {
			t.Fatal(err)
		}
		if err := c.client.RestartVM(t.Context(), vm.Identifier); err != nil {
			t.Fatal(err)
		}
		c.running(t, "a")
		if err := c.client.RestartVM(t.Context(), "none"); !vpsie.IsNotFound(err) {
			t.Errorf("restarting what is not there: %v", err)
		}
		if err := c.Act(vm.Identifier, "suspend"); err != nil {
			t.Fatal(err)
		}
		if err := c.client.RestartVM(t.Context(), vm.Identifier); err == nil || vpsie.MayHaveHappened(err) {
			t.Errorf("restarting what is suspended: %v", err)
		}
	}
}

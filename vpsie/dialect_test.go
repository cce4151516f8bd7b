package vpsie_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// stockOrder is an order of one of the vendor's own images.
func stockOrder(hostname string) vpsie.CreateRequest {
	r := order(hostname)
	r.ImageID, r.CustomImage = vpsietest.Identifier("image", "Ubuntu 24.04"), false
	return r
}

const (
	routeA = "/api/v2/vm"
	routeB = "/apps/v2/vm"
)

// Whatever the API takes, one order is one machine with what was ordered, and the second order asks only once.
func TestDialectIsFoundByRefusalsAndRemembered(t *testing.T) {
	for name, tc := range map[string]struct {
		knobs   vpsietest.Knobs
		custom  bool
		dialect vpsie.Dialect
		orders  map[string]int // by route, for two orders
	}{
		"both":                    {dialect: vpsie.DialectA, orders: map[string]int{routeA: 2}},
		"A only":                  {knobs: vpsietest.Knobs{OrderDialect: "A"}, dialect: vpsie.DialectA, orders: map[string]int{routeA: 2}},
		"B only":                  {knobs: vpsietest.Knobs{OrderDialect: "B"}, dialect: vpsie.DialectB, orders: map[string]int{routeA: 1, routeB: 2}},
		"custom":                  {custom: true, dialect: vpsie.DialectA, orders: map[string]int{ordersPath: 2}},
		"custom, B only":          {knobs: vpsietest.Knobs{OrderDialect: "B"}, custom: true, dialect: vpsie.DialectB, orders: map[string]int{ordersPath: 3}},
		"B only, refusals as 200": {knobs: vpsietest.Knobs{OrderDialect: "B", ErrorsAt200: true}, dialect: vpsie.DialectB, orders: map[string]int{routeA: 1, routeB: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			booted := &bootOnce{machines: make(chan vpsietest.Machine, 2)}
			c := start(t, vpsietest.Options{Booter: booted, Knobs: tc.knobs})
			for _, hostname := range []string{"a", "b"} {
				r := stockOrder(hostname)
				if tc.custom {
					r = order(hostname)
				}
				if err := c.client.CreateVM(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if m := <-booted.machines; m.IPv4 == "" || !strings.Contains(m.UserData, "#cloud-config\n") {
					t.Errorf("machine %s has IPv4 %q and user data %q", m.Hostname, m.IPv4, m.UserData)
				}
			}
			if got := c.client.Dialect(tc.custom); got != tc.dialect {
				t.Errorf("dialect %q, want %q", got, tc.dialect)
			}
			for _, route := range []string{routeA, routeB, ordersPath} {
				if n := c.requests("POST", route); n != tc.orders[route] {
					t.Errorf("%d orders went to %s, want %d", n, route, tc.orders[route])
				}
			}
			if n := len(c.Ledger().VMs); n != 2 {
				t.Errorf("%d machines were bought, want 2", n)
			}
		})
	}
}

// An API that takes another dialect than it did is followed, also when its list of scripts claims more than it shows.
func TestDialectFollowsTheAPI(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{TotalExcess: 5}})
	for i, now := range []vpsie.Dialect{vpsie.DialectA, vpsie.DialectB, vpsie.DialectA} {
		if err := c.PatchKnobs([]byte(`{"orderDialect":"` + string(now) + `"}`)); err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			if err := c.client.CreateVM(t.Context(), stockOrder(fmt.Sprintf("m%d%d", i, n))); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.client.Dialect(false); got != now {
			t.Errorf("the dialect is %s, remembered is %s", now, got)
		}
	}
	if a, b := c.requests("POST", routeA), c.requests("POST", routeB); a != 5 || b != 3 || len(c.Ledger().VMs) != 6 {
		t.Errorf("%d orders in A, %d in B, %d machines; want 5 and 3 for 6 machines", a, b, len(c.Ledger().VMs))
	}
}

// What kept the second dialect from being tried stands beside the refusal of the first.
func TestBothRefusalsAreTold(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{OrderDialect: "B"}})
	r := stockOrder("a")
	r.UserData = "neither"
	err := c.client.CreateVM(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "; UserData: begins neither") {
		t.Errorf("CreateVM = %v", err)
	}
}

// Only a refusal of the form is answered in the other dialect: anything else would be ordered, and perhaps bought, twice.
func TestOtherDialectIsTriedAfterRefusalsOfTheFormOnly(t *testing.T) {
	for message, other := range map[string]bool{
		`"addPublicIpV4" must be one of [0, 1]`:              true,
		`"addPrivateIp" must be a number`:                    true,
		`"userData" is not allowed`:                          true,
		`userData: no such field, which is not allowed`:      true,
		`"isGeneratedPassword" must be a boolean`:            true,
		`"processId" is not allowed`:                         true,
		"Sorry, your request got lost in the clouds":         true,
		`"userData" length must be at most 16384 characters`: false,
		"userData is too long":                               false,
		"Please select the right package for this OS":        false,
		"VPS count exceeds the allowed limit 5":              false,
		"please add credit":                                  false,
		"permission denied":                                  false,
		"hostname is not valid":                              false,
		"The selected package is out of stock":               false,
	} {
		t.Run(message, func(t *testing.T) {
			c := start(t, vpsietest.Options{})
			refusal := vpsietest.Fault{Method: "POST", Path: routeA, Status: 400, Body: text(`{"error":true,"message":` + quoted(message) + `}`)}
			if err := c.SetFaults(refusal); err != nil {
				t.Fatal(err)
			}
			err := c.client.CreateVM(t.Context(), stockOrder("a"))
			if bought := len(c.Ledger().VMs) == 1; bought != other || (err == nil) != other {
				t.Errorf("bought %v, %v; want %v", bought, err, other)
			}
			if tried := c.requests("POST", routeB) == 1; tried != other {
				t.Errorf("the other dialect was tried: %v, want %v", tried, other)
			}
		})
	}
	for name, fault := range map[string]vpsietest.Fault{
		"lost answer": {Status: 0, Effect: "after"}, "gateway": {Status: 502, Effect: "after"}, "crash": {Status: 500, Body: text(`{"error":true,"message":"userData"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{})
			fault.Method, fault.Path = "POST", routeA
			if err := c.SetFaults(fault); err != nil {
				t.Fatal(err)
			}
			if err := c.client.CreateVM(t.Context(), stockOrder("a")); !vpsie.MayHaveHappened(err) || c.requests("POST", routeB) != 0 {
				t.Errorf("CreateVM = %v, after %d orders in the other dialect", err, c.requests("POST", routeB))
			}
		})
	}
}

// A forced dialect is the only one that is spoken.
func TestForcedDialect(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{OrderDialect: "B"}}, func(o *vpsie.Options) { o.Dialect = vpsie.DialectA })
	if err := c.client.CreateVM(t.Context(), stockOrder("a")); vpsie.ClassOf(err) != vpsie.Invalid || c.requests("POST", routeB) != 0 {
		t.Errorf("CreateVM = %v", err)
	}
	c = start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.Dialect = vpsie.DialectB })
	if err := c.client.CreateVM(t.Context(), stockOrder("a")); err != nil || c.requests("POST", routeA) != 0 {
		t.Errorf("CreateVM = %v", err)
	}
	if _, err := vpsie.New(vpsie.Options{Token: "t", Dialect: "C"}); err == nil || !strings.Contains(err.Error(), `dialect: "C" is neither A nor B`) {
		t.Errorf("New = %v", err)
	}
}

// Dialect B has no user data: a stored script carries them, and does not outlive a refusal.
func TestUserDataTravelsAsAScriptInDialectB(t *testing.T) {
	booted := &bootOnce{machines: make(chan vpsietest.Machine, 2)}
	c := start(t, vpsietest.Options{Booter: booted}, func(o *vpsie.Options) { o.Dialect = vpsie.DialectB })
	script := stockOrder("a")
	script.UserData = "#!/bin/sh\necho hello\n"
	if err := c.client.CreateVM(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	if m := <-booted.machines; m.UserData != script.UserData {
		t.Errorf("the script became %q", m.UserData)
	}
	config := stockOrder("b")
	config.UserData = "#cloud-config\nruncmd:\n- [kubeadm, join]\n"
	if err := c.client.CreateVM(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	m := <-booted.machines
	for _, part := range []string{"#!/bin/bash\n", "\n" + config.UserData, "cloud-init modules --mode=final\n", "network: {config: disabled}"} {
		if !strings.Contains(m.UserData, part) {
			t.Errorf("the script lacks %q:\n%s", part, m.UserData)
		}
	}
	other := stockOrder("c")
	other.UserData = "machine:\n  type: worker\n"
	if err := c.client.CreateVM(t.Context(), other); vpsie.ClassOf(err) != vpsie.Invalid || !strings.Contains(err.Error(), "neither with #! nor with #cloud-config") {
		t.Errorf("CreateVM with other user data = %v", err)
	}
	if err := c.PatchKnobs([]byte(`{"quota":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := c.client.CreateVM(t.Context(), stockOrder("d")); vpsie.ClassOf(err) != vpsie.Quota {
		t.Errorf("CreateVM beyond the quota = %v", err)
	}
	if got := strings.Join(c.Ledger().Scripts, " "); got != "a.sh b.sh" {
		t.Errorf("stored scripts: %s", got)
	}
	if err := c.client.DeleteScripts(t.Context(), func(s vpsie.Script) bool { return s.Name == "a.sh" }); err != nil || len(c.Ledger().Scripts) != 1 {
		t.Errorf("DeleteScripts = %v, left are %v", err, c.Ledger().Scripts)
	}
}

// The probe finds the dialect, and buys nothing.
func TestProbeOrderBuysNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		knobs vpsietest.Knobs
		want  vpsie.Dialect
	}{
		"both": {want: vpsie.DialectA}, "A": {vpsietest.Knobs{OrderDialect: "A"}, vpsie.DialectA}, "B": {vpsietest.Knobs{OrderDialect: "B"}, vpsie.DialectB},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{Knobs: tc.knobs})
			for _, r := range []vpsie.CreateRequest{stockOrder("probe"), order("probe")} {
				got, err := c.client.ProbeOrder(t.Context(), r)
				if err != nil || got != tc.want || c.client.Dialect(r.CustomImage) != tc.want {
					t.Errorf("ProbeOrder = %q, %v, want %q; remembered is %q", got, err, tc.want, c.client.Dialect(r.CustomImage))
				}
			}
			if n := len(c.Ledger().VMs); n != 0 {
				t.Errorf("%d machines were bought", n)
			}
		})
	}
	c := start(t, vpsietest.Options{})
	if err := c.SetFaults(vpsietest.Fault{Method: "POST", Path: routeA, Status: 200, Body: text(`{"error":false,"data":true}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client.ProbeOrder(t.Context(), stockOrder("probe")); !vpsie.MayHaveHappened(err) {
		t.Errorf("ProbeOrder that was accepted = %v", err)
	}
}

// quoted is the text as JSON.
func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

package vpsietest_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func (c *cloud) hostnames(t *testing.T) string {
	t.Helper()
	var all []string
	for _, vm := range c.list(t) {
		all = append(all, vm["hostname"].(string))
	}
	return strings.Join(all, " ")
}

func TestListsMayLackMachines(t *testing.T) {
	catalogue := vpsietest.DefaultCatalogue()
	catalogue.Projects = append(catalogue.Projects, vpsietest.Named{Name: "second"})
	c := start(t, vpsietest.Options{Catalogue: catalogue})
	for _, spec := range []vpsietest.VMSpec{{Hostname: "a"}, {Hostname: "b", Project: "second"}, {Hostname: "c"}} {
		spec.Plan, spec.Datacenter = "small-2cpu-4gb", "dc-us-east-1"
		if _, err := c.AddVM(spec); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all are listed", func() bool { return c.hostnames(t) == "a b c" })
	for knobs, want := range map[string]string{
		`{"listProject":"second"}`: "b", `{"listProject":"` + vpsietest.Identifier("project", "default") + `"}`: "a c", `{"hiddenRows":1}`: "a b", `{"hiddenRows":9}`: "",
	} {
		c.must(t, "PUT", "/knobs", `{"listProject":"","hiddenRows":0}`)
		c.must(t, "PUT", "/knobs", knobs)
		if got := c.hostnames(t); got != want {
			t.Errorf("%s: the list has %q, want %q", knobs, got, want)
		}
	}
	c.must(t, "PUT", "/knobs", `{"listProject":"","hiddenRows":2}`)
	if _, text := c.api(t, "GET", "/apps/v2/vm", ""); !strings.Contains(text, `"total":1`) {
		t.Errorf("the total counts rows that are hidden: %s", text)
	}
}

// The gap of the server's own clock passes without waiting.
func TestGapInFakeTime(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{GapSeconds: 300}})
	c.order(t, "a")
	eventually(t, "it is pending no longer", func() bool { return c.Ledger().VMs[0].State == "listed" })
	c.advance(299 * time.Second)
	if got := c.hostnames(t); got != "" {
		t.Errorf("listed before its time: %s", got)
	}
	c.advance(time.Second)
	if got := c.hostnames(t); got != "a" {
		t.Errorf("five minutes later the list has %q", got)
	}
}

func TestChatAndTheOrderOfChecks(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{Chatty: true, PasswordAfterExistence: true}})
	if status, text := c.api(t, "POST", ordersPath, order("a", nil)); status != 200 || !strings.Contains(text, `"error":false`) || !strings.Contains(text, "in progress") {
		t.Errorf("a chatty answer: %d %s", status, text)
	}
	if _, text := c.api(t, "DELETE", "/apps/v2/vm", `{"vmIdentifier":"x","password":"wrong","deleteStatistic":{}}`); text != `{"data":false,"error":false}` {
		t.Errorf("a wrong password for a machine that is not there: %s", text)
	}
	c.must(t, "PUT", "/knobs", `{"passwordAfterExistence":false}`)
	if _, text := c.api(t, "DELETE", "/apps/v2/vm", `{"vmIdentifier":"x","password":"wrong","deleteStatistic":{}}`); !strings.Contains(text, "wrong password") {
		t.Errorf("the same, with the password first: %s", text)
	}
}

func TestEachRouteHasItsDialect(t *testing.T) {
	const routeA, routeB = "/api/v2/vm", "/apps/v2/vm"
	stock := map[string]any{"osIdentifier": vpsietest.Identifier("image", "Ubuntu 24.04")}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{stock, more} {
			maps.Copy(all, m)
		}
		return all
	}
	ints := with(map[string]any{"addPublicIpV4": 1, "addPublicIpV6": 0, "addPrivateIp": 1, "backupEnabled": 0})
	userData := map[string]any{"userData": "aGVsbG8="}
	for name, tc := range map[string]struct {
		knobs, path string
		change      map[string]any
		want        string
	}{
		"texts at A":              {`{}`, routeA, stock, `"data":true`},
		"user data at A":          {`{}`, routeA, with(userData), `"data":true`},
		"numbers at B":            {`{}`, routeB, ints, `"data":true`},
		"texts at B":              {`{}`, routeB, stock, `\"addPublicIpV4\" must be one of [0, 1]`},
		"user data at B":          {`{}`, routeB, with(map[string]any{"userData": "aGVsbG8=", "addPublicIpV4": 1}), `\"userData\" is not allowed`},
		"own image at A":          {`{}`, routeA, nil, "right package for this OS"},
		"stock image at custom":   {`{}`, ordersPath, stock, "right package for this OS"},
		"boolean password at A":   {`{}`, routeA, with(map[string]any{"isGeneratedPassword": true}), "must be a number"},
		"A is closed":             {`{"orderDialect":"B"}`, routeA, stock, "Not found"},
		"B is closed":             {`{"orderDialect":"A"}`, routeB, ints, "Not found"},
		"texts at custom, B only": {`{"orderDialect":"B"}`, ordersPath, nil, "must be one of [0, 1]"},
		"dropped at B":            {`{"unknownKeys":"dropped"}`, routeB, with(map[string]any{"addPublicIpV4": 1, "addPublicIpV6": 0, "addPrivateIp": 1, "backupEnabled": 0, "userData": "aGVsbG8=", "x": 1}), `"data":true`},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{})
			c.must(t, "PUT", "/knobs", tc.knobs)
			if _, text := c.api(t, "POST", tc.path, order("a", tc.change)); !strings.Contains(text, tc.want) {
				t.Errorf("%s, want %s", text, tc.want)
			}
		})
	}
}

func TestUserDataMayBeDropped(t *testing.T) {
	seen := make(chan vpsietest.Machine, 1)
	c := start(t, vpsietest.Options{Booter: bootFunc(func(m vpsietest.Machine) { seen <- m }), Knobs: vpsietest.Knobs{DropUserData: true}})
	c.api(t, "POST", ordersPath, order("a", map[string]any{"userData": "aGVsbG8="}))
	if m := <-seen; m.UserData != "" {
		t.Errorf("user data: %q", m.UserData)
	}
}

func TestPrepaidAccount(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{Balance: "1.00"}})
	c.listed(t, "a")
	type account struct {
		Balance float64 `json:"current_balance"`
		Monthly string  `json:"monthly_charge"`
	}
	var got account
	c.data(t, "GET", "/apps/v2/profile/user", "", &got)
	if got.Balance != 1 || got.Monthly != "12.00" {
		t.Errorf("at first: %+v", got)
	}
	c.advance(30 * time.Hour) // 12 dollars a month are half a dollar in 30 hours
	c.data(t, "GET", "/apps/v2/profile/user", "", &got)
	if got.Balance < 0.49 || got.Balance > 0.51 {
		t.Errorf("after 30 hours: %+v", got)
	}
	c.advance(31 * time.Hour)
	if vm := c.list(t)[0]; vm["is_suspended"] != 1.0 || vm["power"] != 0.0 {
		t.Errorf("an empty account's machine: %v", vm)
	}
	if _, text := c.api(t, "POST", ordersPath, order("b", nil)); !strings.Contains(text, "not have enough balance") {
		t.Errorf("an order for an empty account: %s", text)
	}
	c.must(t, "PUT", "/knobs", `{"balance":"50"}`)
	if c.data(t, "GET", "/apps/v2/profile/user", "", &got); got.Balance != 50 {
		t.Errorf("filled up: %+v", got)
	}
	c.order(t, "b")
	c.must(t, "PUT", "/knobs", `{"noBilling":true}`)
	for _, path := range []string{"/apps/v2/profile/user", "/apps/v2/billing/estimated/usages"} {
		if status, _ := c.api(t, "GET", path, ""); status != 404 {
			t.Errorf("without billing %s answers %d", path, status)
		}
	}
	if status, text := c.adminCall(t, "PUT", "/knobs", `{"balance":"much"}`); status != 400 || !strings.Contains(text, "balance: ") {
		t.Errorf("a balance that is none: %d %s", status, text)
	}
}

// A machine that hangs is powered on and dead; a restart brings it back, as it does after a stop.
func TestRestartCuresAMachineThatHangs(t *testing.T) {
	r := make(recorder, 100)
	c := start(t, vpsietest.Options{Booter: r})
	a := c.listed(t, "a")
	r.want(t, "boot a", "ready a")
	power := func() any { return c.list(t)[0]["power"] }
	restart := `{"vmIdentifier":"` + a + `"}`
	c.must(t, "POST", "/vms/"+a+"/hang", "")
	r.want(t, "gone a")
	if power() != 1.0 {
		t.Error("a machine that hangs is off")
	}
	if _, text := c.api(t, "GET", "/apps/v2/vm/live/agent/status/"+a, ""); !strings.Contains(text, `"data":false`) {
		t.Errorf("the agent of a machine that hangs: %s", text)
	}
	c.api(t, "POST", "/apps/v2/vm/restart", restart)
	r.want(t, "boot a", "ready a")
	c.api(t, "POST", "/apps/v2/vm/restart", restart)
	r.want(t, "gone a", "boot a", "ready a")
	c.api(t, "POST", "/apps/v2/vm/stop", restart)
	r.want(t, "gone a")
	if power() != 0.0 {
		t.Error("a machine that was stopped is on")
	}
	c.api(t, "POST", "/apps/v2/vm/start", restart)
	r.want(t, "boot a", "ready a")
	eventually(t, "it is on", func() bool { return power() == 1.0 })
	c.api(t, "DELETE", "/apps/v2/vm", deletion(a))
	r.want(t, "gone a")
	if _, text := c.api(t, "POST", "/apps/v2/vm/restart", restart); !strings.Contains(text, `"data":false`) {
		t.Errorf("restarting what is gone: %s", text)
	}
}

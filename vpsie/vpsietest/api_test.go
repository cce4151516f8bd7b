package vpsietest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestRoutes(t *testing.T) {
	c := start(t, vpsietest.Options{})
	form := url.Values{
		"dcIdentifier": {vpsietest.Identifier("datacenter", "dc-us-east-1")}, "osIdentifier": {vpsietest.Identifier("image", "debian-12")},
		"planCatIdentifier": {"x"},
	}.Encode()
	const asForm = "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		method, path, kind, body string
		status                   int
	}{
		{"GET", "/apps/v2/vm", "", "", 200},
		{"GET", "/api/v2/vm", "", "", 200},
		{"GET", "/api/v2/vm/pending", "", "", 200},
		{"GET", "/api/v2/plans/category", "", "", 200},
		{"GET", "/apps/v2/plans/category", "", "", 404},
		{"POST", "/apps/v2/resources", asForm, form, 200},
		{"POST", "/apps/v2/resources", "application/json", "{}", 400},
		{"POST", "/api/v2/resources", asForm, form, 404},
		{"POST", "/api/v2/resources", "application/json", "{}", 404},
		{"GET", "/v2/vm", "", "", 404},
		{"GET", "/apps/v2/nothing", "", "", 404},
		{"PUT", "/apps/v2/vm", "", "", 404},
	} {
		status, text := c.api(t, tc.method, tc.path, tc.body, "Content-Type", tc.kind)
		if status != tc.status || status == 404 && text != `{"error":true,"code":404,"message":"Not found"}` {
			t.Errorf("%s %s: %d %s, want %d", tc.method, tc.path, status, text, tc.status)
		}
	}
}

func TestOrdersAreCheckedStrictly(t *testing.T) {
	c := start(t, vpsietest.Options{})
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"unknown key":              {map[string]any{"offering_id": 1}, "offering_id: no such field, which is not allowed"},
		"no hostname":              {map[string]any{"hostname": nil}, "lost in the clouds"},
		"no flag":                  {map[string]any{"addPrivateIp": nil}, "lost in the clouds"},
		"project number":           {map[string]any{"projectId": 17}, `\"projectId\" must be a string`},
		"project no UUID":          {map[string]any{"projectId": "17"}, `\"projectId\" must be a valid GUID`},
		"another project":          {map[string]any{"projectId": vpsietest.Identifier("project", "x")}, "Project not found"},
		"datacenter's name":        {map[string]any{"dcIdentifier": "dc-us-east-1"}, "Datacenter not found"},
		"plan's nickname":          {map[string]any{"resourceIdentifier": "small-2cpu-4gb"}, "Please select the right package for this OS"},
		"plan of the other center": {map[string]any{"resourceIdentifier": vpsietest.PlanIdentifier("small-2cpu-4gb", "dc-eu-west-1")}, "right package"},
		"plan not sold there":      {map[string]any{"resourceIdentifier": vpsietest.PlanIdentifier("memory-4cpu-32gb", "dc-eu-west-1"), "dcIdentifier": vpsietest.Identifier("datacenter", "dc-eu-west-1")}, "right package"},
		"unknown image":            {map[string]any{"osIdentifier": vpsietest.Identifier("image", "x")}, "right package"},
		"unknown key pair":         {map[string]any{"sshKeyIdentifier": vpsietest.Identifier("sshkey", "x")}, "SSH key not found"},
		"flag as boolean":          {map[string]any{"addPublicIpV4": true}, `\"addPublicIpV4\" must be one of [\"0\", \"1\"]`},
		"user data not base64":     {map[string]any{"userData": "#cloud-config"}, "valid base64"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := c.api(t, "POST", ordersPath, order("a", tc.change))
			if status != 400 || !strings.Contains(text, tc.want) {
				t.Errorf("%d %s, want %s", status, text, tc.want)
			}
		})
	}
	if n := len(c.Ledger().VMs); n != 0 {
		t.Errorf("%d machines were made", n)
	}
	c.must(t, "PUT", "/knobs", `{"errorsAt200":true}`)
	if status, text := c.api(t, "POST", ordersPath, order("a", map[string]any{"projectId": 17})); status != 200 || !strings.Contains(text, `"error":true`) {
		t.Errorf("with errors at 200: %d %s", status, text)
	}
}

func TestPasswordsShowInAnswers(t *testing.T) {
	c := start(t, vpsietest.Options{})
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"given":              {map[string]any{"vmPassword": "pw", "isGeneratedPassword": false}, "pw"},
		"given and disowned": {map[string]any{"vmPassword": "pw", "isGeneratedPassword": true}, "generated-"},
		"generated":          {map[string]any{"isGeneratedPassword": true}, "generated-"},
	} {
		host := strings.ReplaceAll(name, " ", "-")
		if status, text := c.api(t, "POST", ordersPath, order(host, tc.change)); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		eventually(t, "the password shows", func() bool {
			for _, vm := range c.list(t) {
				if strings.EqualFold(fmt.Sprint(vm["hostname"]), host) {
					return strings.HasPrefix(fmt.Sprint(vm["initial_password"]), tc.want)
				}
			}
			return false
		})
	}
}

func TestQuotaAndStock(t *testing.T) {
	c := start(t, vpsietest.Options{})
	small := vpsietest.PlanIdentifier("small-2cpu-4gb", "dc-us-east-1")
	c.must(t, "PUT", "/knobs", `{"stock":{"small-2cpu-4gb":1},"quota":3}`)
	c.order(t, "a")
	if status, text := c.api(t, "POST", ordersPath, order("b", nil)); status != 400 || !strings.Contains(text, "out of stock") {
		t.Errorf("sold out: %d %s", status, text)
	}
	c.must(t, "PUT", "/knobs", `{"stock":{"`+small+`":1}}`)
	c.order(t, "b")
	c.must(t, "PUT", "/knobs", `{"stock":{"`+small+`":null}}`)
	c.order(t, "c")
	if status, text := c.api(t, "POST", ordersPath, order("d", nil)); status != 500 || !strings.Contains(text, "exceeds the allowed limit 3") {
		t.Errorf("over the quota: %d %s", status, text)
	}
	if err := c.Act(c.Ledger().VMs[0].Identifier, "destroy"); err != nil {
		t.Fatal(err)
	}
	c.order(t, "d")
}

func TestDeletionNeedsPasswordAndStatistic(t *testing.T) {
	c := start(t, vpsietest.Options{})
	c.order(t, "a")
	eventually(t, "a is listed", func() bool { return len(c.list(t)) == 1 })
	id := c.Ledger().VMs[0].Identifier
	for name, tc := range map[string]struct {
		knobs, body string
		status      int
		want        string
	}{
		"no password":   {`{}`, `{"vmIdentifier":"` + id + `","deleteStatistic":{}}`, 200, `{"data":true,"error":false,"message":"You entered the wrong password"}`},
		"with error":    {`{"wrongPasswordError":true}`, `{"vmIdentifier":"` + id + `","password":"x","deleteStatistic":{}}`, 200, `{"data":false,"error":true,"message":"You entered the wrong password"}`},
		"no statistic":  {`{}`, `{"vmIdentifier":"` + id + `","password":"` + vpsietest.DefaultAccountPassword + `"}`, 500, "Cannot read properties"},
		"no body":       {`{}`, ``, 400, "lost in the clouds"},
		"no machine":    {`{}`, deletion("x"), 200, `{"data":false,"error":false}`},
		"said in words": {`{"notFound":"message"}`, deletion("x"), 404, "Virtual machine not found"},
	} {
		t.Run(name, func(t *testing.T) {
			c.must(t, "PUT", "/knobs", `{"wrongPasswordError":false,"notFound":"data"}`)
			c.must(t, "PUT", "/knobs", tc.knobs)
			if status, text := c.api(t, "DELETE", "/apps/v2/vm", tc.body); status != tc.status || !strings.Contains(text, tc.want) {
				t.Errorf("%d %s, want %d %s", status, text, tc.status, tc.want)
			}
		})
	}
	c.must(t, "PUT", "/credentials", `{"accountPassword":"new"}`)
	if _, text := c.api(t, "DELETE", "/apps/v2/vm", deletion(id)); !strings.Contains(text, "wrong password") {
		t.Errorf("with the old password: %s", text)
	}
	if c.Ledger().VMs[0].DeletedAt != nil {
		t.Error("the machine was deleted")
	}
}

func TestAuthentication(t *testing.T) {
	c := start(t, vpsietest.Options{})
	try := func(headers ...string) int {
		status, _ := c.api(t, "GET", "/apps/v2/sshkeys", "", headers...)
		return status
	}
	if got := try("Vpsie-Auth", ""); got != 401 {
		t.Errorf("without a token: %d", got)
	}
	if got := try("Vpsie-Auth", "", "Authorization", "Bearer "+vpsietest.DefaultToken); got != 401 {
		t.Errorf("with a static token as bearer: %d", got)
	}
	c.must(t, "PUT", "/credentials", `{"token":"other-token"}`)
	if got := [2]int{try(), try("Vpsie-Auth", "other-token")}; got != [2]int{401, 200} {
		t.Errorf("after a change of token, old and new: %v", got)
	}
	status, text := c.api(t, "POST", "/apps/v2/auth/from/api", `{"clientId":"`+vpsietest.DefaultClientID+`","clientSecret":"`+vpsietest.DefaultClientSecret+`"}`)
	_, rest, _ := strings.Cut(text, `"access":{`)
	_, rest, _ = strings.Cut(rest, `"token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	if status != 200 || len(token) < 32 || strings.HasPrefix(token, "refresh") {
		t.Fatalf("exchange: %d %s", status, text)
	}
	if got := [2]int{try("Vpsie-Auth", token), try("Vpsie-Auth", "", "Authorization", "Bearer "+token)}; got != [2]int{200, 200} {
		t.Errorf("with an exchanged token: %v", got)
	}
	c.must(t, "POST", "/token/expire", "")
	if got := [2]int{try("Vpsie-Auth", token), try("Vpsie-Auth", "other-token")}; got != [2]int{401, 200} {
		t.Errorf("after the expiry, exchanged and static: %v", got)
	}
}

func TestThrottling(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{RequestsPerMinute: 2}})
	var got []int
	for range 3 {
		status, _ := c.api(t, "GET", "/apps/v2/sshkeys", "")
		got = append(got, status)
	}
	if fmt.Sprint(got) != "[200 200 429]" {
		t.Errorf("answers: %v", got)
	}
	c.advance(60_000_000_000)
	if status, _ := c.api(t, "GET", "/apps/v2/sshkeys", ""); status != 200 {
		t.Errorf("a minute later: %d", status)
	}
}

func TestStartRefusesBadOptions(t *testing.T) {
	bad := vpsietest.DefaultCatalogue()
	bad.Plans[0].PricePerMonth = "cheap"
	for name, tc := range map[string]struct {
		opts vpsietest.Options
		want string
	}{
		"knob":     {vpsietest.Options{Knobs: vpsietest.Knobs{Quota: -1}}, "knobs: quota: is -1"},
		"price":    {vpsietest.Options{Catalogue: bad}, `catalogue: plan "micro-1cpu-2gb": pricePerMonth: "cheap"`},
		"projects": {vpsietest.Options{Catalogue: &vpsietest.Catalogue{}}, "catalogue: projects:"},
		"address":  {vpsietest.Options{Addr: "127.0.0.1:99999"}, `: listening on "127.0.0.1:99999"`},
		"admin":    {vpsietest.Options{AdminAddr: "127.0.0.1:99999"}, `'s admin interface: listening on "127.0.0.1:99999"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := vpsietest.Start(tc.opts)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "starting the fake VPSie") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Start = %v, want %q", err, tc.want)
			}
		})
	}
}

package vpsietest_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestFaults(t *testing.T) {
	const vm = ordersPath
	for name, tc := range map[string]struct {
		rules string
		want  []string // status of each of: order, order, GET keys
		vms   int
	}{
		"none":                 {`[]`, []string{"200", "200", "200"}, 2},
		"before":               {`[{"method":"POST","path":"/apps/v2/vm","count":1,"status":500}]`, []string{"500", "200", "200"}, 1},
		"after":                {`[{"method":"post","path":"/apps/v2/vm","count":1,"status":504,"effect":"after"}]`, []string{"504", "200", "200"}, 2},
		"dropped":              {`[{"method":"POST","path":"/apps/v2/vm","count":1,"status":0,"effect":"before"}]`, []string{"0", "200", "200"}, 1},
		"dropped after":        {`[{"method":"POST","path":"/apps/v2/vm","count":0,"status":0,"effect":"after"}]`, []string{"0", "0", "200"}, 2},
		"only slow":            {`[{"method":"POST","delayMillis":1,"effect":"delay"}]`, []string{"200", "200", "200"}, 2},
		"by beginning":         {`[{"path":"/apps/*","status":503}]`, []string{"503", "503", "503"}, 0},
		"all":                  {`[{"status":502,"body":"<html>"}]`, []string{"502", "502", "502"}, 0},
		"another path":         {`[{"path":"/apps/v2/vm/pending","status":502}]`, []string{"200", "200", "200"}, 2},
		"the first rule rules": {`[{"method":"POST","count":1,"status":501},{"method":"POST","status":502}]`, []string{"501", "502", "200"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{})
			c.must(t, "PUT", "/faults", `{"rules":`+tc.rules+`}`)
			var got []string
			for _, rq := range [][3]string{{"POST", vm, order("a", nil)}, {"POST", vm, order("b", nil)}, {"GET", "/apps/v2/sshkeys", ""}} {
				status, _ := c.api(t, rq[0], rq[1], rq[2])
				got = append(got, strconv.Itoa(status))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			l := c.Ledger()
			if len(l.VMs) != tc.vms {
				t.Errorf("there are %d machines, want %d", len(l.VMs), tc.vms)
			}
			for i, r := range l.Requests {
				if strconv.Itoa(r.Status) != tc.want[i] {
					t.Errorf("the ledger says %d for request %d", r.Status, i)
				}
				if spoiled := r.Fault != ""; spoiled != (r.Status != http.StatusOK || name == "only slow" && r.Method == http.MethodPost) {
					t.Errorf("the ledger says the fault %q for request %d, whose status is %d", r.Fault, i, r.Status)
				}
			}
			c.must(t, "DELETE", "/faults", "")
			if status, _ := c.api(t, "GET", "/apps/v2/sshkeys", ""); status != http.StatusOK {
				t.Errorf("after the faults were removed: %d", status)
			}
		})
	}
}

func TestFaultBodiesAndHeaders(t *testing.T) {
	c := start(t, vpsietest.Options{})
	for name, tc := range map[string][2]string{
		"text":   {`"body":"<html>no</html>"`, "<html>no</html>"},
		"object": {`"body":{"error":true}`, `{"error":true}`},
		"none":   {`"body":null`, `{"error":true,"code":418,"message":"I'm a teapot"}`},
	} {
		c.must(t, "PUT", "/faults", `{"rules":[{"status":418,`+tc[0]+`}]}`)
		if status, text := c.api(t, "GET", "/x", ""); status != http.StatusTeapot || text != tc[1] {
			t.Errorf("%s: %d %s, want %s", name, status, text, tc[1])
		}
	}
}

func TestFaultProbabilityIsRepeatable(t *testing.T) {
	run := func(seed uint64) string {
		c := start(t, vpsietest.Options{Seed: seed})
		c.must(t, "PUT", "/faults", `{"rules":[{"probability":0.5,"status":500,"count":5}]}`)
		var s strings.Builder
		for range 30 {
			status, _ := c.api(t, "GET", "/apps/v2/sshkeys", "")
			fmt.Fprint(&s, status/100)
		}
		return s.String()
	}
	first, again, other := run(1), run(1), run(2)
	if first != again || first == other {
		t.Errorf("seed 1: %s and %s, seed 2: %s", first, again, other)
	}
	if n := strings.Count(first, "5"); n != 5 || strings.HasPrefix(first, "55555") {
		t.Errorf("%d faults struck: %s", n, first)
	}
}

func TestBadAdminInputNamesTheField(t *testing.T) {
	c := start(t, vpsietest.Options{})
	id := strings.Repeat("0", 8)
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"status":         {"PUT", "/faults", `{"rules":[{"status":500},{"status":99}]}`, 400, "rules[1].status: is 99"},
		"probability":    {"PUT", "/faults", `{"rules":[{"probability":2}]}`, 400, "rules[0].probability: is 2"},
		"effect":         {"PUT", "/faults", `{"rules":[{"effect":"during"}]}`, 400, `rules[0].effect: is \"during\"`},
		"count":          {"PUT", "/faults", `{"rules":[{"count":-1}]}`, 400, "rules[0].count: is -1"},
		"delay":          {"PUT", "/faults", `{"rules":[{"delayMillis":-1}]}`, 400, "rules[0].delayMillis: is -1"},
		"path":           {"PUT", "/faults", `{"rules":[{"path":"vm"}]}`, 400, `rules[0].path: is \"vm\"`},
		"unknown key":    {"PUT", "/faults", `{"rules":[{"stauts":5}]}`, 400, "stauts: no such field"},
		"no object":      {"PUT", "/faults", `[{"status":500}]`, 400, "body: is a JSON array, must be an object"},
		"type":           {"PUT", "/faults", `{"rules":[{"status":"500"}]}`, 400, "status: is a JSON string, must be int"},
		"no JSON":        {"PUT", "/faults", `rules`, 400, "body: is no JSON object"},
		"two objects":    {"PUT", "/knobs", `{}{}`, 400, "body: holds more than one JSON object"},
		"negative knob":  {"PUT", "/knobs", `{"bootMillis":-5}`, 400, "bootMillis: is -5"},
		"knob's type":    {"PUT", "/knobs", `{"quota":"many"}`, 400, "quota: is a JSON string, must be int"},
		"unknown knob":   {"PUT", "/knobs", `{"bootMilis":5}`, 400, "bootMilis: no such field"},
		"speed":          {"PUT", "/knobs", `{"billingSpeedup":-1}`, 400, "billingSpeedup: is -1"},
		"choice":         {"PUT", "/knobs", `{"notFound":"maybe"}`, 400, `notFound: is \"maybe\", must be one of data, message`},
		"stock's plan":   {"PUT", "/knobs", `{"stock":{"huge":1}}`, 400, `stock: \"huge\" is no plan`},
		"stock's number": {"PUT", "/knobs", `{"stock":{"small-2cpu-4gb":-1}}`, 400, `stock: \"small-2cpu-4gb\" is -1`},
		"price":          {"PUT", "/knobs", `{"prices":{"small-2cpu-4gb":"1e9"}}`, 400, `prices: \"small-2cpu-4gb\": \"1e9\" is no price`},
		"price's plan":   {"PUT", "/knobs", `{"prices":{"huge":"1"}}`, 400, `prices: \"huge\" is no plan`},
		"no machine":     {"POST", "/vms/" + id + "/destroy", "", 404, "there is no such machine"},
		"hostname":       {"POST", "/vms", `{}`, 400, "hostname: must not be empty"},
		"datacenter":     {"POST", "/vms", `{"hostname":"a","datacenter":"x"}`, 400, `datacenter: there is none called \"x\"`},
		"plan":           {"POST", "/vms", `{"hostname":"a","datacenter":"dc-us-east-1","plan":"x"}`, 400, `plan: datacenter \"dc-us-east-1\" sells none called \"x\"`},
		"image":          {"POST", "/vms", `{"hostname":"a","datacenter":"dc-us-east-1","plan":"small-2cpu-4gb","image":"x"}`, 400, `image: there is none called \"x\"`},
		"credentials":    {"PUT", "/credentials", `{"tokn":"x"}`, 400, "tokn: no such field"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := c.adminCall(t, tc.method, tc.path, tc.body)
			if status != tc.status || !strings.Contains(text, `{"error":"`+tc.want) && !strings.Contains(text, tc.want) {
				t.Errorf("%d %s, want %d %s", status, text, tc.status, tc.want)
			}
		})
	}
	if m := c.Ledger(); len(m.VMs) != 0 {
		t.Errorf("machines: %+v", m.VMs)
	}
}

package vpsie_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const ms = time.Millisecond

func TestReadsAreRepeated(t *testing.T) {
	waits := []time.Duration{187500 * time.Microsecond, 375 * ms, 750 * ms}
	for name, tc := range map[string]struct {
		fault    vpsietest.Fault
		requests int
		slept    []time.Duration
		class    vpsie.Class
	}{
		"two gateway errors":   {fault: vpsietest.Fault{Status: 502, Count: 2}, requests: 3, slept: waits[:2]},
		"unavailable":          {fault: vpsietest.Fault{Status: 503, Count: 1}, requests: 2, slept: waits[:1]},
		"gateway time-out":     {fault: vpsietest.Fault{Status: 504, Count: 1}, requests: 2, slept: waits[:1]},
		"broken connections":   {fault: vpsietest.Fault{Count: 3}, requests: 4, slept: waits},
		"for good":             {fault: vpsietest.Fault{Status: 503}, requests: 4, slept: waits, class: vpsie.Temporary},
		"a crash":              {fault: vpsietest.Fault{Status: 500}, requests: 1, class: vpsie.Temporary},
		"a refusal":            {fault: vpsietest.Fault{Status: 400}, requests: 1, class: vpsie.Invalid},
		"throttled, no advice": {fault: vpsietest.Fault{Status: 429, Count: 1}, requests: 2, slept: waits[:1]},
		"throttled, seconds": {fault: vpsietest.Fault{Status: 429, Count: 1, Headers: map[string]string{"Retry-After": "9"}},
			requests: 2, slept: []time.Duration{9 * time.Second}},
		"throttled, a date": {fault: vpsietest.Fault{Status: 429, Count: 1, Headers: map[string]string{"Retry-After": "Fri, 01 May 2026 12:00:20 GMT"}},
			requests: 2, slept: []time.Duration{20 * time.Second}},
		"throttled for long": {fault: vpsietest.Fault{Status: 429, Count: 1, Headers: map[string]string{"Retry-After": "3600"}},
			requests: 1, class: vpsie.Throttled},
		"unavailable, seconds": {fault: vpsietest.Fault{Status: 503, Count: 1, Headers: map[string]string{"Retry-After": "3"}},
			requests: 2, slept: []time.Duration{3 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{})
			if err := c.SetFaults(tc.fault); err != nil {
				t.Fatal(err)
			}
			_, err := c.client.SSHKeys(t.Context())
			if vpsie.ClassOf(err) != tc.class || (err != nil) != (tc.class != "") || vpsie.MayHaveHappened(err) {
				t.Errorf("SSHKeys = %v, want class %q", err, tc.class)
			}
			if n := len(c.Ledger().Requests); n != tc.requests {
				t.Errorf("%d requests were sent, want %d", n, tc.requests)
			}
			if diff := cmp.Diff(tc.slept, c.clock.Slept()); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
		})
	}
}

// Plan queries are POSTs that change nothing.
func TestPlanQueriesAreRepeated(t *testing.T) {
	c := start(t, vpsietest.Options{})
	if err := c.SetFaults(vpsietest.Fault{Path: "/apps/v2/resources", Status: 502, Count: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client.Plans(t.Context(), order("a").DatacenterID, order("a").ImageID); err != nil {
		t.Error(err)
	}
}

// One 429 silences all calls of the client: the limit is the account's.
func TestThrottlingHoldsBackOtherCalls(t *testing.T) {
	c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.ProjectID = vpsietest.Identifier("project", "default") })
	if err := c.SetFaults(vpsietest.Fault{Method: "POST", Status: 429, Count: 1, Headers: map[string]string{"Retry-After": "30"}}); err != nil {
		t.Fatal(err)
	}
	err := c.client.CreateVM(t.Context(), order("a"))
	if vpsie.ClassOf(err) != vpsie.Throttled || vpsie.RetryAfter(err) != 30*time.Second {
		t.Fatalf("CreateVM = %v, retry after %v", err, vpsie.RetryAfter(err))
	}
	short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.client.SSHKeys(short); vpsie.ClassOf(err) != vpsie.Throttled {
		t.Errorf("SSHKeys with a deadline before the end of the pause = %v, want class Throttled", err)
	}
	if _, err := c.client.SSHKeys(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]time.Duration{30 * time.Second}, c.clock.Slept()); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
}

// The server's own limit is never reached, since the client's lets no more through.
func TestOwnLimitKeepsBelowTheServers(t *testing.T) {
	for name, burst := range map[string]int{"obedient": 10, "greedy": 1000} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{RequestsPerMinute: 110}}, func(o *vpsie.Options) { o.Burst = burst })
			for range 300 {
				if _, err := c.client.SSHKeys(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			refused := 0
			for _, r := range c.Ledger().Requests {
				if r.Status == 429 {
					refused++
				}
			}
			if (refused > 0) != (name == "greedy") {
				t.Errorf("the server refused %d requests", refused)
			}
		})
	}
}

func TestObserveHearsOfEveryRequest(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	c := start(t, vpsietest.Options{}, exchanged, func(o *vpsie.Options) {
		o.ProjectID, o.AccountPassword = vpsietest.Identifier("project", "default"), "not it"
		o.Observe = func(op, status string, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if took < 0 {
				t.Errorf("%s took %v", op, took)
			}
			heard = append(heard, op+" "+status)
		}
	})
	// net/http itself repeats a GET once when a connection that it had kept breaks.
	if err := c.SetFaults(vpsietest.Fault{Method: "GET", Count: 2}, vpsietest.Fault{Method: "POST", Path: "/apps/v2/vm", Status: 500, Count: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client.ListVMs(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.client.CreateVM(t.Context(), order("a")); err == nil {
		t.Error("CreateVM succeeded")
	}
	if err := c.client.CreateVM(t.Context(), order("a")); err != nil {
		t.Error(err)
	}
	if err := c.client.DeleteVM(t.Context(), "x", "", ""); err == nil {
		t.Error("DeleteVM succeeded")
	}
	want := []string{"Authenticate 200", "ListVMs error", "ListVMs 200", "CreateVM 500", "CreateVM 200", "DeleteVM WrongPassword"}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

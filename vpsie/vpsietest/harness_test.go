package vpsietest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cloud is a fake with a hand-moved clock, spoken to in plain HTTP.
type cloud struct {
	*vpsietest.Server
	http *http.Client

	mu  sync.Mutex
	now time.Time
}

func start(t *testing.T, opts vpsietest.Options) *cloud {
	t.Helper()
	c := &cloud{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	opts.Now = func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now
	}
	s, err := vpsietest.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c.Server = s
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

func (c *cloud) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// send makes one request; status 0 means that the connection broke.
func (c *cloud) send(t *testing.T, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Vpsie-Auth", vpsietest.DefaultToken)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(bytes.TrimSpace(text))
}

func (c *cloud) api(t *testing.T, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	return c.send(t, method, c.URL()+path, body, headers...)
}

func (c *cloud) adminCall(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	return c.send(t, method, c.AdminURL()+path, body)
}

// must fails the test unless the admin interface agrees.
func (c *cloud) must(t *testing.T, method, path, body string) {
	t.Helper()
	if status, text := c.adminCall(t, method, path, body); status != http.StatusOK {
		t.Fatalf("%s %s %s: %d %s", method, path, body, status, text)
	}
}

// ordersPath is where the account's own images are ordered.
const ordersPath = "/apps/v2/custom/vm"

// order is the body of an acceptable order, with fields replaced or, by nil, left out.
func order(hostname string, change map[string]any) string {
	body := map[string]any{
		"resourceIdentifier": vpsietest.PlanIdentifier("small-2cpu-4gb", "dc-us-east-1"),
		"osIdentifier":       vpsietest.Identifier("image", "ubuntu-22.04-lts"),
		"dcIdentifier":       vpsietest.Identifier("datacenter", "dc-us-east-1"),
		"projectId":          vpsietest.Identifier("project", "default"),
		"hostname":           hostname,
		"addPublicIpV4":      "1", "addPublicIpV6": "0", "addPrivateIp": "1", "backupEnabled": "0",
	}
	for k, v := range change {
		if v == nil {
			delete(body, k)
		} else {
			body[k] = v
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func deletion(identifier string) string {
	return `{"vmIdentifier":"` + identifier + `","password":"` + vpsietest.DefaultAccountPassword + `","deleteStatistic":{"reason":"r","note":"n"}}`
}

func (c *cloud) order(t *testing.T, hostname string) {
	t.Helper()
	if status, text := c.api(t, "POST", ordersPath, order(hostname, nil)); status != http.StatusOK || text != `{"data":true,"error":false}` {
		t.Fatalf("ordering: %d %s", status, text)
	}
}

// list returns the machine list.
func (c *cloud) list(t *testing.T) []map[string]any {
	t.Helper()
	status, text := c.api(t, "GET", "/apps/v2/vm", "")
	if status != http.StatusOK {
		t.Fatalf("listing: %d %s", status, text)
	}
	var answer struct{ Data []map[string]any }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if f() {
			return
		}
	}
	t.Fatalf("waited in vain until %s", what)
}

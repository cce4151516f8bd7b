package vpsie_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that only Sleep and Advance move.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) Slept() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.slept...)
}

// cloud is a fake cloud with a client that shares its clock.
type cloud struct {
	*vpsietest.Server
	client *vpsie.Client
	clock  *clock
}

// start runs a fake cloud; change may alter the client's options.
func start(t *testing.T, server vpsietest.Options, change ...func(*vpsie.Options)) cloud {
	t.Helper()
	c := newClock()
	server.Now = c.Now
	s, err := vpsietest.Start(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	opts := vpsie.Options{
		URL: s.URL(), Token: vpsietest.DefaultToken, AccountPassword: vpsietest.DefaultAccountPassword,
		HTTPClient: httpClient(t), Now: c.Now, Sleep: c.Sleep, Jitter: func() float64 { return 0.5 },
	}
	for _, f := range change {
		f(&opts)
	}
	return cloud{Server: s, client: client(t, opts), clock: c}
}

func client(t *testing.T, opts vpsie.Options) *vpsie.Client {
	t.Helper()
	c, err := vpsie.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func httpClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func exchanged(o *vpsie.Options) {
	o.Token, o.ClientID, o.ClientSecret = "", vpsietest.DefaultClientID, vpsietest.DefaultClientSecret
}

// requests counts the requests that reached the cloud.
func (c cloud) requests(method, path string) int {
	n := 0
	for _, r := range c.Ledger().Requests {
		if r.Method == method && r.Path == path {
			n++
		}
	}
	return n
}

// ordersPath is where images of the account's own are ordered.
const ordersPath = "/apps/v2/custom/vm"

// order is a request that the default catalogue accepts.
func order(hostname string) vpsie.CreateRequest {
	return vpsie.CreateRequest{
		Hostname:     hostname,
		DatacenterID: vpsietest.Identifier("datacenter", "dc-us-east-1"),
		PlanID:       vpsietest.PlanIdentifier("small-2cpu-4gb", "dc-us-east-1"),
		ImageID:      vpsietest.Identifier("image", "ubuntu-22.04-lts"),
		SSHKeyID:     vpsietest.Identifier("sshkey", "ssh-key-123"),
		PublicIPv4:   true, PrivateIP: true, CustomImage: true,
		UserData: "#cloud-config\n", Tags: []string{"web"}, Notes: "cluster=a",
	}
}

// eventually waits until f is true.
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

// running waits until the machine is usable and has its addresses.
func (c cloud) running(t *testing.T, hostname string) vpsie.VM {
	t.Helper()
	var found vpsie.VM
	eventually(t, hostname+" runs", func() bool {
		vms, err := c.client.ListVMs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, vm := range vms {
			if sameHost(vm.Hostname, hostname) && vm.Usable() && vm.IPv4 != "" {
				found = vm
				return true
			}
		}
		return false
	})
	return found
}

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// side says when a controller dies at a step: before the step has any effect, or after it, but before the controller
// hears of it.
type side string

const (
	before side = "before"
	after  side = "after"
)

// step is a request that changes something in Kubernetes or in the cloud. Steps are told apart by what they ask for and
// by how often that has been asked for, since their order differs from one run to the next where they are independent.
type step struct {
	what string
	time int
}

func (s step) String() string { return fmt.Sprintf("%s #%d", s.what, s.time) }

// gate stands between a controller and both worlds that it changes. It forwards everything, counts the steps, and at one
// step kills the controller.
type gate struct {
	kill func()

	mu     sync.Mutex
	steps  []step
	times  map[string]int
	deadly step
	side   side
	struck bool
	killed bool // and nobody knows yet
}

// arm begins a count. The zero step lets the controller live.
func (g *gate) arm(deadly step, s side) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps, g.times, g.deadly, g.side, g.struck = nil, map[string]int{}, deadly, s, false
}

// killing reports once that the gate has killed the controller.
func (g *gate) killing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	killed := g.killed
	g.killed = false
	return killed
}

// disarm ends the count. It returns the steps, and whether the controller was killed at one of them.
func (g *gate) disarm() (steps []step, struck bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.times = nil
	return g.steps, g.struck
}

// asked is how often a thing has been asked for since the count began.
func (g *gate) asked(what string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.times[what]
}

// passwordTrial is the deletion of a VPS that does not exist. It is counted, but is no step: it changes nothing, and is
// asked for whenever a controller starts.
const passwordTrial = "try password"

// pass notes a step, and returns on which side of it the controller dies; usually on none.
func (g *gate) pass(what string) side {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.times == nil {
		return ""
	}
	g.times[what]++
	if what == passwordTrial {
		return ""
	}
	s := step{what, g.times[what]}
	g.steps = append(g.steps, s)
	if g.struck || s != g.deadly {
		return ""
	}
	g.struck, g.killed = true, true
	return g.side
}

// open serves a way through the gate to target and returns its address.
func (g *gate) open(t *testing.T, target string, transport http.RoundTripper, stepOf func(*http.Request) string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(u) },
		Transport:     transport,
		FlushInterval: -1, // watches are answers that never end
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := stepOf(r)
		if what == "" {
			proxy.ServeHTTP(w, r)
			return
		}
		switch g.pass(what) {
		case before:
			g.kill()
			panic(http.ErrAbortHandler)
		case after:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			g.kill()
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

var kubePath = regexp.MustCompile(`^/apis?(?:/[^/]+)?/v[^/]+(?:/namespaces/[^/]+)?/([a-z]+)(?:/[^/]+)?(?:/([a-z]+))?$`)

// kubeStep names the change of Kubernetes that a request asks for. Events and leases are no part of a machine's life.
func kubeStep(r *http.Request) string {
	if r.Method == http.MethodGet {
		return ""
	}
	match := kubePath.FindStringSubmatch(r.URL.Path)
	if match == nil {
		return r.Method + " " + r.URL.Path
	}
	resource := match[1]
	if resource == "events" || resource == "leases" {
		return ""
	}
	if match[2] != "" {
		resource += "/" + match[2]
	}
	return r.Method + " " + resource
}

// cloudStep names the change in the cloud; some of its lists are asked for by POST.
func cloudStep(r *http.Request) string {
	switch {
	case r.URL.Path == orders && r.Method == http.MethodDelete && triesPassword(r):
		return passwordTrial
	case vpsietest.IsOrder(r.Method, r.URL.Path) || r.URL.Path == orders && r.Method == http.MethodDelete:
		return r.Method + " vm"
	case r.Method != http.MethodGet && networkPath.MatchString(r.URL.Path):
		return r.Method + " " + strings.TrimPrefix(r.URL.Path, "/apps/v2/")
	}
	return ""
}

// networkPath is where a VPS is attached to a network, or detached.
var networkPath = regexp.MustCompile("^/apps/v2/(vm/add/vpc|vm/vpc|firewall/.*|gateways/.*)$")

func triesPassword(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && bytes.Contains(body, []byte("this machine does not exist"))
}

// orders is where VPSes are deleted; the fake cloud takes a fault of orders there for all order routes.
const orders = "/apps/v2/vm"

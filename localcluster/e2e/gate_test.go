package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
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

// gate stands between a controller and both worlds that it changes. It forwards everything, counts the steps, and at some
// of them kills the controller.
type gate struct {
	kill func()

	mu    sync.Mutex
	steps []step
	times map[string]int
	// deadly are the deaths to come, struck those that have come.
	deadly, struck []death
	killed         bool // and nobody knows yet
	// underway is how many steps are forwarded and have no answer yet; landed tells of each answer.
	underway int
	landed   sync.Cond
}

func newGate() *gate {
	g := &gate{}
	g.landed.L = &g.mu
	return g
}

// arm begins a count. The controller dies at each of the steps once; the zero death lets it live.
func (g *gate) arm(deaths ...death) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps, g.times, g.deadly, g.struck = nil, map[string]int{}, slices.Clone(deaths), nil
}

// killing reports once that the gate has killed the controller.
func (g *gate) killing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	killed := g.killed
	g.killed = false
	return killed
}

// disarm ends the count. It returns the steps, and the deaths that the controller has died.
func (g *gate) disarm() (steps []step, struck []death) {
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

// pass notes a step, and returns on which side of it the controller dies; usually on none: it is then under way until done.
func (g *gate) pass(what string) side {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sideOf(what)
	if s == "" {
		g.underway++
	}
	return s
}

// sideOf is pass. The caller holds the lock.
func (g *gate) sideOf(what string) side {
	if g.times == nil {
		return ""
	}
	g.times[what]++
	if what == passwordTrial {
		return ""
	}
	s := step{what, g.times[what]}
	g.steps = append(g.steps, s)
	i := slices.IndexFunc(g.deadly, func(d death) bool { return d.step == s })
	if i < 0 {
		return ""
	}
	d := g.deadly[i]
	g.deadly = slices.Delete(g.deadly, i, i+1)
	g.struck = append(g.struck, d)
	return d.side
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
		// What has been asked for is done, though whoever asks dies. An eviction that is broken off can leave its budget used up for
		// two minutes, until Kubernetes gives the pod up that was to go.
		r = r.WithContext(context.WithoutCancel(r.Context()))
		switch g.pass(what) {
		case before:
			g.die()
		case after:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			g.die()
		}
		defer g.done()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// done notes that a step is not under way any more.
func (g *gate) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.underway--
	g.landed.Broadcast()
}

// die kills the controller when all steps that are under way have had their effect: of several at once some are done then, and
// others are not.
func (g *gate) die() {
	g.mu.Lock()
	for g.underway > 0 {
		g.landed.Wait()
	}
	g.killed = true
	g.mu.Unlock()
	g.kill()
	panic(http.ErrAbortHandler)
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

package chaos

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"time"
)

// A way is what controllers reach one of their two worlds through.
type way struct {
	// replica is who goes it now.
	replica func() int
	gate    *gate
	// steps tells whether a request asks for a change at which the controller may die.
	steps func(*http.Request) bool
	// note sees every request before it is made, and may change it.
	note func(*http.Request)
	// spoil may answer a request itself; then it returns true.
	spoil func(http.ResponseWriter, *http.Request) bool
	proxy *httputil.ReverseProxy
}

func newWay(replica func() int, g *gate, target string, transport http.RoundTripper) (*way, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("reading a target's address: %w", err)
	}
	return &way{replica: replica, gate: g, proxy: &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(u) },
		Transport:     transport,
		FlushInterval: -1, // watches are answers that never end
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:      silent(),
	}}, nil
}

func (w *way) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	if w.steps(r) {
		switch s, struck := w.gate.pass(); s {
		case before:
			w.die(struck)
		case after:
			// The controller is dead before the answer is known, as far as it is concerned.
			w.note(r)
			w.forward(r)
			w.die(struck)
		}
	}
	w.note(r)
	if w.spoil(answer, r) {
		return
	}
	w.proxy.ServeHTTP(answer, r)
}

func (w *way) die(struck chan<- int) {
	replica := w.replica()
	w.gate.kill(replica)
	struck <- replica
	panic(http.ErrAbortHandler)
}

// forward has the request take its effect without telling the controller.
func (w *way) forward(r *http.Request) {
	defer func() { _ = recover() }() // the other end may have cut the connection; nobody hears of it
	w.proxy.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
}

// open serves a way on a port of its own, and returns the address.
func open(ctx context.Context, h http.Handler) (address string, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("opening a way: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: silent()}
	go func() { _ = server.Serve(l) }() // it ends with the context
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return "http://" + l.Addr().String(), nil
}

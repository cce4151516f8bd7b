package vpsietest

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

const firstID = 1001

// Server is a running fake cloud.
type Server struct {
	opts  Options
	shop  shop
	api   *listener
	admin *listener

	ctx    context.Context //nolint:containedctx // the life of the server, which machines outlive no more than their listener
	cancel context.CancelFunc
	work   sync.WaitGroup
	gate   sync.Mutex // orders work.Go against the end
	closed bool

	mu       sync.Mutex
	knobs    Knobs
	faults   []*fault
	random   *rand.Rand
	machines []*machine
	lastID   int
	requests []Request
	tokens   map[string]time.Time // exchanged tokens and their expiry
	minted   int
	window   window

	leases    []*lease
	nat       []natMapping
	lastLease int
	// firewallChanges counts the changes of each firewall group.
	firewallChanges map[string]int
	scripts         []*script
	tagged          []tagging

	paidBefore *big.Rat // what machines had cost when the balance was last filled up
}

type listener struct {
	http *http.Server
	url  string
}

// Start listens and serves until Close.
func Start(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	shop, err := openShop(*opts.Catalogue)
	if err != nil {
		return nil, fmt.Errorf("starting the fake VPSie: catalogue: %w", err)
	}
	knobs, err := opts.Knobs.checked(shop)
	if err != nil {
		return nil, fmt.Errorf("starting the fake VPSie: knobs: %w", err)
	}
	s := &Server{
		opts: opts, shop: shop, knobs: knobs, lastID: firstID - 1,
		random: rand.New(rand.NewPCG(opts.Seed, opts.Seed)), //nolint:gosec // must be repeatable
		tokens: map[string]time.Time{}, paidBefore: new(big.Rat), firewallChanges: map[string]int{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if opts.InProcess {
		return s, nil
	}
	if s.api, err = s.listen(opts.Addr, http.HandlerFunc(s.serveAPI)); err != nil {
		s.Close()
		return nil, fmt.Errorf("starting the fake VPSie: %w", err)
	}
	if s.admin, err = s.listen(opts.AdminAddr, s.adminRoutes()); err != nil {
		s.Close()
		return nil, fmt.Errorf("starting the fake VPSie's admin interface: %w", err)
	}
	return s, nil
}

func (s *Server) listen(addr string, h http.Handler) (*listener, error) {
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %q: %w", addr, err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Logger.Error("serving", "addr", addr, "error", err)
		}
	})
	return &listener{http: srv, url: "http://" + l.Addr().String()}, nil
}

// URL is the API's address, without a path. A server that is InProcess has one that only Transport knows.
func (s *Server) URL() string {
	if s.api == nil {
		return "http://127.0.0.1"
	}
	return s.api.url
}

// AdminURL is the admin interface's address; empty when the server is InProcess.
func (s *Server) AdminURL() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.url
}

// Close ends the server and the life of its machines, without a Booter.Gone.
func (s *Server) Close() {
	s.gate.Lock()
	s.closed = true
	s.gate.Unlock()
	s.cancel()
	for _, l := range []*listener{s.api, s.admin} {
		if l != nil {
			_ = l.http.Close() // nothing is left to do about it
		}
	}
	s.work.Wait()
}

// background runs f for as long as the server lives. The caller may hold the lock.
func (s *Server) background(f func(context.Context)) {
	if s.begin() {
		go func() {
			defer s.work.Done()
			f(s.ctx)
		}()
	}
}

// begin enters work that Close waits for, and reports whether it may start; work.Done must follow.
func (s *Server) begin() bool {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return false
	}
	s.work.Add(1)
	return true
}

func (s *Server) mutate(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *Server) knobsNow() Knobs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knobs.clone()
}

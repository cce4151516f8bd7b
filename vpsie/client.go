package vpsie

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Client calls the VPSie API. It is safe for concurrent use; credentials cannot be changed, so make a new Client when
// they do.
type Client struct {
	opts    Options
	addr    address
	http    *http.Client
	limit   *limiter
	auth    authorizer
	project projectCache
	spoken  spoken
}

// projectCache remembers what Options.ProjectID resolved to. Projects keep their identifiers, so it is never stale.
type projectCache struct {
	mu         sync.Mutex
	identifier string
}

// New returns a Client, or an error that names every wrong option. It sends nothing.
func New(opts Options) (*Client, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("configuring the VPSie client: %w", err)
	}
	addr, err := parseAddress(opts.URL, opts.AllowPlainHTTP, opts.Routes)
	if err != nil {
		return nil, fmt.Errorf("configuring the VPSie client: url: %w", err)
	}
	c := &Client{opts: opts, addr: addr, limit: newLimiter(opts)}
	h := *opts.HTTPClient
	// Following a redirect would carry the token header, and the password in a body, to wherever it points.
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &h
	if opts.Token != "" {
		c.auth = staticToken(opts.Token)
	} else {
		c.auth = &exchange{client: c}
	}
	return c, nil
}

// HasAccountPassword reports whether DeleteVM can work. Whoever buys machines should refuse to without it.
func (c *Client) HasAccountPassword() bool { return c.opts.AccountPassword != "" }

// URL is the address in use, after normalisation.
func (c *Client) URL() string { return c.addr.String() }

func newLimiter(o Options) *limiter {
	return &limiter{
		bucket: rate.NewLimiter(rate.Limit(o.RequestsPerMinute/time.Minute.Seconds()), o.Burst),
		now:    o.Now,
		sleep:  o.Sleep,
	}
}

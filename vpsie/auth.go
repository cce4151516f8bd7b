package vpsie

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// authorizer puts credentials on requests.
type authorizer interface {
	token(ctx context.Context) (string, error)
	sign(h http.Header, token string)
	// discard forgets a token that the API refused, and reports whether another can be had.
	discard(token string) bool
	secrets() []string
}

const tokenHeader = "Vpsie-Auth" //nolint:gosec // a header's name

// staticToken travels in Vpsie-Auth alone, without the word Bearer.
type staticToken string

func (t staticToken) token(context.Context) (string, error) { return string(t), nil }
func (t staticToken) sign(h http.Header, token string)      { h.Set(tokenHeader, token) }
func (t staticToken) discard(string) bool                   { return false }
func (t staticToken) secrets() []string                     { return []string{string(t)} }
func (t staticToken) String() string                        { return "(redacted)" }
func (t staticToken) GoString() string                      { return "(redacted)" }

const (
	defaultLifetime = time.Hour
	renewBefore     = 5 * time.Minute
	// refusedPause keeps wrong credentials from being tried for every single call.
	refusedPause = 10 * time.Second
)

// exchange trades client id and secret for access tokens. Callers that need a token at the same time share one exchange.
type exchange struct {
	client *Client

	mu        sync.Mutex
	grant     grant
	flight    *flight
	encoding  string // the content type that worked; "" until one did
	notBefore time.Time
	lastErr   *Error
}

type grant struct {
	token   string
	renewAt time.Time
	expires time.Time
}

type flight struct {
	done chan struct{}
	err  *Error
}

func (x *exchange) sign(h http.Header, token string) {
	// Which of the two headers an exchanged token belongs in differs between the API's clients; it accepts both at once.
	h.Set(tokenHeader, token)
	h.Set("Authorization", "Bearer "+token)
}

func (x *exchange) discard(token string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.grant.token == token {
		x.grant = grant{}
	}
	return true
}

func (x *exchange) secrets() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return []string{x.grant.token}
}

func (x *exchange) token(ctx context.Context) (string, error) {
	for {
		x.mu.Lock()
		now := x.client.opts.Now()
		usable := x.grant.token != "" && now.Before(x.grant.expires)
		switch {
		case usable && (now.Before(x.grant.renewAt) || now.Before(x.notBefore)):
			token := x.grant.token
			x.mu.Unlock()
			return token, nil
		case now.Before(x.notBefore):
			err := x.lastErr
			x.mu.Unlock()
			return "", err
		}
		f := x.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			x.flight = f
			// Detached: the caller that came first may give up without failing those who wait with it.
			go x.fly(context.WithoutCancel(ctx), f)
		}
		x.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", noAnswer(ctx.Err())
		case <-f.done:
		}
		if f.err != nil && !x.stillUsable() {
			return "", f.err
		}
	}
}

func (x *exchange) stillUsable() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.grant.token != "" && x.client.opts.Now().Before(x.grant.expires)
}

// fly makes the exchange and publishes its result.
func (x *exchange) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, 2*x.client.opts.Timeout)
	defer cancel()
	g, encoding, err := x.trade(ctx)
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.client.opts.Now()
	switch {
	case err == nil:
		x.grant, x.encoding, x.lastErr, x.notBefore = g, encoding, nil, time.Time{}
	case err.Class == Unauthorized || x.grant.token != "":
		// Also while the old token still serves, so that each call does not wait for another failing exchange.
		x.lastErr, x.notBefore = err, now.Add(refusedPause)
	}
	f.err = err
	x.flight = nil
	close(f.done)
}

// trade asks in JSON and, until one encoding has worked, once more in a form: the API's clients disagree on it.
func (x *exchange) trade(ctx context.Context) (grant, string, *Error) {
	x.mu.Lock()
	known := x.encoding
	x.mu.Unlock()
	encoding := known
	if encoding == "" {
		encoding = jsonType
	}
	g, a, err := x.ask(ctx, encoding)
	if err == nil || known != "" || !isRejection(a) {
		return g, encoding, err
	}
	g, _, err = x.ask(ctx, formType)
	return g, formType, err
}

// isRejection tells a refusal, which the other encoding may cure, from trouble on the way.
func isRejection(a answer) bool {
	if a.status == 0 || a.status == http.StatusTooManyRequests {
		return false
	}
	return a.status < 500 || a.failed()
}

func (x *exchange) ask(ctx context.Context, encoding string) (grant, answer, *Error) {
	c := x.client
	k := call{op: "Authenticate", method: http.MethodPost, path: c.addr.routes.Exchange, contentType: encoding}
	if encoding == formType {
		k.body = []byte(url.Values{"clientId": {c.opts.ClientID}, "clientSecret": {c.opts.ClientSecret}}.Encode())
	} else {
		body, err := jsonBody(map[string]string{"clientId": c.opts.ClientID, "clientSecret": c.opts.ClientSecret})
		if err != nil {
			return grant{}, answer{}, &Error{Class: Invalid, Message: "clientId or clientSecret cannot be sent as JSON"}
		}
		k.body = body
	}
	a, err := c.send(ctx, k, func(http.Header) {})
	if err != nil {
		return grant{}, a, exchangeFailure(a, err)
	}
	g, ok := x.readGrant(a.body)
	if !ok {
		return grant{}, a, &Error{Class: Unauthorized, Status: a.status, Message: "the API gave no access token for clientId and clientSecret"}
	}
	return g, a, nil
}

// exchangeFailure leaves out the API's message, which may echo what was sent.
func exchangeFailure(a answer, err *Error) *Error {
	e := &Error{Class: err.Class, Status: err.Status, RetryAfter: err.RetryAfter, cause: err.cause}
	switch {
	case a.status == 0:
		e.Message = err.Message
	case a.status == http.StatusTooManyRequests:
		e.Message = "while asking for an access token"
	case a.status == http.StatusNotFound:
		e.Class, e.Message = Invalid, "the API exchanges no clientId and clientSecret at this url; check it"
	case a.status >= 500:
		e.Class, e.Message = Temporary, "the API cannot exchange clientId and clientSecret for a token now"
	default:
		e.Class, e.Message = Unauthorized, "clientId and clientSecret were refused"
	}
	return e
}

// readGrant reads both known shapes: {token: {access: {token, expires}}} and {accessToken: {token, expires}}.
func (x *exchange) readGrant(body []byte) (grant, bool) {
	type access struct {
		Token   flexString `json:"token"`
		Expires flexTime   `json:"expires"`
	}
	type shapes struct {
		Token struct {
			Access access `json:"access"`
		} `json:"token"`
		AccessToken access `json:"accessToken"`
	}
	var whole struct {
		shapes
		Data json.RawMessage `json:"data"`
	}
	var inner shapes
	// A shape that does not fit leaves its fields empty, which is what the search below looks at.
	_ = json.Unmarshal(body, &whole)
	_ = json.Unmarshal(whole.Data, &inner)
	for _, found := range []access{whole.Token.Access, whole.AccessToken, inner.Token.Access, inner.AccessToken} {
		if token := string(found.Token); token != "" && headerSafe(token) {
			return newGrant(token, found.Expires.Time, x.client.opts.Now()), true
		}
	}
	return grant{}, false
}

// newGrant takes a missing or past expiry, as a wrong clock gives it, for the usual lifetime: a token that ends sooner
// is found out by its first 401.
func newGrant(token string, expires, now time.Time) grant {
	if !expires.After(now) {
		expires = now.Add(defaultLifetime)
	}
	early := min(renewBefore, expires.Sub(now)/2)
	return grant{token: token, expires: expires, renewAt: expires.Add(-early)}
}

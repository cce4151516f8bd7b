package vpsie

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Defaults of Options.
const (
	DefaultURL               = "https://api.vpsie.com"
	DefaultUserAgent         = "vpsie-autoscaler"
	DefaultRequestsPerMinute = 100
	DefaultBurst             = 20
	DefaultTimeout           = 30 * time.Second
	DefaultMaxAnswerBytes    = 32 << 20
	DefaultMaxUserDataBytes  = 16 << 10
)

// Options configure a Client. Either Token, or ClientID with ClientSecret, is required; Token wins when both are given.
type Options struct {
	// URL is the API's address. A host alone, or one followed by /v2, means the prefix /apps/v2; any other path is kept.
	URL string
	// Token is a static access token, as made in the VPSie console.
	Token string `json:"-"`
	// ClientID and ClientSecret are exchanged for access tokens that are renewed before they expire.
	ClientID     string `json:"-"`
	ClientSecret string `json:"-"`
	// AccountPassword is the login password of the account. The API deletes no machine without it.
	AccountPassword string `json:"-"`
	// ProjectID is the project new machines belong to: its identifier (a UUID), its number or its name. Empty means the
	// account's default project.
	ProjectID string

	HTTPClient *http.Client
	UserAgent  string
	// RequestsPerMinute and Burst limit all requests of the Client together.
	RequestsPerMinute float64
	Burst             int
	// Timeout bounds one request, not a call with its repetitions.
	Timeout time.Duration
	// AllowPlainHTTP permits http:// to other machines. To this machine (loopback) it is always permitted.
	AllowPlainHTTP bool
	// MaxAnswerBytes bounds what is read of one answer; a longer answer is an error.
	MaxAnswerBytes int64
	// MaxUserDataBytes bounds CreateRequest.UserData before encoding. The API's own limit is not known.
	MaxUserDataBytes int
	// Dialect is the only one in which CreateVM orders; empty finds out: see Dialect.
	Dialect Dialect
	// Routes replaces single routes; empty fields keep their default.
	Routes Routes

	// Observe, when set, is told of every HTTP request: the operation ("CreateVM"; "Authenticate" for the token
	// exchange), its outcome and its duration. The outcome is the HTTP status ("200"), the
	// Class when a 2xx answer carried a failure ("WrongPassword"), or "error" when there was no answer.
	Observe func(op, status string, took time.Duration)

	// Now, Sleep and Jitter replace the clock in tests. Sleep waits for d or until ctx ends and then returns its error;
	// Jitter returns a number in [0, 1).
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Jitter func() float64
}

func (o Options) withDefaults() Options {
	o.URL = cmp.Or(o.URL, DefaultURL)
	o.UserAgent = cmp.Or(o.UserAgent, DefaultUserAgent)
	o.RequestsPerMinute = cmp.Or(o.RequestsPerMinute, DefaultRequestsPerMinute)
	o.Burst = cmp.Or(o.Burst, DefaultBurst)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.MaxAnswerBytes = cmp.Or(o.MaxAnswerBytes, DefaultMaxAnswerBytes)
	o.MaxUserDataBytes = cmp.Or(o.MaxUserDataBytes, DefaultMaxUserDataBytes)
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{}
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

func (o Options) validate() error {
	var errs []error
	if o.Token == "" && (o.ClientID == "" || o.ClientSecret == "") {
		errs = append(errs, errors.New("token: a static token, or clientId together with clientSecret, is required"))
	}
	if o.RequestsPerMinute < 0 || o.Burst < 0 {
		errs = append(errs, errors.New("requestsPerMinute, burst: must be above 0"))
	}
	if o.Timeout < 0 {
		errs = append(errs, errors.New("timeout: must be above 0"))
	}
	if o.MaxAnswerBytes < 0 || o.MaxUserDataBytes < 0 {
		errs = append(errs, errors.New("maxAnswerBytes, maxUserDataBytes: must be above 0"))
	}
	if o.Dialect != "" && o.Dialect != DialectA && o.Dialect != DialectB {
		errs = append(errs, fmt.Errorf("dialect: %s is neither A nor B; leave it out to find out by the first order", quoteShort(string(o.Dialect))))
	}
	for name, secret := range map[string]string{"token": o.Token, "clientId": o.ClientID, "clientSecret": o.ClientSecret} {
		if !headerSafe(secret) {
			errs = append(errs, errors.New(name+": contains a space, a line break or another character that a header cannot carry"))
		}
	}
	return errors.Join(errs...)
}

// headerSafe reports whether s can travel in a header. net/http's own refusal would print the value.
func headerSafe(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

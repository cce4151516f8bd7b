package cloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Keys of the Secret that holds the account (docs/reference/account.md).
const (
	// KeyToken is an access token, as made in the VPSie console.
	KeyToken = "token"
	// KeyClientID is exchanged, with clientSecret, for access tokens, unless there is a token.
	KeyClientID = "clientId"
	// KeyClientSecret belongs to clientId.
	KeyClientSecret = "clientSecret"
	// KeyURL is the API's address; empty takes VPSie's own.
	KeyURL = "url"
	// KeyAccountPassword is the password of the account: VPSie deletes no VPS without
	// it, so none is bought without it.
	KeyAccountPassword = "accountPassword"
	// KeyProjectID is the project of new VPSes, by identifier, number or name; empty
	// takes the account's default project.
	KeyProjectID = "projectId"
	// KeyDialect is the only form in which VPSes are ordered, A or B (docs/reference/account.md); empty finds out
	// by the first order, at no cost.
	KeyDialect = "dialect"
)

// Keys are all keys that are read.
func Keys() []string {
	return []string{KeyToken, KeyClientID, KeyClientSecret, KeyURL, KeyAccountPassword, KeyProjectID, KeyDialect}
}

// Options configure a Cloud.
type Options struct {
	// ClusterID marks this cluster's machines; machines with another mark are never touched.
	ClusterID string
	// Namespace and SecretName say where the account is kept; they appear in messages only.
	Namespace, SecretName string
	AllowPlainHTTP        bool
	RequestsPerMinute     float64
	Timeout               time.Duration
	Clock                 clock.PassiveClock
	// HTTPClient replaces the usual one in tests.
	HTTPClient *http.Client
	// Observe is told of every HTTP request: operation, outcome, duration.
	Observe func(op, status string, took time.Duration)
	// CatalogueTTL is how long prices and plans are taken as current.
	CatalogueTTL time.Duration
	// Backoff is how long a refused instance type is left alone.
	Backoff Growth
}

// Cloud is one VPSie account as this cluster uses it. It is safe for concurrent use.
type Cloud struct {
	opts Options

	mu         sync.Mutex
	configured bool
	data       map[string][]byte
	client     *vpsie.Client
	// problem is why there is no client.
	problem error
	// refusal is why nothing may be bought although there is a client.
	refusal  error
	password password
	// vetted: the account password has been tried; else that is done after vetAfter.
	vetted   bool
	vetAfter time.Time
	sight    *sightCache
	shop     *catalogue
	backoff  *backoffs
	// prices are the last ones known, by datacenter and instance type. They outlive a change of the account: what runs is billed anyway.
	prices map[plan.OfferKey]plan.Money
	// firewall is held while a firewall is changed.
	firewall sync.Mutex
}

// New returns a Cloud that has no account yet; see Configure.
func New(opts Options) *Cloud {
	c := &Cloud{opts: opts, backoff: newBackoffs(opts.Backoff), prices: map[plan.OfferKey]plan.Money{}}
	c.problem = c.noAccount()
	return c
}

func (c *Cloud) noAccount() error {
	return fmt.Errorf("VPSie API authentication failed: there is no Secret %s; create it with the key %s, or %s and %s, and the key %s",
		c.secret(), KeyToken, KeyClientID, KeyClientSecret, KeyAccountPassword)
}

func (c *Cloud) secret() string { return c.opts.Namespace + "/" + c.opts.SecretName }

// Configured tells that Configure has been called.
func (c *Cloud) Configured() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.configured
}

// Fingerprint tells one account's Secret from another; empty when there is none. It shows
// nothing of the Secret: the token, which nobody can guess, is part of what is hashed.
func (c *Cloud) Fingerprint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.data[KeyToken]) == 0 && len(c.data[KeyClientSecret]) == 0 {
		return ""
	}
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(c.data)) {
		fmt.Fprintf(h, "%q=%q,", key, c.data[key])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Configure takes the account from a Secret's data, nil when there is none. It
// reports whether anything changed; a change forgets what the old account said.
func (c *Cloud) Configure(data map[string][]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.configured && (c.data == nil) == (data == nil) && maps.EqualFunc(c.data, data, bytes.Equal) {
		return false
	}
	client, problem := c.connect(data)
	c.configured, c.data = true, maps.Clone(data)
	c.client, c.problem, c.refusal = client, problem, nil
	c.sight, c.shop = nil, nil
	c.password, c.vetted, c.vetAfter = password{}, false, time.Time{}
	c.backoff.forget()
	if client == nil {
		return true
	}
	c.sight = &sightCache{client: client, clock: c.opts.Clock, clusterID: c.opts.ClusterID, ended: map[int64]time.Time{}}
	c.shop = newCatalogue(client, c.opts.Clock, c.opts.CatalogueTTL)
	if !client.HasAccountPassword() {
		c.refusal = fmt.Errorf("VPSie API authentication failed: secret %s has no key %s: VPSie deletes no VPS without the account's password, so none is bought; add the key", c.secret(), KeyAccountPassword)
	}
	return true
}

func (c *Cloud) connect(data map[string][]byte) (*vpsie.Client, error) {
	if data == nil {
		return nil, c.noAccount()
	}
	value := func(key string) string { return string(bytes.TrimSpace(data[key])) }
	client, err := vpsie.New(vpsie.Options{
		URL:               value(KeyURL),
		Token:             value(KeyToken),
		ClientID:          value(KeyClientID),
		ClientSecret:      value(KeyClientSecret),
		AccountPassword:   value(KeyAccountPassword),
		ProjectID:         value(KeyProjectID),
		Dialect:           vpsie.Dialect(value(KeyDialect)),
		AllowPlainHTTP:    c.opts.AllowPlainHTTP,
		HTTPClient:        c.opts.HTTPClient,
		RequestsPerMinute: c.opts.RequestsPerMinute,
		Timeout:           c.opts.Timeout,
		Observe:           c.opts.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("VPSie API authentication failed: secret %s: %w", c.secret(), err)
	}
	return client, nil
}

// current returns the account's parts, or why there is no account.
func (c *Cloud) current() (account, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem != nil {
		return account{}, c.problem
	}
	return account{c.client, c.sight, c.shop}, nil
}

type account struct {
	client *vpsie.Client
	sight  *sightCache
	shop   *catalogue
}

// Refusal is why nothing may be bought now, nil when buying is allowed.
func (c *Cloud) Refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.problem, c.refusal)
}

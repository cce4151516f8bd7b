package vpsietest

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// Defaults of Options.
const (
	DefaultToken           = "vpsietest0token0vpsietest0token0vpsietest0token0vpsietest0token0"
	DefaultClientID        = "vpsietest-client"
	DefaultClientSecret    = "vpsietest-client-secret"
	DefaultAccountPassword = "vpsietest-account-password" //nolint:gosec // of a fake
)

// Options configure a Server. The zero value is a working server.
type Options struct {
	// Addr and AdminAddr are the listen addresses; default 127.0.0.1:0.
	Addr, AdminAddr string
	// InProcess has the server listen nowhere: it answers through Server.Transport alone. Inside a testing/synctest
	// bubble, where sockets stop the clock, its delays then pass in the bubble's time.
	InProcess bool

	Token           string
	ClientID        string
	ClientSecret    string
	AccountPassword string

	// Catalogue is what the cloud sells; nil means DefaultCatalogue().
	Catalogue *Catalogue
	// Knobs is how the cloud behaves at first.
	Knobs Knobs
	// Seed makes the faults' probabilities repeatable.
	Seed uint64
	// Booter, when set, turns machines into something; nil leaves them entries in a list.
	Booter Booter
	// Logger hears of the Booter's errors; nil discards them.
	Logger *slog.Logger
	// Now replaces the clock for billing, token expiry and time stamps.
	Now func() time.Time
	// After replaces the clock for what becomes of machines: createMillis, gapMillis, bootMillis, readyMillis, deleteMillis,
	// addressMillis, flaggedMillis, vpcMillis. Delays of answers always pass in real time.
	After func(d time.Duration) <-chan time.Time
}

// Machine is what a Booter needs to know of a machine.
type Machine struct {
	ID           int
	Identifier   string
	Hostname     string // as ordered; the API's lists may show another case
	InstanceType string // the plan's nickname
	Datacenter   string // the datacenter's name
	CPU          int
	MemoryMB     int
	// GuestMemoryMB is what the machine itself sees: less than MemoryMB where the plan's category shares memory.
	GuestMemoryMB int
	DiskGB        int
	IPv4, IPv6    string // "" when not ordered
	PrivateIP     string
	UserData      string // decoded
}

// Booter acts out the inner life of machines. Calls for one machine come one after another, those for several machines at
// the same time. ctx ends when the machine stops or the server closes. Errors are logged and change nothing.
type Booter interface {
	// Boot comes createMillis + bootMillis after the order, unless neverJoin swallowed the machine.
	Boot(ctx context.Context, m Machine) error
	// Ready comes readyMillis after Boot returned.
	Ready(ctx context.Context, m Machine) error
	// Gone comes when a booted machine is stopped, and when it is destroyed or deleted: so twice for one that was stopped first.
	Gone(ctx context.Context, m Machine) error
}

func (o Options) withDefaults() Options {
	o.Addr = cmp.Or(o.Addr, "127.0.0.1:0")
	o.AdminAddr = cmp.Or(o.AdminAddr, "127.0.0.1:0")
	o.Token = cmp.Or(o.Token, DefaultToken)
	o.ClientID = cmp.Or(o.ClientID, DefaultClientID)
	o.ClientSecret = cmp.Or(o.ClientSecret, DefaultClientSecret)
	o.AccountPassword = cmp.Or(o.AccountPassword, DefaultAccountPassword)
	if o.Catalogue == nil {
		o.Catalogue = DefaultCatalogue()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

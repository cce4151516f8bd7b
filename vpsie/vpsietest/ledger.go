package vpsietest

import (
	"cmp"
	"math/big"
	"slices"
	"time"
)

// hoursPerMonth is the vendor's month.
const hoursPerMonth = 720

// maxRequests bounds the ledger of a server that runs for days; the oldest requests go first.
const maxRequests = 200_000

// Ledger is what GET /ledger answers.
type Ledger struct {
	VMs      []Bill    `json:"vms"`
	Requests []Request `json:"requests"`
	// PrivateIPs are the addresses of VPCs that machines got; one that a machine which is gone has not released leaks.
	PrivateIPs []PrivateIP `json:"privateIPs,omitempty"`
	// Attachments are what machines are attached to, also those that are gone.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Scripts are the names of the stored scripts.
	Scripts []string `json:"scripts,omitempty"`
}

// Attachment is a firewall group or a gateway of a machine.
type Attachment struct {
	VMIdentifier  string `json:"vmIdentifier"`
	FirewallGroup string `json:"firewallGroup,omitempty"` // its identifier
	GatewayID     int    `json:"gatewayId,omitempty"`
	MappingID     int    `json:"mappingId,omitempty"` // of the gateway
}

// attachments is the ledger's part. The caller holds the lock.
func (s *Server) attachments() []Attachment {
	var all []Attachment
	for _, m := range s.machines {
		for _, g := range m.firewalls {
			all = append(all, Attachment{VMIdentifier: m.identifier, FirewallGroup: g})
		}
	}
	for _, n := range s.nat {
		all = append(all, Attachment{VMIdentifier: n.machine.identifier, GatewayID: n.gateway, MappingID: n.id})
	}
	return all
}

// Bill is one machine's account, from its order to its end. Orders that vanish from pending have none.
type Bill struct {
	ID                 int        `json:"id"`
	Identifier         string     `json:"identifier"`
	Hostname           string     `json:"hostname"`
	ResourceIdentifier string     `json:"resourceIdentifier"` // as ordered
	Plan               string     `json:"plan"`               // its nickname
	Spot               bool       `json:"spot,omitempty"`
	Datacenter         string     `json:"datacenter"` // its name
	Notes              string     `json:"notes"`
	Tags               []string   `json:"tags"`
	State              string     `json:"state"` // pending, hidden, listed or removed
	PoweredOn          bool       `json:"poweredOn"`
	CreatedAt          time.Time  `json:"createdAt"`
	ListedAt           *time.Time `json:"listedAt,omitempty"` // from when on the list has it
	DeletedAt          *time.Time `json:"deletedAt"`
	Cost               string     `json:"cost"` // decimal, in US dollars, up to now
	PricePerMonth      string     `json:"-"`    // as it was ordered; not part of GET /ledger
}

// Request is one request to the API.
type Request struct {
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Status int       `json:"status"` // 0 for a connection dropped on purpose
	// Fault is the effect of the fault rule that spoiled the answer: before, after or delay; empty when none did.
	Fault string `json:"fault,omitempty"`
}

// Ledger returns the accounts of all machines, in the order of their orders, and all requests.
func (s *Server) Ledger() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := Ledger{VMs: []Bill{}, Requests: append([]Request{}, s.requests...), PrivateIPs: s.privateIPs(), Attachments: s.attachments()}
	for _, script := range s.scripts {
		l.Scripts = append(l.Scripts, script.name)
	}
	for _, m := range s.machines {
		if m.phantom {
			continue
		}
		s.settle(m)
		b := Bill{
			ID: m.id, Identifier: m.identifier, Hostname: m.hostname, ResourceIdentifier: m.offer.identifier, Plan: m.offer.Nickname, Spot: m.offer.spot,
			Datacenter: m.datacenter.Name, Notes: m.notes, Tags: append([]string{}, m.tags...), State: string(m.stage), PoweredOn: m.power,
			CreatedAt: m.createdAt, ListedAt: m.listedAt, Cost: m.cost.FloatString(9), PricePerMonth: m.price.FloatString(2),
		}
		if !m.removedAt.IsZero() {
			b.DeletedAt = new(m.removedAt)
		}
		l.VMs = append(l.VMs, b)
	}
	return l
}

// settle brings a machine's cost up to now. Stopped and suspended machines cost as running ones do. The caller holds the
// lock.
func (s *Server) settle(m *machine) {
	if !m.removedAt.IsZero() {
		return
	}
	now := s.opts.Now().UTC()
	elapsed := big.NewRat(int64(now.Sub(m.billedAt)), int64(time.Hour))
	speedup := new(big.Rat)
	speedup.SetFloat64(cmp.Or(s.knobs.BillingSpeedup, 1))
	hourly := new(big.Rat).Quo(m.price, big.NewRat(hoursPerMonth, 1))
	m.cost.Add(m.cost, elapsed.Mul(elapsed, speedup).Mul(elapsed, hourly))
	// Exact fractions would grow with every reading; 1e-15 dollars are lost at most.
	m.cost.SetString(m.cost.FloatString(15))
	m.billedAt = now
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) >= maxRequests {
		s.requests = slices.Delete(s.requests, 0, maxRequests/10)
	}
	s.requests = append(s.requests, r)
}

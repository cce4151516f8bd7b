package vpsietest

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
)

// Catalogue is what the fake cloud sells.
type Catalogue struct {
	Datacenters []Datacenter
	Plans       []Plan
	// Images are the account's own (custom) images: GET /custom/images lists them, and POST /custom/vm orders them.
	Images []Named
	// StockImages are the vendor's: no route lists them.
	StockImages []Named
	SSHKeys     []Named
	Projects    []Named // the first is the default project

	VPCs           []VPC
	FirewallGroups []Named
	Gateways       []Gateway
}

// VPC is a private network of one datacenter.
type VPC struct {
	ID         int
	Name       string
	Datacenter string // its name
	Range      string // the network's address, such as 10.20.0.0
	Size       int    // of the prefix, such as 24
	Default    bool
}

// Gateway is the address of a NAT gateway.
type Gateway struct {
	ID         int
	IP         string
	Datacenter string // its name
}

// Datacenter is a place for machines.
type Datacenter struct {
	Name       string
	State      string
	Country    string
	Identifier string // empty: derived from the name
	Inactive   bool
}

// Plan is a size of machine. It has another identifier in each datacenter: see PlanIdentifier.
type Plan struct {
	Nickname      string
	Category      string
	CPU           int
	MemoryMB      int
	DiskGB        int
	TrafficGB     int
	PricePerMonth string // decimal, in US dollars
	// Datacenters are the names of those that sell the plan; empty means all.
	Datacenters []string
}

// Named is anything with a name and an identifier.
type Named struct {
	Name       string
	Identifier string // empty: derived from the name
	Datacenter string // of an image: the name of the only one that has it; empty is all
}

// SharedCPU is the category whose machines see only a part of their memory.
const SharedCPU = "Shared CPU"

// guestMemory returns what a machine of the plan sees.
func (p Plan) guestMemory() int {
	if p.Category == SharedCPU {
		return p.MemoryMB * 3 / 4
	}
	return p.MemoryMB
}

func (p Plan) soldIn(datacenter string) bool {
	return len(p.Datacenters) == 0 || slices.Contains(p.Datacenters, datacenter)
}

// DefaultCatalogue returns a small cloud with prices that, as on real price lists, do not grow in proportion to size.
func DefaultCatalogue() *Catalogue {
	return &Catalogue{
		Datacenters: []Datacenter{
			{Name: "dc-us-east-1", State: "New Jersey", Country: "USA"},
			{Name: "dc-eu-west-1", State: "Amsterdam", Country: "Netherlands"},
		},
		Plans: []Plan{
			{"micro-1cpu-2gb", "Standard", 1, 2048, 40, 1000, "7.00", nil},
			{"small-2cpu-4gb", "Standard", 2, 4096, 80, 2000, "12.00", nil},
			{"medium-4cpu-8gb", "Standard", 4, 8192, 160, 3000, "22.00", nil},
			{"large-8cpu-16gb", "Standard", 8, 16384, 320, 5000, "46.00", nil},
			{"xlarge-16cpu-32gb", "Standard", 16, 32768, 640, 8000, "104.00", nil},
			{"compute-8cpu-8gb", "Compute Optimized", 8, 8192, 160, 4000, "38.50", nil},
			{"memory-2cpu-16gb", "Memory Optimized", 2, 16384, 120, 2000, "34.00", nil},
			{"memory-4cpu-32gb", "Memory Optimized", 4, 32768, 240, 4000, "70.00", []string{"dc-us-east-1"}},
			{"shared-2cpu-4gb", SharedCPU, 2, 4096, 80, 2000, "9.00", nil},
		},
		Images:      []Named{{Name: "ubuntu-22.04-lts"}, {Name: "debian-12"}},
		StockImages: []Named{{Name: "Ubuntu 24.04"}, {Name: "Debian 13"}},
		SSHKeys:     []Named{{Name: "ssh-key-123"}},
		Projects:    []Named{{Name: "default"}},
		VPCs: []VPC{
			{101, "default-us", "dc-us-east-1", "10.10.0.0", 24, true}, {102, "nodes", "dc-us-east-1", "10.20.0.0", 24, false},
			{201, "nodes-eu", "dc-eu-west-1", "10.30.0.0", 24, true},
		},
		FirewallGroups: []Named{{Name: "nodes"}, {Name: "web"}},
		Gateways:       []Gateway{{501, "198.51.100.1", "dc-us-east-1"}, {502, "198.51.100.2", "dc-eu-west-1"}},
	}
}

// PlanIdentifier returns the identifier by which a plan is ordered in a datacenter.
func PlanIdentifier(nickname, datacenter string) string {
	return uuidOf("plan", nickname, datacenter)
}

// SpotIdentifier returns the identifier by which a plan is ordered in a datacenter as a spot instance.
func SpotIdentifier(nickname, datacenter string) string {
	return uuidOf("spot", nickname, datacenter)
}

// Identifier returns the identifier of what has none of its own. kind is "datacenter", "image" (also of a stock image),
// "sshkey", "project" or "firewall".
func Identifier(kind, name string) string { return uuidOf(kind, name) }

// uuidOf derives the same UUID from the same words, so that identifiers survive a restart of the fake.
func uuidOf(words ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", words))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// offer is a plan as one datacenter sells it.
type offer struct {
	Plan
	identifier string
	datacenter string // its name
	boxSizeID  int
	spot       bool
}

// asSpot is the offer as a spot instance.
func (o offer) asSpot() offer {
	o.identifier, o.spot = SpotIdentifier(o.Nickname, o.datacenter), true
	return o
}

// shop is a Catalogue with all identifiers filled in.
type shop struct {
	Catalogue
	offers map[string][]offer // by datacenter identifier
}

func openShop(c Catalogue) (shop, error) {
	s := shop{Catalogue: Catalogue{
		Datacenters: slices.Clone(c.Datacenters), Plans: slices.Clone(c.Plans), Images: named("image", c.Images),
		StockImages: named("image", c.StockImages), SSHKeys: named("sshkey", c.SSHKeys), Projects: named("project", c.Projects),
		VPCs: slices.Clone(c.VPCs), FirewallGroups: named("firewall", c.FirewallGroups), Gateways: slices.Clone(c.Gateways),
	}, offers: map[string][]offer{}}
	if len(s.Projects) == 0 {
		return s, fmt.Errorf("projects: a catalogue needs at least one")
	}
	for _, v := range s.VPCs {
		if _, err := netip.ParsePrefix(fmt.Sprintf("%s/%d", v.Range, v.Size)); err != nil {
			return s, fmt.Errorf("vpc %d: range, size: %w", v.ID, err)
		}
	}
	for i := range s.Datacenters {
		dc := &s.Datacenters[i]
		if dc.Identifier == "" {
			dc.Identifier = uuidOf("datacenter", dc.Name)
		}
		for n, p := range s.Plans {
			if _, err := parsePrice(p.PricePerMonth); err != nil {
				return s, fmt.Errorf("plan %q: pricePerMonth: %w", p.Nickname, err)
			}
			if p.soldIn(dc.Name) {
				s.offers[dc.Identifier] = append(s.offers[dc.Identifier], offer{Plan: p, identifier: PlanIdentifier(p.Nickname, dc.Name), datacenter: dc.Name, boxSizeID: n + 1})
			}
		}
	}
	return s, nil
}

func named(kind string, list []Named) []Named {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Identifier == "" {
			list[i].Identifier = uuidOf(kind, list[i].Name)
		}
	}
	return list
}

// categories returns the plans' categories in the order of their first plan.
func (s shop) categories() []string {
	var all []string
	for _, p := range s.Plans {
		if !slices.Contains(all, p.Category) {
			all = append(all, p.Category)
		}
	}
	return all
}

// datacenter finds by identifier or name.
func (s shop) datacenter(ref string) (Datacenter, bool) {
	i := slices.IndexFunc(s.Datacenters, func(d Datacenter) bool { return d.Identifier == ref || d.Name == ref })
	if i < 0 {
		return Datacenter{}, false
	}
	return s.Datacenters[i], true
}

// nickname returns the nickname that ref means: ref itself, or that of the plan which some datacenter sells as ref. With a
// datacenter's name and a slash before it, it is of that datacenter alone.
func (s shop) nickname(ref string) (string, bool) {
	if place, plan, ok := strings.Cut(ref, "/"); ok {
		dc, known := s.datacenter(place)
		i := slices.IndexFunc(s.offers[dc.Identifier], func(o offer) bool { return o.Nickname == plan || o.identifier == plan })
		if !known || i < 0 {
			return "", false
		}
		return dc.Name + "/" + s.offers[dc.Identifier][i].Nickname, true
	}
	for _, p := range s.Plans {
		if p.Nickname == ref {
			return ref, true
		}
	}
	for _, offers := range s.offers {
		for _, o := range offers {
			if o.identifier == ref {
				return o.Nickname, true
			}
		}
	}
	return "", false
}

func find(list []Named, identifier string) (Named, bool) {
	i := slices.IndexFunc(list, func(n Named) bool { return n.Identifier == identifier })
	if i < 0 {
		return Named{}, false
	}
	return list[i], true
}

// parsePrice reads a plain decimal such as 12, 12.5 or 12.50.
func parsePrice(s string) (*big.Rat, error) {
	for _, r := range s {
		if r != '.' && (r < '0' || r > '9') {
			return nil, fmt.Errorf("%q is no price; write a decimal such as \"12.00\"", s)
		}
	}
	price, ok := new(big.Rat).SetString(s)
	if !ok || len(s) > 20 {
		return nil, fmt.Errorf("%q is no price; write a decimal such as \"12.00\"", s)
	}
	return price, nil
}

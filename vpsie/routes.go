package vpsie

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Routes are the API's paths. One that starts with "/" is taken from the root of the address (before /apps/v2 or
// /api/v2), any other from the prefix. The API has no public reference; the defaults are those that more than one of its
// clients use.
type Routes struct {
	VMs            string // GET lists, GET {VMs}/{identifier} reads one, DELETE deletes, POST {VMs}/restart restarts
	PendingVMs     string
	OrdersA        string // POST orders in dialect A
	OrdersB        string // POST orders in dialect B
	CustomVMs      string // POST orders from an image of the account's own, in either dialect
	Scripts        string
	Script         string // POST {Script}/add stores a script, DELETE deletes one
	Storages       string
	Profile        string
	Usage          string
	Datacenters    string
	PlanCategories string
	Plans          string // POST, form-encoded; the /api/v2 twin of this route does not work
	Images         string // lists the account's images; no route that lists the stock images is known
	SSHKeys        string
	Projects       string
	Exchange       string // POST, client id and secret for an access token

	VPCs           string
	VPCMachines    string // GET {VPCMachines}/{vpcId} lists the addresses of a VPC
	AttachVPC      string // POST
	DetachVPC      string // DELETE
	FirewallGroups string
	FirewallGroup  string // GET {FirewallGroup}/{identifier} shows one with its machines
	Firewall       string // POST {Firewall}/attach/group and {Firewall}/detach/group
	Gateways       string
	AttachGateway  string // POST
	DetachGateway  string // POST
}

func (r Routes) withDefaults() Routes {
	return Routes{
		VMs:            cmp.Or(r.VMs, "vm"),
		PendingVMs:     cmp.Or(r.PendingVMs, "vm/pending"),
		OrdersA:        cmp.Or(r.OrdersA, apiPrefix+"/vm"),
		OrdersB:        cmp.Or(r.OrdersB, "vm"),
		CustomVMs:      cmp.Or(r.CustomVMs, "custom/vm"),
		Scripts:        cmp.Or(r.Scripts, "scripts"),
		Script:         cmp.Or(r.Script, "script"),
		Storages:       cmp.Or(r.Storages, "storages"),
		Profile:        cmp.Or(r.Profile, "profile/user"),
		Usage:          cmp.Or(r.Usage, "billing/estimated/usages"),
		Datacenters:    cmp.Or(r.Datacenters, "datacenter"),
		PlanCategories: cmp.Or(r.PlanCategories, "/api/v2/plans/category"),
		Plans:          cmp.Or(r.Plans, "resources"),
		Images:         cmp.Or(r.Images, "custom/images"),
		SSHKeys:        cmp.Or(r.SSHKeys, "sshkeys"),
		Projects:       cmp.Or(r.Projects, "projects"),
		Exchange:       cmp.Or(r.Exchange, "auth/from/api"),
		VPCs:           cmp.Or(r.VPCs, "vpc"),
		VPCMachines:    cmp.Or(r.VPCMachines, "vpc/vms"),
		AttachVPC:      cmp.Or(r.AttachVPC, "vm/add/vpc"),
		DetachVPC:      cmp.Or(r.DetachVPC, "vm/vpc"),
		FirewallGroups: cmp.Or(r.FirewallGroups, "firewall/groups"),
		FirewallGroup:  cmp.Or(r.FirewallGroup, "firewall/group"),
		Firewall:       cmp.Or(r.Firewall, "firewall"),
		Gateways:       cmp.Or(r.Gateways, "gateways/ips"),
		AttachGateway:  cmp.Or(r.AttachGateway, "gateways/attach/vms"),
		DetachGateway:  cmp.Or(r.DetachGateway, "gateways/detach/vms"),
	}
}

const (
	appsPrefix = "/apps/v2"
	apiPrefix  = "/api/v2"
)

// address is the normalised URL of Options.
type address struct {
	origin string // scheme and host
	root   string // path before the prefix, usually empty
	prefix string // path of relative routes
	routes Routes // with absolute routes made relative to origin
}

func parseAddress(raw string, allowPlainHTTP bool, routes Routes) (address, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The text of url.Parse repeats its input, which may hold credentials.
		return address{}, fmt.Errorf("is not a URL; write it as in %s", DefaultURL)
	}
	switch {
	case u.Scheme == "" || u.Host == "":
		return address{}, fmt.Errorf("needs a scheme and a host; write it as in %s", DefaultURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return address{}, fmt.Errorf("must hold no user, query or fragment; credentials belong in token or clientId and clientSecret")
	case u.Scheme != "https" && u.Scheme != "http":
		return address{}, fmt.Errorf("has the scheme %q; only https (and http to this machine) is possible", u.Scheme)
	case u.Scheme == "http" && !allowPlainHTTP && !isLoopback(u.Hostname()):
		return address{}, fmt.Errorf("uses plain http to host %q, which would send the account's password in clear text; use https", u.Hostname())
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if path == "" || path == "/v2" {
		path = appsPrefix
	}
	a := address{origin: u.Scheme + "://" + u.Host, prefix: path}
	for _, known := range []string{appsPrefix, apiPrefix} {
		if root, ok := strings.CutSuffix(path, known); ok {
			a.root = root
		}
	}
	a.routes = a.place(routes.withDefaults())
	return a, nil
}

// place makes all routes absolute. Under /api/v2 only the machines' own routes answer; everything else stays at /apps/v2.
func (a address) place(r Routes) Routes {
	general := a.prefix
	if strings.HasSuffix(a.prefix, apiPrefix) {
		general = a.root + appsPrefix
	}
	at := func(prefix, route string) string {
		if strings.HasPrefix(route, "/") {
			return a.root + route
		}
		return prefix + "/" + route
	}
	return Routes{
		VMs:            at(a.prefix, r.VMs),
		PendingVMs:     at(general, r.PendingVMs),
		OrdersA:        at(general, r.OrdersA),
		OrdersB:        at(general, r.OrdersB),
		CustomVMs:      at(general, r.CustomVMs),
		Scripts:        at(general, r.Scripts),
		Script:         at(general, r.Script),
		Storages:       at(general, r.Storages),
		Profile:        at(general, r.Profile),
		Usage:          at(general, r.Usage),
		Datacenters:    at(general, r.Datacenters),
		PlanCategories: at(general, r.PlanCategories),
		Plans:          at(general, r.Plans),
		Images:         at(general, r.Images),
		SSHKeys:        at(general, r.SSHKeys),
		Projects:       at(general, r.Projects),
		Exchange:       at(general, r.Exchange),
		VPCs:           at(general, r.VPCs),
		VPCMachines:    at(general, r.VPCMachines),
		AttachVPC:      at(general, r.AttachVPC),
		DetachVPC:      at(general, r.DetachVPC),
		FirewallGroups: at(general, r.FirewallGroups),
		FirewallGroup:  at(general, r.FirewallGroup),
		Firewall:       at(general, r.Firewall),
		Gateways:       at(general, r.Gateways),
		AttachGateway:  at(general, r.AttachGateway),
		DetachGateway:  at(general, r.DetachGateway),
	}
}

func (a address) String() string { return a.origin + a.prefix }

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

package vpsietest

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
)

// lease is an address of a VPC that a machine has. It is kept when the machine goes without releasing it.
type lease struct {
	id       int // the API's private_ip_id
	vpc      int
	ip       string
	machine  *machine
	visible  bool // on the list of the VPC's machines
	released bool
}

// PrivateIP is an address of a VPC in the ledger.
type PrivateIP struct {
	ID           int    `json:"id"`
	VPCID        int    `json:"vpcId"`
	IP           string `json:"ip"`
	VMIdentifier string `json:"vmIdentifier"`
	Released     bool   `json:"released"`
}

func (s *Server) listVPCs(r request) reply {
	all := []object{}
	for _, v := range s.shop.VPCs {
		all = append(all, s.wireVPC(v))
	}
	return page(r, all)
}

func (s *Server) getVPC(_ request, id string) reply {
	v, ok := s.vpc(id)
	if !ok {
		return success(false)
	}
	return reply{status: http.StatusOK, body: object{
		"error": false, "data": s.wireVPC(v), "vpcDetails": object{"rows": []any{}, "count": 0},
	}}
}

func (s *Server) vpc(id string) (VPC, bool) {
	i := slices.IndexFunc(s.shop.VPCs, func(v VPC) bool { return strconv.Itoa(v.ID) == id })
	if i < 0 {
		return VPC{}, false
	}
	return s.shop.VPCs[i], true
}

func (s *Server) wireVPC(v VPC) object {
	dc, _ := s.shop.datacenter(v.Datacenter)
	return object{
		"id": v.ID, "user_id": 7, "owner_id": 7, "datacenter_id": s.datacenterNumber(dc), "name": v.Name, "description": v.Name,
		"interface_number": 1, "network_tag_number": v.ID, "network_range": v.Range, "network_size": v.Size, "is_default": bit(v.Default),
		"created_by": 7, "updated_by": 7, "created_on": madeOn, "last_updated": madeOn, "low_ip_num": 0, "hight_ip_num": 0,
		"is_upc_network": 0, "firstname": "Fake", "lastname": "Account", "username": "fake@example.com", "state": dc.State,
		"dc_name": dc.Name, "dc_identifier": dc.Identifier,
	}
}

// madeOn is when everything was made that the catalogue gives no time of.
const madeOn = "2026-01-01T00:00:00Z"

// attachVPC gives a listed machine an address in a VPC of its datacenter. It answers before the address is there.
func (s *Server) attachVPC(r request) reply {
	var b struct {
		VMIdentifier string `json:"vmIdentifier"`
		VPCID        int    `json:"vpcId"`
		DCIdentifier string `json:"dcIdentifier"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(b.VMIdentifier)
	if m == nil || !m.removedAt.IsZero() {
		return s.noMachine(r)
	}
	v, ok := s.vpc(strconv.Itoa(b.VPCID))
	if dc, _ := s.shop.datacenter(v.Datacenter); !ok || dc.Identifier != b.DCIdentifier || b.DCIdentifier != m.datacenter.Identifier {
		return refusal(r, http.StatusBadRequest, "The VPC was not found in the datacenter of the virtual machine")
	}
	if slices.ContainsFunc(s.leases, func(l *lease) bool { return l.machine == m && l.vpc == v.ID && !l.released }) {
		return refusal(r, http.StatusConflict, "The virtual machine is already in use in this VPC")
	}
	ip, ok := s.freeAddress(v)
	if !ok {
		return refusal(r, http.StatusBadRequest, "The VPC has no free address")
	}
	s.lastLease++
	l := &lease{id: 7000 + s.lastLease, vpc: v.ID, ip: ip, machine: m, visible: s.knobs.VPCMillis == 0}
	s.leases = append(s.leases, l)
	millis := s.knobs.VPCMillis
	s.background(func(ctx context.Context) {
		if s.pause(ctx, nil, millis) {
			s.mutate(func() { l.visible = true })
		}
	})
	return s.accepted()
}

// freeAddress returns the lowest address that no lease has. The first ten are the network's own. The caller holds the lock.
func (s *Server) freeAddress(v VPC) (string, bool) {
	prefix := netip.MustParsePrefix(fmt.Sprintf("%s/%d", v.Range, v.Size)).Masked()
	ip := prefix.Addr()
	for range 10 {
		ip = ip.Next()
	}
	for ; prefix.Contains(ip.Next()); ip = ip.Next() { // the last one is the broadcast address
		if !slices.ContainsFunc(s.leases, func(l *lease) bool { return l.vpc == v.ID && l.ip == ip.String() && !l.released }) {
			return ip.String(), true
		}
	}
	return "", false
}

// listVPCMachines is the one place that shows addresses within a VPC.
func (s *Server) listVPCMachines(_ request, id string) reply {
	v, ok := s.vpc(id)
	if !ok {
		return success(false)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, l := range s.leases {
		if l.vpc != v.ID || l.released || !l.visible {
			continue
		}
		all = append(all, object{
			"vmId": l.machine.id, "identifier": l.machine.identifier, "vpc_ip": l.ip, "hostname": l.machine.hostname,
			"is_disconnected": bit(!l.machine.removedAt.IsZero()), "private_ip_id": l.id,
		})
	}
	return success(all)
}

// detachVPC releases an address. It works for machines that are gone as well.
func (s *Server) detachVPC(r request) reply {
	var b struct {
		VMIdentifier string `json:"vmIdentifier"`
		PrivateIPID  int    `json:"privateIpId"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.leases, func(l *lease) bool {
		return l.id == b.PrivateIPID && l.machine.identifier == b.VMIdentifier && !l.released
	})
	if i < 0 {
		return success(false)
	}
	s.leases[i].released = true
	return s.accepted()
}

// privateIPs is the ledger's part. The caller holds the lock.
func (s *Server) privateIPs() []PrivateIP {
	var all []PrivateIP
	for _, l := range s.leases {
		all = append(all, PrivateIP{l.id, l.vpc, l.ip, l.machine.identifier, l.released})
	}
	return all
}

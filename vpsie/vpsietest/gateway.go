package vpsietest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// natMapping puts a machine behind a gateway.
type natMapping struct {
	id, gateway int
	machine     *machine
}

func (s *Server) listGateways(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []object{}
	for _, g := range s.shop.Gateways {
		if wanted := number(r.query, "ipId"); wanted != 0 && wanted != g.ID {
			continue
		}
		attached := []object{}
		for _, n := range s.nat {
			if n.gateway == g.ID && n.machine.removedAt.IsZero() {
				attached = append(attached, object{"identifier": n.machine.identifier, "gateway_mapping_id": n.id})
			}
		}
		dc, _ := s.shop.datacenter(g.Datacenter)
		rows = append(rows, object{
			"id": g.ID, "datacenter_id": s.datacenterNumber(dc), "ip_properties_id": 1, "ip": g.IP, "is_reserved": 1, "ip_version": "ipv4",
			"box_id": nil, "is_primary": 0, "notes": nil, "user_id": 7, "updated_at": madeOn, "is_gateway_reserved": 1,
			"is_user_account_gateway": 1, "datacenterName": dc.Name, "state": dc.State, "dcIdentifier": dc.Identifier,
			"created_by": "fake@example.com", "attachedVms": attached,
		})
	}
	return success(object{"rows": rows, "isThereUserGatewayLevel": true, "count": len(rows)})
}

func (s *Server) attachGateway(r request) reply {
	var b struct {
		VMs             []string        `json:"vms"`
		IPID            int             `json:"ipId"`
		IgnoreLegacyVMs json.RawMessage `json:"ignoreLegacyVms"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	if len(b.VMs) == 0 || b.IgnoreLegacyVMs == nil {
		return lostInTheClouds(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.shop.Gateways, func(g Gateway) bool { return g.ID == b.IPID })
	if i < 0 {
		return refusal(r, http.StatusNotFound, "Gateway not found")
	}
	var machines []*machine
	for _, identifier := range b.VMs {
		m := s.visible(identifier)
		if m == nil || !m.removedAt.IsZero() {
			return s.noMachine(r)
		}
		if m.datacenter.Name != s.shop.Gateways[i].Datacenter {
			return refusal(r, http.StatusBadRequest, "The gateway was not found in the datacenter of the virtual machine")
		}
		machines = append(machines, m)
	}
	for _, m := range machines {
		if !slices.ContainsFunc(s.nat, func(n natMapping) bool { return n.machine == m && n.gateway == b.IPID }) {
			s.lastLease++
			s.nat = append(s.nat, natMapping{8000 + s.lastLease, b.IPID, m})
		}
	}
	return s.accepted()
}

func (s *Server) detachGateway(r request) reply {
	var b struct {
		MapIDs []int `json:"mapIds"`
		IPID   int   `json:"ipId"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.nat)
	s.nat = slices.DeleteFunc(s.nat, func(n natMapping) bool { return n.gateway == b.IPID && slices.Contains(b.MapIDs, n.id) })
	if len(s.nat) == before {
		return success(false)
	}
	return s.accepted()
}

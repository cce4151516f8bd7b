package vpsietest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

func (s *Server) listFirewallGroups(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for i, g := range s.shop.FirewallGroups {
		all = append(all, s.wireFirewallGroup(i, g))
	}
	return page(r, all)
}

// wireFirewallGroup shows a group with its machines. The caller holds the lock.
func (s *Server) wireFirewallGroup(i int, g Named) object {
	machines := []object{}
	for _, m := range s.machines {
		if m.removedAt.IsZero() && slices.Contains(m.firewalls, g.Identifier) {
			machines = append(machines, object{"hostname": m.hostname, "identifier": m.identifier, "fullname": m.image.Name, "category": "linux"})
		}
	}
	return object{
		"user_name": "fake@example.com", "id": i + 1, "group_name": g.Name, "identifier": g.Identifier, "created_on": madeOn, "updated_on": madeOn,
		"inbound_count": 0, "outbound_count": 0, "vms": len(machines), "created_by": 7, "rules": []any{}, "vmsData": machines,
	}
}

func (s *Server) getFirewallGroup(_ request, identifier string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, g := range s.shop.FirewallGroups {
		if g.Identifier == identifier {
			o := s.wireFirewallGroup(i, g)
			machines := o["vmsData"]
			delete(o, "vmsData")
			delete(o, "rules")
			return success(object{"group": o, "rules": []any{}, "vms": machines, "count": o["vms"]})
		}
	}
	return success(false)
}

// changeFirewall attaches or detaches a group. While one change of a machine is under way another one breaks.
func (s *Server) changeFirewall(r request, attach bool) reply {
	var b struct {
		VMID    string `json:"vmId"`
		GroupID string `json:"groupId"`
	}
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(b.VMID)
	if m == nil || !m.removedAt.IsZero() {
		return s.noMachine(r)
	}
	if _, ok := find(s.shop.FirewallGroups, b.GroupID); !ok {
		return refusal(r, http.StatusNotFound, "Firewall group not found")
	}
	if m.firewallBusy {
		return refusal(r, http.StatusInternalServerError, "ipSetNotCreated")
	}
	m.firewallBusy = true
	millis, seen := s.knobs.FirewallMillis, s.firewallChanges[b.GroupID]
	s.mu.Unlock()
	s.linger(s.ctx, time.Duration(millis)*time.Millisecond)
	s.mu.Lock()
	m.firewallBusy = false
	if s.knobs.FirewallRaces == "lost" && s.firewallChanges[b.GroupID] != seen {
		return s.accepted() // The group was written meanwhile, and is again as that had it.
	}
	s.firewallChanges[b.GroupID]++
	has := slices.Contains(m.firewalls, b.GroupID)
	switch {
	case attach && !has:
		m.firewalls = append(m.firewalls, b.GroupID)
	case !attach && has:
		m.firewalls = slices.DeleteFunc(m.firewalls, func(g string) bool { return g == b.GroupID })
	case !attach:
		return success(false)
	}
	return s.accepted()
}

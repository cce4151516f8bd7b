package vpsietest

import (
	"net/http"
)

// power does something to a running machine that the body names by its identifier.
func (s *Server) power(r request, do func(*machine)) reply {
	var b struct {
		VMIdentifier string `json:"vmIdentifier"`
	}
	if err := strict(r.body, &b); err != nil || b.VMIdentifier == "" {
		return lostInTheClouds(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(b.VMIdentifier)
	switch {
	case m == nil || !m.removedAt.IsZero():
		return s.noMachine(r)
	case m.locked:
		return refusal(r, http.StatusConflict, "The virtual machine is locked")
	case m.suspended:
		return refusal(r, http.StatusConflict, "The virtual machine is suspended")
	}
	do(m)
	return s.accepted()
}

// vmStatus is what the hypervisor says.
func (s *Server) vmStatus(r request, identifier string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(identifier)
	if m == nil {
		return s.noMachine(r)
	}
	status, uptime := "stopped", 0
	if m.power {
		status, uptime = "running", int(s.opts.Now().Sub(m.createdAt).Seconds())
	}
	return success(object{
		"cpu": m.offer.CPU, "ballon": m.offer.guestMemory(), "uptime": uptime, "pid": "4711", "disk": m.offer.DiskGB, "running-machine": "pc-i440fx-9.0",
		"running-qemu": "9.0.2", "status": status, "diskread": "0", "diskwrite": "0", "fullname": m.image.Name,
	})
}

// agentStatus is whether the guest's agent answers.
func (s *Server) agentStatus(r request, identifier string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(identifier)
	if m == nil {
		return s.noMachine(r)
	}
	return success(m.power && !m.hung && !m.neverJoin)
}

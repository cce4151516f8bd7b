package vpsietest

import (
	"context"
	"encoding/json"
	"net/http"
)

// deleteVM takes a deletion: on the collection's path, with the account's password in the body.
func (s *Server) deleteVM(r request) reply {
	var b struct {
		VMIdentifier    string           `json:"vmIdentifier"`
		Password        string           `json:"password"`
		DeleteStatistic *json.RawMessage `json:"deleteStatistic"`
	}
	if err := json.Unmarshal(r.body, &b); err != nil || b.VMIdentifier == "" {
		return refusal(r, http.StatusBadRequest, "Sorry, your request got lost in the clouds")
	}
	if b.DeleteStatistic == nil {
		return refusal(r, http.StatusInternalServerError, "Cannot read properties of undefined (reading 'reason')")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.visible(b.VMIdentifier)
	missing := m == nil || !m.removedAt.IsZero()
	if missing && s.knobs.PasswordAfterExistence {
		return s.noMachine(r)
	}
	if b.Password != s.opts.AccountPassword {
		return reply{status: http.StatusOK, body: map[string]any{
			"error": s.knobs.WrongPasswordError, "message": "You entered the wrong password", "data": !s.knobs.WrongPasswordError,
		}}
	}
	if missing {
		return s.noMachine(r)
	}
	if m.locked {
		return refusal(r, http.StatusConflict, "The virtual machine is locked")
	}
	if !m.deleting {
		m.deleting = true
		k := s.knobs.clone()
		s.background(func(ctx context.Context) { s.retire(ctx, m, k) })
	}
	return s.accepted()
}

// visible returns the machine in the machine list, else nil. The caller holds the lock.
func (s *Server) visible(identifier string) *machine {
	for _, m := range s.machines {
		if m.identifier == identifier && s.shown(m) {
			return m
		}
	}
	return nil
}

func (s *Server) noMachine(r request) reply {
	if r.knobs.NotFound == "message" {
		return refusal(r, http.StatusNotFound, "Virtual machine not found")
	}
	return success(false)
}

package vpsietest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// adminRoutes is the admin interface; its paths and shapes are a contract with tests outside this repository.
func (s *Server) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) { tell(w, http.StatusOK, s.Ledger()) })
	mux.HandleFunc("GET /knobs", func(w http.ResponseWriter, _ *http.Request) { tell(w, http.StatusOK, s.knobsNow()) })
	mux.HandleFunc("PUT /knobs", s.takes(s.PatchKnobs))
	mux.HandleFunc("PUT /faults", s.takes(func(body []byte) error {
		var b struct {
			Rules []Fault `json:"rules"`
		}
		if err := strict(body, &b); err != nil {
			return err
		}
		return s.SetFaults(b.Rules...)
	}))
	mux.HandleFunc("DELETE /faults", s.takes(func([]byte) error { return s.SetFaults() }))
	mux.HandleFunc("POST /token/expire", s.takes(func([]byte) error { s.ExpireTokens(); return nil }))
	mux.HandleFunc("PUT /credentials", s.takes(func(body []byte) error {
		var b struct {
			Token           string `json:"token"`
			AccountPassword string `json:"accountPassword"`
		}
		if err := strict(body, &b); err != nil {
			return err
		}
		s.SetCredentials(b.Token, b.AccountPassword)
		return nil
	}))
	mux.HandleFunc("POST /vms", func(w http.ResponseWriter, r *http.Request) {
		var spec VMSpec
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil {
			err = strict(body, &spec)
		}
		if err != nil {
			tell(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		m, err := s.AddVM(spec)
		if err != nil {
			tell(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		tell(w, http.StatusOK, object{"id": m.ID, "identifier": m.Identifier})
	})
	mux.HandleFunc("POST /vms/{identifier}/{action}", func(w http.ResponseWriter, r *http.Request) {
		switch err := s.Act(r.PathValue("identifier"), r.PathValue("action")); {
		case errors.Is(err, errNoMachine):
			tell(w, http.StatusNotFound, problem{err.Error()})
		case err != nil:
			tell(w, http.StatusBadRequest, problem{err.Error()})
		default:
			tell(w, http.StatusOK, object{})
		}
	})
	return mux
}

type problem struct {
	Error string `json:"error"`
}

// takes wraps a change: 200 with {} when it is made, 400 with the reason when its input is wrong.
func (s *Server) takes(change func(body []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil {
			err = change(body)
		}
		if err != nil {
			tell(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		tell(w, http.StatusOK, object{})
	}
}

func tell(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}

// PatchKnobs changes the knobs that the JSON object gives.
func (s *Server) PatchKnobs(body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.knobs.patched(body, s.shop)
	if err != nil {
		return err
	}
	if k, err = k.checked(s.shop); err != nil {
		return err
	}
	for _, m := range s.machines {
		s.settle(m) // at the old speed
	}
	if k.Balance != s.knobs.Balance {
		s.paidBefore = s.spent()
	}
	s.knobs = k
	return nil
}

// VMSpec describes a machine that no client ordered. Plan, Datacenter and Image are names; Image defaults to the first.
type VMSpec struct {
	Hostname   string   `json:"hostname"`
	Plan       string   `json:"plan"`
	Datacenter string   `json:"datacenter"`
	Image      string   `json:"image"`
	Tags       []string `json:"tags"`
	Notes      string   `json:"notes"`
	Project    string   `json:"project"`  // its name; empty means the first
	UserData   string   `json:"userData"` // plain
}

// AddVM orders a machine behind the clients' back, with an address of every kind.
func (s *Server) AddVM(spec VMSpec) (Machine, error) {
	if spec.Hostname == "" {
		return Machine{}, errors.New("hostname: must not be empty")
	}
	dc, ok := s.shop.datacenter(spec.Datacenter)
	if !ok {
		return Machine{}, fmt.Errorf("datacenter: there is none called %q", spec.Datacenter)
	}
	offers := s.shop.offers[dc.Identifier]
	i := slices.IndexFunc(offers, func(o offer) bool { return o.Nickname == spec.Plan || o.identifier == spec.Plan })
	if i < 0 {
		return Machine{}, fmt.Errorf("plan: datacenter %q sells none called %q", dc.Name, spec.Plan)
	}
	images := slices.Concat(s.shop.Images, s.shop.StockImages)
	image := slices.IndexFunc(images, func(n Named) bool { return spec.Image == "" || n.Name == spec.Image })
	if image < 0 {
		return Machine{}, fmt.Errorf("image: there is none called %q", spec.Image)
	}
	project := s.shop.Projects[0].Identifier
	if spec.Project != "" {
		if project = s.projectNamed(spec.Project); project == "" {
			return Machine{}, fmt.Errorf("project: there is none called %q", spec.Project)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.admit(order{
		hostname: spec.Hostname, projectID: project, offer: offers[i], datacenter: dc, image: images[image],
		tags: slices.Clone(spec.Tags), notes: spec.Notes, userData: spec.UserData, password: "generated-" + spec.Hostname,
		generatedPassword: true, ipv4: true, ipv6: true, private: true,
	})
	return m.public(), nil
}

var errNoMachine = errors.New("there is no such machine, or it is gone")

// Act does something to a machine behind the clients' back: destroy, stop, start, restart, hang, suspend, lock, terminate or
// interrupt.
func (s *Server) Act(identifier, action string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.machines, func(m *machine) bool { return m.identifier == identifier && m.removedAt.IsZero() })
	if i < 0 {
		return fmt.Errorf("identifier: %q: %w", identifier, errNoMachine)
	}
	m := s.machines[i]
	switch action {
	case "destroy":
		s.drop(m)
	case "stop":
		m.halt()
	case "start":
		s.switchOn(m)
	case "restart":
		s.restart(m)
	case "hang":
		m.hung = true
		m.still()
	case "suspend":
		m.suspend()
	case "lock":
		m.locked = true
	case "terminate":
		s.drop(m)
		m.stage, m.terminated = listed, true
	case "interrupt":
		return s.interrupt(m)
	default:
		return fmt.Errorf("action: %q is not one of destroy, stop, start, restart, hang, suspend, lock, terminate, interrupt", action)
	}
	return nil
}

package vpsietest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is an answer before it is written.
type reply struct {
	status int
	header http.Header
	body   any
	raw    string // instead of body
}

type envelope struct {
	Error   bool   `json:"error"`
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Data    any    `json:"data,omitempty"`
	Total   any    `json:"total,omitempty"`
}

// request is what the routes need of an HTTP request.
type request struct {
	method, path string
	header       http.Header
	query        map[string][]string
	body         []byte
	knobs        Knobs
}

const maxBody = 1 << 20

// serveAPI is the API's front door: it keeps the ledger, plays the faults and the delays, and routes.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return
	}
	rq := request{method: r.Method, path: r.URL.Path, header: r.Header, query: r.URL.Query(), body: body, knobs: s.knobsNow()}
	entry := Request{At: s.opts.Now().UTC(), Method: rq.method, Path: rq.path}
	f := s.strike(rq.method, rq.path)
	late := time.Duration(rq.knobs.LatencyMillis) * time.Millisecond
	var answer reply
	switch {
	case f == nil:
		answer = s.answer(rq)
	case f.Effect == "delay":
		answer, late = s.answer(rq), late+f.delay()
	case f.Effect == "after":
		s.answer(rq)
		answer, late = f.reply(), late+f.delay()
	default:
		answer, late = f.reply(), late+f.delay()
	}
	entry.Status, entry.Fault = answer.status, f.effect()
	s.record(entry)
	if late > 0 && !s.linger(r.Context(), late) {
		panic(http.ErrAbortHandler)
	}
	if answer.status == 0 {
		panic(http.ErrAbortHandler)
	}
	answer.write(w)
}

// linger waits, and reports whether there is still somebody to answer.
func (s *Server) linger(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (a reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	var text []byte
	if a.raw != "" {
		text = []byte(a.raw)
	} else {
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(a.body); err != nil {
			panic("vpsietest: an answer that is no JSON: " + err.Error())
		}
		text = b.Bytes()
	}
	if w.Header().Get("Content-Type") == "" {
		kind := "application/json; charset=utf-8"
		if !bytes.HasPrefix(text, []byte("{")) {
			kind = "text/html; charset=utf-8"
		}
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(a.status)
	if a.status != http.StatusNoContent {
		_, _ = w.Write(text) // the client may have gone
	}
}

// answer does what the request asks for.
func (s *Server) answer(r request) reply {
	if wait := s.throttle(r.knobs); wait > 0 {
		a := refusal(r, http.StatusTooManyRequests, "Too many requests, please try again later")
		a.header = http.Header{"Retry-After": {strconv.Itoa(int((wait + time.Second - 1) / time.Second))}}
		return a
	}
	if r.knobs.BlockAddress {
		return refusal(r, http.StatusForbidden, "Your IP address is not allowed to use this API")
	}
	s.mutate(s.enforceBalance)
	if r.method == http.MethodPost && r.path == "/apps/v2/auth/from/api" {
		return s.exchange(r)
	}
	if !s.authentic(r) {
		return refusal(r, http.StatusUnauthorized, "Please authenticate")
	}
	return s.route(r)
}

const (
	appsPrefix = "/apps/v2"
	apiPrefix  = "/api/v2"
)

// route finds what serves the request. Of the second prefix the machines' own routes and the categories exist, no others.
func (s *Server) route(r request) reply {
	route, apps := strings.CutPrefix(r.path, appsPrefix)
	if !apps {
		var api bool
		if route, api = strings.CutPrefix(r.path, apiPrefix); !api || route != "/plans/category" && route != "/vm" && !strings.HasPrefix(route, "/vm/") {
			return unknownRoute(r)
		}
	}
	if apps && route == "/plans/category" {
		return unknownRoute(r)
	}
	if d, ok := dialectOf(r.knobs, r.method, r.path); ok {
		return s.createVM(r, d)
	} else if IsOrder(r.method, r.path) {
		return unknownRoute(r)
	}
	if serve, ok := s.routes()[r.method+" "+route]; ok {
		return serve(r)
	}
	if i := strings.LastIndex(route, "/"); i > 0 {
		if serve, ok := s.itemRoutes()[r.method+" "+route[:i]]; ok {
			return serve(r, route[i+1:])
		}
	}
	return unknownRoute(r)
}

// routes are the routes without an identifier in their path.
func (s *Server) routes() map[string]func(request) reply {
	return map[string]func(request) reply{
		"GET /vm":                       s.listVMs,
		"GET /vms/all/user":             s.listVMs,
		"GET /vm/pending":               s.listPending,
		"DELETE /vm":                    s.deleteVM,
		"POST /vm/start":                func(r request) reply { return s.power(r, s.switchOn) },
		"POST /vm/stop":                 func(r request) reply { return s.power(r, (*machine).halt) },
		"POST /vm/restart":              func(r request) reply { return s.power(r, s.restart) },
		"GET /storages":                 s.listStorages,
		"GET /storages/vms":             s.listAttachable,
		"GET /backups":                  func(r request) reply { return page(r, []object{}) },
		"GET /datacenter":               s.listDatacenters,
		"GET /plans/category":           s.listCategories,
		"POST /resources":               s.listPlans,
		"GET /custom/images":            s.listImages,
		"GET /sshkeys":                  s.listSSHKeys,
		"GET /projects":                 s.listProjects,
		"GET /scripts":                  s.listScripts,
		"POST /script/add":              s.addScript,
		"DELETE /script":                s.deleteScript,
		"GET /tags":                     s.listTags,
		"POST /tags/add":                func(r request) reply { return s.changeTags(r, true) },
		"PUT /tags/edit":                func(r request) reply { return s.changeTags(r, false) },
		"DELETE /tags/delete":           s.deleteTags,
		"GET /profile/user":             s.profile,
		"GET /profile/product/limits":   s.limits,
		"GET /billing/estimated/usages": s.estimatedUsages,
		"GET /vpc":                      s.listVPCs,
		"POST /vm/add/vpc":              s.attachVPC,
		"DELETE /vm/vpc":                s.detachVPC,
		"GET /firewall/groups":          s.listFirewallGroups,
		"POST /firewall/attach/group":   func(r request) reply { return s.changeFirewall(r, true) },
		"POST /firewall/detach/group":   func(r request) reply { return s.changeFirewall(r, false) },
		"DELETE /firewall/detach/group": func(r request) reply { return s.changeFirewall(r, false) },
		"GET /gateways/ips":             s.listGateways,
		"POST /gateways/attach/vms":     s.attachGateway,
		"POST /gateways/detach/vms":     s.detachGateway,
	}
}

// itemRoutes are the routes that end in an identifier.
func (s *Server) itemRoutes() map[string]func(request, string) reply {
	return map[string]func(request, string) reply{
		"GET /vm":                   s.getVM,
		"GET /vm/status":            s.vmStatus,
		"GET /vm/live/agent/status": s.agentStatus,
		"GET /sshkey":               s.getSSHKey,
		"GET /projects":             s.getProject,
		"GET /script":               s.getScript,
		"GET /vpc":                  s.getVPC,
		"GET /vpc/vms":              s.listVPCMachines,
		"GET /firewall/group":       s.getFirewallGroup,
	}
}

func unknownRoute(r request) reply { return refusal(r, http.StatusNotFound, "Not found") }

func lostInTheClouds(r request) reply {
	return refusal(r, http.StatusBadRequest, "Sorry, your request got lost in the clouds")
}

// accepted answers a change, with or without chat. The caller holds the lock.
func (s *Server) accepted() reply {
	a := success(true)
	if s.knobs.Chatty {
		a.body = object{"error": false, "data": true, "message": "Your request is in progress. Creation or deletion may take a few minutes"}
	}
	return a
}

func success(data any) reply {
	return reply{status: http.StatusOK, body: map[string]any{"error": false, "data": data}}
}

// refusal is an error envelope; with the knob errorsAt200 it hides behind a 200 where the API has been seen to do so.
func refusal(r request, status int, message string) reply {
	body := envelope{Error: true, Code: status, Message: message}
	if r.knobs.ErrorsAt200 && status >= 400 && status < 500 && status != 401 && status != 403 && status != 429 {
		status = http.StatusOK
	}
	return reply{status: status, body: body}
}

// page answers a list, in parts when asked to or when the knob pageSize says so.
func page[T any](r request, all []T) reply {
	total := len(all) + r.knobs.TotalExcess
	offset := min(max(number(r.query, "offset"), 0), len(all))
	items := all[offset:]
	if limit := number(r.query, "limit"); limit > 0 {
		items = items[:min(limit, len(items))]
	}
	if r.knobs.PageSize > 0 {
		items = items[:min(r.knobs.PageSize, len(items))]
	}
	if items == nil {
		items = []T{}
	}
	return reply{status: http.StatusOK, body: map[string]any{"error": false, "data": items, "total": total}}
}

func number(query map[string][]string, name string) int {
	if len(query[name]) == 0 {
		return 0
	}
	n, err := strconv.Atoi(query[name][0])
	if err != nil {
		return 0
	}
	return n
}

package vpsietest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is a rule that spoils answers.
type Fault struct {
	// Method and Path select requests; an empty one selects all. A Path that ends in * selects by its beginning. Orders
	// count as POST /apps/v2/vm whichever route they take, so that a rule for that path stands for all of them.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Count is how many requests it spoils; 0 spoils until it is removed.
	Count int `json:"count"`
	// Probability is the part of the selected requests that it spoils; 0 means all.
	Probability float64 `json:"probability"`
	// Status is the HTTP status to answer; 0 drops the connection without an answer.
	Status int `json:"status"`
	// Body is a text, or an object that is sent as JSON; empty means an error envelope.
	Body json.RawMessage `json:"body"`
	// Headers are added to the answer.
	Headers     map[string]string `json:"headers"`
	DelayMillis int               `json:"delayMillis"`
	// Effect is "before" (the default: the request has no effect), "after" (it has its effect, then the answer is
	// spoiled) or "delay" (it has its effect and its answer, late).
	Effect string `json:"effect"`
}

// fault is a rule with what is left of it.
type fault struct {
	Fault
	body string
	left int
}

func newFault(f Fault) (*fault, error) {
	var errs []error
	if f.Count < 0 {
		errs = append(errs, fmt.Errorf("count: is %d, must not be below 0", f.Count))
	}
	if f.Probability < 0 || f.Probability > 1 {
		errs = append(errs, fmt.Errorf("probability: is %v, must be between 0 and 1", f.Probability))
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		errs = append(errs, fmt.Errorf("status: is %d, must be 0 or between 200 and 599", f.Status))
	}
	if f.DelayMillis < 0 {
		errs = append(errs, fmt.Errorf("delayMillis: is %d, must not be below 0", f.DelayMillis))
	}
	if !slices.Contains([]string{"", "before", "after", "delay"}, f.Effect) {
		errs = append(errs, fmt.Errorf("effect: is %q, must be one of before, after, delay", f.Effect))
	}
	if f.Path != "" && f.Path != "*" && !strings.HasPrefix(f.Path, "/") {
		errs = append(errs, fmt.Errorf("path: is %q, must start with /", f.Path))
	}
	body := string(f.Body)
	if len(f.Body) > 0 && f.Body[0] == '"' {
		if err := json.Unmarshal(f.Body, &body); err != nil {
			errs = append(errs, errors.New("body: is no JSON text"))
		}
	}
	if body == "null" {
		body = ""
	}
	return &fault{Fault: f, body: body, left: f.Count}, errors.Join(errs...)
}

// SetFaults replaces all rules; the first that selects a request and strikes decides.
func (s *Server) SetFaults(rules ...Fault) error {
	var faults []*fault
	var errs []error
	for i, r := range rules {
		f, err := newFault(r)
		if err != nil {
			errs = append(errs, fmt.Errorf("rules[%d].%w", i, err))
			continue
		}
		faults = append(faults, f)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.mutate(func() { s.faults = faults })
	return nil
}

// strike returns the rule that spoils this request, if any, and uses it up by one.
func (s *Server) strike(method, path string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if !f.selects(method, path) || f.Count > 0 && f.left == 0 {
			continue
		}
		if f.Probability > 0 && s.random.Float64() >= f.Probability {
			continue
		}
		f.left--
		return f
	}
	return nil
}

func (f *fault) selects(method, path string) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, method) {
		return false
	}
	return f.selectsPath(path) || IsOrder(method, path) && f.selectsPath(appsPrefix+"/vm")
}

func (f *fault) selectsPath(path string) bool {
	if prefix, ok := strings.CutSuffix(f.Path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return f.Path == "" || f.Path == path
}

// reply is the spoiled answer.
func (f *fault) reply() reply {
	r := reply{status: f.Status, header: http.Header{}}
	for name, value := range f.Headers {
		r.header.Set(name, value)
	}
	if r.raw = f.body; r.raw == "" {
		r.body = envelope{Error: true, Code: f.Status, Message: http.StatusText(f.Status)}
	}
	return r
}

// effect is how the rule spoils an answer; no rule spoils none.
func (f *fault) effect() string {
	if f == nil {
		return ""
	}
	return cmp.Or(f.Effect, "before")
}

func (f *fault) delay() time.Duration { return time.Duration(f.DelayMillis) * time.Millisecond }

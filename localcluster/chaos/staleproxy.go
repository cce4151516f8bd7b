package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sight stands between the controllers and the API server. It only does what a real API server may do: a watch may be
// late, end at any time and be refused as too old; a list that asks for a cached state may be as old as the cache; a
// write may fail before or after its effect. A list that asks for the newest state gets it.
type sight struct {
	tally *tally
	heard *heard
	// check sees each write before it is made.
	check func(*http.Request)

	mu      sync.Mutex
	view    view
	began   time.Time
	chance  *rand.Rand
	past    []moment
	streams map[*lagging]place
	// renewed are those that must begin anew.
	renewed map[place]bool
}

// place is one kind of objects as one replica sees it.
type place struct {
	estate   estate
	replica  int
	resource string
}

// moment is what the newest resource version was then.
type moment struct {
	at      time.Time
	version uint64
}

func newSight(t *tally, seed uint64, check func(*http.Request)) *sight {
	return &sight{
		tally: t, heard: newHeard(), check: check, chance: stream(seed, "writes"),
		streams: map[*lagging]place{}, renewed: map[place]bool{},
	}
}

// turn begins another view. Those from whom events were withheld never get them: they must begin anew.
func (s *sight) turn(v view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.withhold {
		for l, p := range s.streams {
			if !s.affects(p.resource) {
				continue
			}
			for range l.withheld() {
				s.tally.add("stale sight: parts of a watch never delivered")
			}
			s.renewed[p] = true
			l.end()
		}
	}
	s.view, s.began = v, time.Now()
}

// affects tells whether the present view lags for the kind. The caller holds the lock.
func (s *sight) affects(resource string) bool {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, s.view.die, resource)
	return h.Sum64()%100 < s.view.share
}

func (s *sight) lag(resource string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.affects(resource):
		return 0
	case s.view.withhold:
		return time.Hour
	}
	return s.view.lag
}

// remember notes the newest resource version.
func (s *sight) remember(version string) {
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = append(s.past, moment{time.Now(), n})
	for len(s.past) > 0 && time.Since(s.past[0].at) > time.Minute {
		s.past = s.past[1:]
	}
}

// old is the resource version of the moment from which lists are answered, 0 when they are not old.
func (s *sight) old() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.past == 0 {
		return 0
	}
	var version uint64
	for _, m := range s.past {
		if version == 0 || time.Since(m.at) > s.view.past {
			version = m.version
		}
	}
	return version
}

var objectPath = regexp.MustCompile(`^/apis?(?:/[^/]+)?/v[^/]+(?:/namespaces/[^/]+)?/([a-z]+)(?:/([^/]+))?(?:/([a-z]+))?$`)

// resourceOf is the kind that a request is about, and the name and the subresource where there are some.
func resourceOf(r *http.Request) (resource, name, sub string) {
	m := objectPath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return "", "", ""
	}
	return m[1], m[2], m[3]
}

// isStep tells a change of Kubernetes by which a machine gets on. Events and leases are no part of its life.
func isStep(r *http.Request) bool {
	resource, _, _ := resourceOf(r)
	return r.Method != http.MethodGet && resource != "" && resource != "events" && resource != "leases"
}

func watches(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Get("watch") != ""
}

type oldList struct{}

// way is a replica's to the API server. The writer learns which replica changed something last: it is the leader.
func (s *sight) way(of place, g *gate, writer *atomic.Int32, host string, transport http.RoundTripper) (*way, error) {
	w, err := newWay(func() int { return of.replica }, g, host, transport)
	if err != nil {
		return nil, err
	}
	w.steps = isStep
	w.note = func(r *http.Request) {
		if isStep(r) {
			writer.Store(int32(of.replica))
		}
		if r.Method != http.MethodGet {
			if resource, name, sub := resourceOf(r); r.Method == http.MethodDelete && resource == "vpsienodes" && sub == "" {
				s.heard.removes(of, name, time.Now())
			}
			s.check(r)
		} else if _, name, _ := resourceOf(r); name == "" && !watches(r) {
			s.age(r)
		}
	}
	w.spoil = func(answer http.ResponseWriter, r *http.Request) bool {
		resource, _, _ := resourceOf(r)
		switch {
		case r.Method != http.MethodGet:
			return s.spoil(answer, r, w)
		case watches(r):
			return s.refuse(answer, r, place{of.estate, of.replica, resource})
		}
		return false
	}
	w.proxy.ModifyResponse = func(response *http.Response) error {
		r := response.Request
		if r.Context().Value(oldList{}) != nil && response.StatusCode == http.StatusOK {
			s.tally.add("stale sight: lists from the past")
		}
		if response.StatusCode != http.StatusOK || r.Method != http.MethodGet {
			return nil
		}
		resource, name, _ := resourceOf(r)
		if watches(r) {
			response.Body = s.follow(r.Context(), response.Body, place{of.estate, of.replica, resource})
		} else if resource == nodeGroups && name == "" {
			return s.listen(response, of)
		}
		return nil
	}
	return w, nil
}

// follow makes a watch's events late.
func (s *sight) follow(ctx context.Context, body io.ReadCloser, p place) io.ReadCloser {
	l := newLagging(body, func() time.Duration { return s.lag(p.resource) }, func() {
		s.tally.add("stale sight: parts of a watch delivered late")
	})
	if p.resource == nodeGroups {
		events, heard := io.Pipe()
		l.heard = heard
		go s.heard.follow(p, events)
	}
	s.mu.Lock()
	s.streams[l] = p
	s.mu.Unlock()
	context.AfterFunc(ctx, l.end)
	go func() {
		<-l.cut
		if l.heard != nil {
			_ = l.heard.Close() // it never fails
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, l)
	}()
	return l
}

// listen reads a list of NodeGroups on its way to the replica.
func (s *sight) listen(response *http.Response, to place) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return s.heard.list(to, body)
}

// refuse answers a watch that must begin anew as too old, and one that asks for the objects in the stream as an API
// server that does not know how: the client then lists, which can be answered from the past.
func (s *sight) refuse(answer http.ResponseWriter, r *http.Request, p place) bool {
	s.mu.Lock()
	renew, streaming := s.renewed[p], r.URL.Query().Get("sendInitialEvents") == "true"
	delete(s.renewed, p)
	// The first events of a stream that is late would keep a controller from beginning at all.
	old := s.view.past > 0 || s.view.share > 0
	s.mu.Unlock()
	switch {
	case renew && !streaming:
		s.tally.add("stale sight: watches refused as too old")
		reply(answer, apierrors.NewResourceExpired("too old resource version").Status())
	case streaming && old:
		reply(answer, metav1.Status{Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid, Message: "sendInitialEvents is forbidden"})
	default:
		return false
	}
	return true
}

// age has a list that asks for any cached state answered from the past.
func (s *sight) age(r *http.Request) {
	q := r.URL.Query()
	least, err := strconv.ParseUint(q.Get("resourceVersion"), 10, 64)
	old := s.old()
	if err != nil || old <= least || q.Get("resourceVersionMatch") != "" || q.Get("continue") != "" {
		return
	}
	q.Set("resourceVersion", strconv.FormatUint(old, 10))
	q.Set("resourceVersionMatch", "Exact")
	r.URL.RawQuery = q.Encode()
	*r = *r.WithContext(context.WithValue(r.Context(), oldList{}, true))
}

// spoil has a write fail now and then.
func (s *sight) spoil(answer http.ResponseWriter, r *http.Request, w *way) bool {
	resource, _, _ := resourceOf(r)
	s.mu.Lock()
	strikes, kind := s.chance.Float64() < s.view.chance, s.chance.IntN(4)
	s.mu.Unlock()
	if !strikes || resource == "" || resource == "events" {
		return false
	}
	switch kind {
	case 0:
		s.tally.add("faults: Kubernetes write dropped before its effect")
		panic(http.ErrAbortHandler)
	case 1:
		s.tally.add("faults: Kubernetes write dropped after its effect")
		w.forward(r)
		panic(http.ErrAbortHandler)
	case 2:
		s.tally.add("faults: Kubernetes write refused with 500")
		reply(answer, apierrors.NewInternalError(fmt.Errorf("etcdserver: request timed out")).Status())
	default:
		s.tally.add("faults: Kubernetes write throttled with Retry-After")
		answer.Header().Set("Retry-After", "1")
		reply(answer, apierrors.NewTooManyRequests("the server has received too many requests", 1).Status())
	}
	return true
}

func reply(w http.ResponseWriter, status metav1.Status) {
	status.Kind, status.APIVersion = "Status", "v1"
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(status.Code))
	_ = json.NewEncoder(w).Encode(status) // the client may have gone
}

// silent drops what the proxies would say about connections that are cut on purpose.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

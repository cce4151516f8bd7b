package observe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// JournalPath is where the journal is on the metrics port.
const JournalPath = "/journal"

// Journaled is what JournalPath answers.
type Journaled struct {
	// Now is the controller's time, LastRound its last round's; none when it does not
	// lead or has just begun.
	Now       time.Time  `json:"now"`
	LastRound *time.Time `json:"lastRound,omitempty"`
	// Options are the flags that rounds are decided with.
	Options plan.Options `json:"options"`
	Rounds  []*Round     `json:"rounds"`
	// FromScratch compares the cost with the least that is possible; none before the first
	// comparison, which follows the first round.
	FromScratch *Compared `json:"fromScratch,omitempty"`
}

// Handler serves the journal as JSON. The parameters since and until are times,
// pod, node and group names, limit a number of entries.
func (j *Journal) Handler(c clock.PassiveClock, o plan.Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the journal can only be read: use GET", http.StatusMethodNotAllowed)
			return
		}
		f, err := ParseFilter(req.URL.Query())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer := Journaled{Now: c.Now().UTC(), Options: o, Rounds: j.Rounds(f), FromScratch: j.comparison()}
		if last := j.last(); !last.IsZero() {
			answer.LastRound = &last
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		// A caller that went away is nobody to tell.
		_ = e.Encode(answer)
	})
}

// ParseFilter reads the parameters of JournalPath and refuses those it does not know.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{Pod: q.Get("pod"), Node: q.Get("node"), Group: q.Get("group")}
	var errs []error
	for name := range q {
		if !slices.Contains([]string{"since", "until", "pod", "node", "group", "limit"}, name) {
			errs = append(errs, fmt.Errorf("parameter %s: want since, until, pod, node, group or limit", name))
		}
	}
	for name, t := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if text := q.Get(name); text != "" {
			var err error
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				errs = append(errs, fmt.Errorf("parameter %s: %q is not a time as RFC 3339 writes it, such as 2025-10-12T14:00:00Z", name, text))
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if f.Limit = n; err != nil || n < 1 {
			errs = append(errs, fmt.Errorf("parameter limit: %q is not a whole number >= 1", text))
		}
	}
	if f.Pod != "" && !strings.Contains(f.Pod, "/") {
		errs = append(errs, fmt.Errorf("parameter pod: %q is not namespace/name", f.Pod))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return f, errors.Join(errs...)
}

// Query is the filter as JournalPath takes it.
func (f Filter) Query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"pod": f.Pod, "node": f.Node, "group": f.Group} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, t := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !t.IsZero() {
			q.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}

package chaos

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// heard is what each replica has been given of the NodeGroups, and so by which edition of them it can decide.
type heard struct {
	mu sync.Mutex
	// given are the generations of each group, the last one last. Older ones than mindSlack are forgotten but for the last.
	given map[listener][]sighting
	// minds are the generations of its group by which each machine may have been removed.
	minds map[string][]int64
}

// listener is a replica as far as it hears of one NodeGroup.
type listener struct {
	estate  estate
	replica int
	group   string
}

type sighting struct {
	at         time.Time
	generation int64
}

// mindSlack is how long a decision may go on by what has been replaced since: until what is given reaches the controller's cache, and
// from a decision to the deletion that it ends with.
const mindSlack = windowSlack + 5*time.Second

const nodeGroups = "nodegroups"

func newHeard() *heard { return &heard{given: map[listener][]sighting{}, minds: map[string][]int64{}} }

// gives notes that the replica is given the NodeGroup as it was in that generation.
func (h *heard) gives(to place, group string, generation int64, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := listener{to.estate, to.replica, group}
	h.given[l] = append(h.given[l], sighting{at, generation})
	for len(h.given[l]) > 1 && at.Sub(h.given[l][1].at) > mindSlack {
		h.given[l] = h.given[l][1:]
	}
}

// removes notes that the replica asks for the end of a machine.
func (h *heard) removes(by place, machine string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	mind := h.minds[machine]
	given := h.given[listener{by.estate, by.replica, groupOf(machine)}]
	for i, s := range given {
		if i+1 == len(given) || at.Sub(given[i+1].at) <= mindSlack {
			mind = append(mind, s.generation)
		}
	}
	slices.Sort(mind)
	h.minds[machine] = slices.Compact(mind)
}

// groupOf is the NodeGroup of a machine of that name.
func groupOf(machine string) string {
	parts := strings.Split(machine, "-")
	if len(parts) != 3 {
		return ""
	}
	return parts[1]
}

// allMinds is a copy of the minds.
func (h *heard) allMinds() map[string][]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	minds := map[string][]int64{}
	for machine, mind := range h.minds {
		minds[machine] = slices.Clone(mind)
	}
	return minds
}

// list reads an answer that lists NodeGroups.
func (h *heard) list(to place, body []byte) error {
	var all metav1.PartialObjectMetadataList
	if err := json.Unmarshal(body, &all); err != nil {
		return err
	}
	for _, g := range all.Items {
		h.gives(to, g.Name, g.Generation, time.Now())
	}
	return nil
}

// follow reads the events of a watch of NodeGroups until the stream ends.
func (h *heard) follow(to place, events io.Reader) {
	for decoder := json.NewDecoder(events); ; {
		var event struct {
			Type   string                       `json:"type"`
			Object metav1.PartialObjectMetadata `json:"object"`
		}
		if err := decoder.Decode(&event); err != nil {
			_, _ = io.Copy(io.Discard, events) // the end, or what cannot be read: the stream goes on anyway
			return
		}
		if event.Object.Name != "" {
			h.gives(to, event.Object.Name, event.Object.Generation, time.Now())
		}
	}
}

package observe

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const (
	// mostRounds is how many entries the journal keeps.
	mostRounds = 256
	// mostWeight is how many names and reasons all entries may hold together: ten
	// thousand pods that come and go must not cost a gigabyte.
	mostWeight = 400_000
)

// Journal keeps the last rounds that decided something or had other reasons than
// the one before. It is safe for concurrent use.
type Journal struct {
	mu     sync.Mutex
	rounds []*Round // oldest first; what they point to is never changed
	weight int
	// version counts entries that were new.
	version uint64
	// compared is the newest comparison; nil before the first.
	compared *Compared
}

// NewJournal returns an empty Journal.
func NewJournal() *Journal { return &Journal{} }

// Note adds a round. One that says nothing new only makes the last entry last longer.
func (j *Journal) Note(r *Round) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.rounds); n > 0 {
		if last := j.rounds[n-1]; last.says(r) {
			j.weight += j.replace(n-1, last.continued(r))
			return
		}
	}
	j.version++
	j.rounds = append(j.rounds, r)
	j.weight += r.weight()
	j.trim()
}

// trim forgets the oldest rounds beyond the bounds.
func (j *Journal) trim() {
	for len(j.rounds) > 1 && (len(j.rounds) > mostRounds || j.weight > mostWeight) {
		j.weight -= j.rounds[0].weight()
		j.rounds = slices.Delete(j.rounds, 0, 1)
	}
}

// replace returns by how much the weight changes.
func (j *Journal) replace(i int, r *Round) int {
	change := r.weight() - j.rounds[i].weight()
	j.rounds[i] = r
	return change
}

// Rounds are the entries that the filter lets through, oldest first.
func (j *Journal) Rounds(f Filter) []*Round {
	j.mu.Lock()
	all := slices.Clone(j.rounds)
	j.mu.Unlock()
	return f.Of(all)
}

// last is when the newest round was; zero before the first.
func (j *Journal) last() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.rounds) == 0 {
		return time.Time{}
	}
	return j.rounds[len(j.rounds)-1].Last
}

// says tells whether a later round has the same reasons and did the same. The
// numbers in the messages may differ, and pods may have got to where they were to go.
func (r *Round) says(next *Round) bool {
	return slices.EqualFunc(r.Launches, next.Launches, func(a, b Launched) bool {
		return a.Machine == b.Machine && a.Group == b.Group && a.InstanceType == b.InstanceType && slices.Equal(a.Pods, b.Pods)
	}) && slices.EqualFunc(r.Removals, next.Removals, func(a, b Removed) bool {
		return a.Node == b.Node && a.Reason == b.Reason
	}) && slices.EqualFunc(r.Waiting, next.Waiting, Waiting.like) &&
		slices.EqualFunc(r.Kept, next.Kept, func(a, b plan.Kept) bool { return a.Node == b.Node && a.Reason == b.Reason }) &&
		maps.Equal(r.Faults, next.Faults) && r.Error == next.Error && includes(r.Placed, next.Placed)
}

// includes tells whether all of the second list, sorted as the first, are in it.
func includes(all, some []plan.Placement) bool {
	i := 0
	for _, p := range some {
		for i < len(all) && all[i] != p {
			i++
		}
		if i == len(all) {
			return false
		}
	}
	return true
}

// continued is the entry with a later round that says the same.
func (r *Round) continued(next *Round) *Round {
	longer := *next
	longer.First, longer.Rounds, longer.Triggers, longer.Placed = r.First, r.Rounds+next.Rounds, r.Triggers, r.Placed
	return &longer
}

func (r *Round) weight() int {
	n := 1 + len(r.Placed) + len(r.Kept) + len(r.Launches) + len(r.Removals)
	for _, l := range r.Launches {
		n += len(l.Pods)
	}
	for _, x := range r.Removals {
		n += len(x.Moves)
	}
	for _, w := range r.Waiting {
		n += len(w.Pods) + len(w.Refusals)
	}
	return n
}

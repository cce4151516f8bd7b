package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// Every change of the snapshot is written to its log, so that a what-if can be taken back: fork
// notes where the log stands, revert undoes what came after that, the last change first. What was
// undone can be made again (changes, commit), without looking for it a second time.
//
// What is not in the log is remembered and never wrong: verdicts, the hosts' own node classes,
// movers, fingerprints. The order of a host's bound pods, ports and disks means nothing.

// step is one entry of the log. Plans of large clusters have millions, so what few of them need
// is apart.
type step struct {
	did deed
	// n is how many pods; of a mover, which target was next before.
	n, next int32
	host    *host
	lot     *lot
	mover   *mover
	// swap exchanges a value that was set with the one before.
	swap  func()
	apart *stepApart
}

// stepApart is what few steps need.
type stepApart struct {
	// placed is what lay on the host before.
	placed []share
	// template is what a host was before, became what it was made.
	template, became *template
	// claims are what claims without a volume had been given before; nil for none.
	claims []filter.Claim
}

type deed uint8

const (
	placedPods  deed = iota // n pods of lot put on host
	openedHost              // host bought
	closedHost              // host takes no more pods
	tookPods                // n pods of lot taken off host
	clearedHost             // the pods placed on host taken up again
	retypedHost             // host is of another template
	retiredHost             // host is looked at as gone
	movedOn                 // mover's next target is next, which was n
	setValue                // a value set
)

// set gives a part of the snapshot, or of what is worked out on it, another value.
func set[T any](w *world, at *T, to T) {
	other := *at
	*at = to
	w.log = append(w.log, step{did: setValue, swap: func() { *at, other = other, *at }})
}

// setKey gives a key that a map has another value.
func setKey[K comparable, V any](w *world, in map[K]V, key K, to V) {
	other := in[key]
	in[key] = to
	w.log = append(w.log, step{did: setValue, swap: func() { in[key], other = other, in[key] }})
}

// advance says which target is the mover's next.
func (w *world) advance(m *mover, next int) {
	w.log = append(w.log, step{did: movedOn, mover: m, n: int32(m.next), next: int32(next)})
	m.next = next
}

// claimsApart are the claims without a volume of the lot's pods, as they are now; nil for none.
func claimsApart(l *lot) *stepApart {
	if claims := l.kind.Class.Claims(); claims != nil {
		return &stepApart{claims: claims}
	}
	return nil
}

// claimsOn are those of all pods that the plan puts on the host.
func claimsOn(h *host) []filter.Claim {
	var all []filter.Claim
	for _, s := range h.placed {
		all = append(all, s.lot.kind.Class.Claims()...)
	}
	return all
}

// fork is a point of the log to return to.
func (w *world) fork() int { return len(w.log) }

// revert undoes every change since the fork.
func (w *world) revert(fork int) {
	for i := len(w.log) - 1; i >= fork; i-- {
		w.undo(&w.log[i])
	}
	w.log = w.log[:fork]
}

func (w *world) undo(s *step) {
	switch s.did {
	case placedPods:
		w.shift(s.host, s.lot, -int(s.n))
		s.host.placed = s.host.placed[:len(s.host.placed)-1]
	case openedHost:
		s.host.template.take(-1)
		w.filters.RemoveNew(&s.host.NodeInfo, s.host.template.domains, s.host.template.kinds)
		w.hosts = w.hosts[:len(w.hosts)-1]
	case closedHost:
		s.host.takes = s.n == 1
		w.countBound(s.host, 1)
	case retypedHost:
		w.become(s.host, s.apart.template)
	case retiredHost:
		s.host.retired = false
		s.host.group.kept++
	case tookPods:
		s.host.placed = s.apart.placed
		w.shift(s.host, s.lot, int(s.n))
	case clearedHost:
		s.host.placed = s.apart.placed
		for _, p := range s.host.placed {
			w.shift(s.host, p.lot, p.n)
		}
	case movedOn:
		s.mover.next = int(s.n)
	case setValue:
		s.swap()
	}
	if s.apart != nil && s.apart.claims != nil {
		w.filters.RestoreClaims(s.apart.claims)
	}
}

// changes are those since the fork, for commit.
func (w *world) changes(fork int) []step { return slices.Clone(w.log[fork:]) }

// commit makes changes again that were reverted, on the snapshot that they were made on first.
func (w *world) commit(steps []step) {
	for _, s := range steps {
		switch s.did {
		case placedPods:
			w.place(s.host, s.lot, int(s.n))
		case openedHost:
			w.add(s.host)
		case closedHost:
			w.close(s.host)
		case retypedHost:
			w.retype(s.host, s.apart.became)
		case retiredHost:
			w.retire(s.host)
		case tookPods:
			w.take(s.host, s.lot, int(s.n))
		case clearedHost:
			w.clear(s.host)
		case movedOn:
			w.advance(s.mover, int(s.next))
		case setValue:
			s.swap()
			w.log = append(w.log, s)
		}
	}
}

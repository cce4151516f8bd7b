package filter

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Spread is one DoNotSchedule topology spread constraint of a class.
type Spread struct {
	selector            *selector
	key                 int
	maxSkew, minDomains int32
	// over are the nodes that the constraint counts.
	over *eligibleNodes

	// counts are the matching pods on eligible nodes by domain.
	counts []int32
	// having is how many domains that have nodes have a count above 0, holding how many these
	// are in all, and smallest the least of their counts.
	having   []int32
	holding  int32
	smallest int32
}

func newSpread(constraint *corev1.TopologySpreadConstraint) *Spread {
	s := &Spread{maxSkew: constraint.MaxSkew, minDomains: 1, smallest: math.MaxInt32}
	if constraint.MinDomains != nil {
		s.minDomains = *constraint.MinDomains
	}
	return s
}

// count is how many matching pods a domain has.
func (s *Spread) count(domain int32) int32 {
	if int(domain) >= len(s.counts) {
		return 0
	}
	return s.counts[domain]
}

// add counts n more matching pods on an eligible node.
func (s *Spread) add(h *NodeInfo, n int32) {
	d := h.domains[s.key]
	s.counts = grown(s.counts, d)
	before := s.counts[d]
	s.counts[d] += n
	s.over.used(d, before, s.counts[d])
	if s.over.open(d) {
		s.tally(before, -1)
		s.tally(s.counts[d], 1)
	}
}

// tally notes n more domains with the count.
func (s *Spread) tally(count, n int32) {
	if count == 0 {
		return
	}
	s.having = grown(s.having, count)
	s.having[count] += n
	s.holding += n
	if n > 0 {
		s.smallest = min(s.smallest, count)
	}
	if s.holding == 0 {
		s.smallest = math.MaxInt32
		return
	}
	for s.having[s.smallest] == 0 {
		s.smallest++
	}
}

// least is kube-scheduler's global minimum.
func (s *Spread) least() int32 {
	if s.holding < s.over.domains || s.holding == 0 || s.lacksDomains() {
		return 0
	}
	return s.smallest
}

// even says that no domain has so many that a pod of it would not be admitted again.
func (s *Spread) even() bool {
	for len(s.having) > 0 && s.having[len(s.having)-1] == 0 {
		s.having = s.having[:len(s.having)-1]
	}
	return int32(len(s.having))-1 <= s.least()+s.maxSkew
}

// allows is how many pods may go on the node now, at most most; others may follow
// once the smallest count has grown. matchesItself is 1 for a pod that its own
// selector picks, else 0.
func (s *Spread) allows(h *NodeInfo, matchesItself int32, most int) int {
	d := h.domains[s.key]
	if d < 0 {
		return 0
	}
	left := s.maxSkew + s.least() - s.count(d)
	switch {
	case matchesItself == 0 && left >= 0:
		return most
	case left <= 0:
		return 0
	}
	return min(most, int(left))
}

// lacksDomains says that there are fewer domains than minDomains. Until there are as many
// the smallest count is taken for 0, so every domain admits only maxSkew pods.
func (s *Spread) lacksDomains() bool { return s.over.domains < s.minDomains }

// OpenDomains is how many domains there are.
func (s *Spread) OpenDomains() int32 { return s.over.domains }

// wantsDomains says that domains are to be opened for the constraint. The first one opens with the
// node of its first pod, whichever that is.
func (s *Spread) wantsDomains() bool { return s.lacksDomains() && s.minDomains > 1 }

// Lacking are the topology spread constraints for which domains are to be opened.
func (c *Class) Lacking() []*Spread {
	var lacking []*Spread
	for _, s := range c.spreads {
		if s.wantsDomains() {
			lacking = append(lacking, s)
		}
	}
	return lacking
}

// LacksDomains says whether domains are to be opened for any topology spread constraint.
func (c *Class) LacksDomains() bool { return slices.ContainsFunc(c.spreads, (*Spread).wantsDomains) }

// MissingDomains is how many domains the topology spread constraints lack at most.
func (c *Class) MissingDomains() int {
	n := int32(0)
	for _, s := range c.spreads {
		n = max(n, s.minDomains-s.over.domains)
	}
	return int(n)
}

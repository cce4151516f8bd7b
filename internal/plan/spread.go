package plan

import (
	"math"

	corev1 "k8s.io/api/core/v1"
)

// spread is one DoNotSchedule topology spread constraint of a class.
type spread struct {
	selector *selector
	key      int
	// keys are those of all constraints of the class: kube-scheduler only minds
	// nodes that have every one of them.
	keys                      []int
	maxSkew, minDomains       int32
	honorAffinity, honorTaint bool
	// class gives the node affinity and tolerations that policies honour.
	class *class

	// counts are the matching pods on eligible nodes by domain, nodes the eligible
	// nodes themselves. A domain without a node is none.
	counts, nodes []int32
	// having is how many domains have a count, smallest the least count of them.
	having   []int32
	domains  int32
	smallest int32
}

func newSpread(c *class, constraint *corev1.TopologySpreadConstraint) *spread {
	s := &spread{class: c, maxSkew: constraint.MaxSkew, minDomains: 1, honorAffinity: true}
	if constraint.MinDomains != nil {
		s.minDomains = *constraint.MinDomains
	}
	if p := constraint.NodeAffinityPolicy; p != nil {
		s.honorAffinity = *p == corev1.NodeInclusionPolicyHonor
	}
	if p := constraint.NodeTaintsPolicy; p != nil {
		s.honorTaint = *p == corev1.NodeInclusionPolicyHonor
	}
	return s
}

// eligible says whether kube-scheduler minds the host for the constraint.
func (s *spread) eligible(w *world, h *host) bool {
	for _, key := range s.keys {
		if h.domains[key] < 0 {
			return false
		}
	}
	v := w.verdict(s.class, h)
	return !(s.honorAffinity && v&mismatched != 0) && !(s.honorTaint && v&repelled != 0)
}

// addNode counts an eligible node in, or out with -1. Its pods are counted apart.
func (s *spread) addNode(h *host, n int32) {
	d := h.domains[s.key]
	s.nodes, s.counts = grown(s.nodes, d), grown(s.counts, d)
	before := s.nodes[d]
	s.nodes[d] += n
	switch {
	case before == 0 && s.nodes[d] > 0:
		s.tally(s.counts[d], 1)
	case before > 0 && s.nodes[d] == 0:
		s.tally(s.counts[d], -1)
	}
}

// add counts n more matching pods on an eligible host.
func (s *spread) add(h *host, n int32) {
	d := h.domains[s.key]
	s.nodes, s.counts = grown(s.nodes, d), grown(s.counts, d)
	before := s.counts[d]
	s.counts[d] += n
	if s.nodes[d] > 0 {
		s.tally(before, -1)
		s.tally(s.counts[d], 1)
	}
}

// tally notes n more domains with the count.
func (s *spread) tally(count, n int32) {
	s.having = grown(s.having, count)
	s.having[count] += n
	s.domains += n
	if n > 0 {
		s.smallest = min(s.smallest, count)
	}
	if s.domains == 0 {
		s.smallest = math.MaxInt32
		return
	}
	if s.smallest == math.MaxInt32 {
		s.smallest = count
	}
	for int(s.smallest) < len(s.having) && s.having[s.smallest] == 0 {
		s.smallest++
	}
}

// least is kube-scheduler's global minimum.
func (s *spread) least() int32 {
	if s.domains == 0 || s.domains < s.minDomains {
		return 0
	}
	return s.smallest
}

// even says that no domain has so many that a pod of it would not be admitted again.
func (s *spread) even() bool {
	for len(s.having) > 0 && s.having[len(s.having)-1] == 0 {
		s.having = s.having[:len(s.having)-1]
	}
	return int32(len(s.having))-1 <= s.least()+s.maxSkew
}

// allows is how many pods may go on the host now, at most most; others may follow
// once the smallest count has grown. matchesItself is 1 for a pod that its own
// selector picks, else 0.
func (s *spread) allows(h *host, matchesItself int32, most int) int {
	d := h.domains[s.key]
	if d < 0 {
		return 0
	}
	count := int32(0)
	if int(d) < len(s.counts) {
		count = s.counts[d]
	}
	left := s.maxSkew + s.least() - count
	switch {
	case matchesItself == 0 && left >= 0:
		return most
	case left <= 0:
		return 0
	}
	return min(most, int(left))
}

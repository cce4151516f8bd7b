package filter

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Spread is one DoNotSchedule topology spread constraint of a class.
type Spread struct {
	selector *selector
	key      int
	// keys are those of all constraints of the class: kube-scheduler only counts
	// nodes that have every one of them.
	keys                      []int
	maxSkew, minDomains       int32
	honorAffinity, honorTaint bool
	// class gives the node affinity and tolerations that policies honour.
	class *Class

	// counts are the matching pods on eligible nodes by domain, nodes the eligible
	// nodes themselves. A domain without a node is none.
	counts, nodes []int32
	// having is how many domains have a count, smallest the least count of them.
	having   []int32
	domains  int32
	smallest int32
}

func newSpread(c *Class, constraint *corev1.TopologySpreadConstraint) *Spread {
	s := &Spread{class: c, maxSkew: constraint.MaxSkew, minDomains: 1, honorAffinity: true, smallest: math.MaxInt32}
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

// eligible says whether kube-scheduler counts the node for the constraint.
func (f *Filters) eligible(s *Spread, h *NodeInfo) bool {
	for _, key := range s.keys {
		if h.domains[key] < 0 {
			return false
		}
	}
	v := f.Verdict(s.class, h)
	return !(s.honorAffinity && v&Mismatched != 0) && !(s.honorTaint && v&Repelled != 0)
}

// addNode counts an eligible node in, or out with -1. Its pods are counted apart.
func (s *Spread) addNode(h *NodeInfo, n int32) {
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

// add counts n more matching pods on an eligible node.
func (s *Spread) add(h *NodeInfo, n int32) {
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
func (s *Spread) tally(count, n int32) {
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
func (s *Spread) least() int32 {
	if s.domains == 0 || s.domains < s.minDomains {
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

// lacksDomains says that there are fewer domains than minDomains. Until there are as many
// the smallest count is taken for 0, so every domain admits only maxSkew pods.
func (s *Spread) lacksDomains() bool { return s.domains < s.minDomains }

// OpenDomains is how many domains there are.
func (s *Spread) OpenDomains() int32 { return s.domains }

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
		n = max(n, s.minDomains-s.domains)
	}
	return int(n)
}

// Spreads is how many topology spread constraints there are: each looks at every node.
func (f *Filters) Spreads() int { return len(f.spreads) }

// SameToSpreads says whether topology spread constraints count nodes of both classes alike.
func (f *Filters) SameToSpreads(a, b *NodeClass) bool {
	const counted = Repelled | Mismatched
	return !slices.ContainsFunc(f.spreads, func(s *Spread) bool {
		return s.class.On(a)&counted != s.class.On(b)&counted
	})
}

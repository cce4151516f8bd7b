package filter

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// eligibleNodes are the nodes that some topology spread constraints of one key count. All constraints that
// count the same nodes share them, so that a node that comes or goes costs the same however many
// constraints there are.
type eligibleNodes struct {
	key int
	// keys are those of all constraints of a class: kube-scheduler only counts nodes that have every one of them.
	keys                      []int
	honorAffinity, honorTaint bool
	// class gives the node affinity and tolerations that policies honour.
	class *Class

	// nodes is how many nodes a domain has. A domain without a node is none; domains is how many have some.
	nodes   []int32
	domains int32
	// users is how many of the constraints count a pod in a domain.
	users       []int32
	constraints []*Spread
}

// eligibleFor finds the nodes that a constraint of the class counts; keys are those of all its constraints.
func (t *topology) eligibleFor(c *Class, key int, keys []int, constraint *corev1.TopologySpreadConstraint) *eligibleNodes {
	e := &eligibleNodes{key: key, keys: keys, class: c, honorAffinity: true}
	if p := constraint.NodeAffinityPolicy; p != nil {
		e.honorAffinity = *p == corev1.NodeInclusionPolicyHonor
	}
	if p := constraint.NodeTaintsPolicy; p != nil {
		e.honorTaint = *p == corev1.NodeInclusionPolicyHonor
	}
	var b KeyBuilder
	b.Number(key)
	for _, k := range slices.Sorted(slices.Values(keys)) {
		b.Number(k)
	}
	if e.honorAffinity {
		b.Text('a', "")
		b.nodeSelector(c.Spec)
		b.nodeAffinity(c.Spec)
	}
	if e.honorTaint {
		b.Text('h', "")
		b.tolerations(c.Spec)
	}
	if known := t.eligibleBy[string(b.Buf)]; known != nil {
		return known
	}
	t.eligibleBy[string(b.Buf)] = e
	t.eligible = append(t.eligible, e)
	return e
}

// takes says whether kube-scheduler counts the node.
func (f *Filters) takes(e *eligibleNodes, h *NodeInfo) bool {
	for _, key := range e.keys {
		if h.domains[key] < 0 {
			return false
		}
	}
	v := f.Verdict(e.class, h)
	return !(e.honorAffinity && v&Mismatched != 0) && !(e.honorTaint && v&Repelled != 0)
}

// open says whether the domain has a node.
func (e *eligibleNodes) open(domain int32) bool {
	return int(domain) < len(e.nodes) && e.nodes[domain] > 0
}

// used notes that a constraint's count of a domain changes.
func (e *eligibleNodes) used(domain, before, after int32) {
	e.users = grown(e.users, domain)
	switch {
	case before == 0 && after > 0:
		e.users[domain]++
	case before > 0 && after == 0:
		e.users[domain]--
	}
}

// add counts a node in, or out with -1. Its pods are counted apart.
func (e *eligibleNodes) add(h *NodeInfo, n int32) {
	d := h.domains[e.key]
	e.nodes, e.users = grown(e.nodes, d), grown(e.users, d)
	before := e.open(d)
	e.nodes[d] += n
	if e.open(d) == before {
		return
	}
	e.domains += n
	if e.users[d] == 0 {
		return
	}
	for _, s := range e.constraints {
		s.tally(s.count(d), n)
	}
}

// AddNode counts the node in, or out with -1, as one that topology spread looks at.
func (f *Filters) AddNode(node *NodeInfo, n int32) {
	for _, e := range f.eligible {
		if f.takes(e, node) {
			e.add(node, n)
		}
	}
}

// EligibleSets is how many sets of nodes topology spread constraints count: each is a look at every node.
func (f *Filters) EligibleSets() int { return len(f.eligible) }

// SameToSpreads says whether topology spread constraints count nodes of both classes alike.
func (f *Filters) SameToSpreads(a, b *NodeClass) bool {
	const counted = Repelled | Mismatched
	return !slices.ContainsFunc(f.eligible, func(e *eligibleNodes) bool {
		return e.class.On(a)&counted != e.class.On(b)&counted
	})
}

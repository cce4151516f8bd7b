package plan

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// topology is what the constraints of all pods of a round ask about other pods.
type topology struct {
	selectors *selectors
	keys      []*domains
	keyIndex  map[string]int
	apart     map[apartKey]*apart
	spreads   []*spread
	togethers []*together
	kinds     map[kindKey]*kind
	// by selector id, who asks by it
	apartBy    map[int][]*apart
	spreadBy   map[int][]*spread
	togetherBy map[int][]*together // by the first of its selectors
}

type apartKey struct{ selector, key int }

// apart is a required anti-affinity term: pods that hold it and pods that its
// selector picks do not share a domain.
type apart struct{ held, met *counter }

type kindKey struct {
	class   *class
	profile *profile
}

func newTopology(namespaces []*corev1.Namespace) *topology {
	return &topology{
		selectors: newSelectors(namespaces), keyIndex: map[string]int{}, apart: map[apartKey]*apart{}, kinds: map[kindKey]*kind{},
		apartBy: map[int][]*apart{}, spreadBy: map[int][]*spread{}, togetherBy: map[int][]*together{},
	}
}

// apartKeys are the anti-affinity terms in the order of their selectors and keys.
func (t *topology) apartKeys() []apartKey {
	return slices.SortedFunc(maps.Keys(t.apart), func(a, b apartKey) int {
		return cmp.Or(cmp.Compare(a.selector, b.selector), cmp.Compare(a.key, b.key))
	})
}

func (t *topology) key(name string) int {
	i, ok := t.keyIndex[name]
	if !ok {
		i = len(t.keys)
		t.keyIndex[name] = i
		t.keys = append(t.keys, &domains{key: name, known: map[string]int32{}})
	}
	return i
}

// read takes down what the class asks about other pods.
func (t *topology) read(c *class) {
	pod := c.sample.Object()
	c.ports = hostPorts(&pod.Spec)
	if a := pod.Spec.Affinity; a != nil {
		if a.PodAffinity != nil {
			t.readTogether(c, pod, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAntiAffinity != nil {
			t.readApart(c, pod, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	t.readSpreads(c, pod)
}

func (t *topology) readSpreads(c *class, pod *corev1.Pod) {
	if parseSpreads(pod.Spec.TopologySpreadConstraints) != nil {
		return // such a pod is refused by itself
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		constraint := &pod.Spec.TopologySpreadConstraints[i]
		if constraint.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		s := newSpread(c, constraint)
		s.selector, s.key = t.selectors.ofSpread(pod, constraint), t.key(constraint.TopologyKey)
		c.spreads = append(c.spreads, s)
		t.spreads = append(t.spreads, s)
		t.spreadBy[s.selector.id] = append(t.spreadBy[s.selector.id], s)
	}
	for _, s := range c.spreads {
		for _, other := range c.spreads {
			s.keys = append(s.keys, other.key)
		}
	}
}

func (t *topology) readTogether(c *class, pod *corev1.Pod, terms []corev1.PodAffinityTerm) {
	if len(terms) == 0 || parseTerms(terms, nil) != nil {
		return // such a pod is refused by itself
	}
	c.seeks = &together{}
	for i := range terms {
		c.seeks.selectors = append(c.seeks.selectors, t.selectors.ofTerm(pod, &terms[i]))
		c.seeks.counters = append(c.seeks.counters, counter{key: t.key(terms[i].TopologyKey)})
	}
	t.togethers = append(t.togethers, c.seeks)
	first := c.seeks.selectors[0].id
	t.togetherBy[first] = append(t.togetherBy[first], c.seeks)
}

func (t *topology) readApart(c *class, pod *corev1.Pod, terms []corev1.PodAffinityTerm) {
	if parseTerms(terms, nil) != nil {
		return // kube-scheduler drops all of the list with the one that does not parse
	}
	for i := range terms {
		k := apartKey{selector: t.selectors.ofTerm(pod, &terms[i]).id, key: t.key(terms[i].TopologyKey)}
		a := t.apart[k]
		if a == nil {
			a = &apart{held: &counter{key: k.key}, met: &counter{key: k.key}}
			t.apart[k] = a
			t.apartBy[k.selector] = append(t.apartBy[k.selector], a)
		}
		c.apart = append(c.apart, a)
	}
}

// kind is the kind of a pod, once all classes have been read.
func (t *topology) kind(c *class, p *Pod) *kind {
	if len(t.selectors.all) == 0 {
		// Nobody asks about labels, so all pods of the class are of one kind.
		if c.onlyKind == nil {
			c.onlyKind = t.kindOf(c, t.selectors.profile(nil))
		}
		return c.onlyKind
	}
	return t.kindOf(c, t.selectors.profileOf(p.meta))
}

func (t *topology) kindOf(c *class, seen *profile) *kind {
	k, ok := t.kinds[kindKey{c, seen}]
	if !ok {
		k = t.newKind(c, seen)
		t.kinds[kindKey{c, seen}] = k
	}
	return k
}

func (t *topology) newKind(c *class, seen *profile) *kind {
	k := &kind{number: len(t.kinds), class: c, profile: seen}
	for _, sel := range seen.matched {
		for _, a := range t.apartBy[sel.id] {
			k.counted = append(k.counted, a.met)
			k.avoids = append(k.avoids, a.held)
		}
		for _, g := range t.togetherBy[sel.id] {
			if g.picks(seen) {
				k.gathered = append(k.gathered, g)
			}
		}
		k.spreading = append(k.spreading, t.spreadBy[sel.id]...)
	}
	for _, a := range c.apart {
		k.holds = append(k.holds, a.held)
		k.avoids = append(k.avoids, a.met)
	}
	own := map[*counter]bool{}
	for _, counted := range [][]*counter{k.holds, k.counted} {
		for _, one := range counted {
			own[one] = true
		}
	}
	for _, one := range k.avoids {
		k.avoidsOwn = k.avoidsOwn || own[one]
	}
	k.seeksOwn = c.seeks != nil && c.seeks.picks(seen)
	for _, s := range c.spreads {
		picked := int32(0)
		if seen.has(s.selector) {
			picked = 1
		}
		k.spreadsOwn = append(k.spreadsOwn, picked)
	}
	return k
}

// freshDomain marks a topology key whose value no other node has: the hostname of
// a node to be bought.
const freshDomain int32 = -2

// locate works out the domains of every host and template and counts the pods that
// are there already.
func (w *world) locate() {
	t := w.topology
	for _, h := range w.hosts {
		h.domains = make([]int32, len(t.keys))
		for i, d := range t.keys {
			h.domains[i] = d.of(h.labels)
		}
	}
	for _, tm := range w.templates {
		tm.domains = make([]int32, len(t.keys))
		for i, d := range t.keys {
			if d.key == corev1.LabelHostname {
				tm.domains[i] = freshDomain
				continue
			}
			tm.domains[i] = d.of(tm.labels)
		}
	}
	for _, h := range w.hosts {
		w.countNode(h, 1)
		for _, s := range h.bound {
			w.count(s.kind, h, 1, s.pod.leaves())
		}
	}
}

// countNode counts the host in, or out, as a node that topology spread minds.
func (w *world) countNode(h *host, n int32) {
	for _, s := range w.topology.spreads {
		if s.eligible(w, h) {
			s.addNode(h, n)
		}
	}
}

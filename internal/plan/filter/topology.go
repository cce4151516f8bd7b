package filter

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// topology is what the constraints of all pods of a round ask about other pods.
type topology struct {
	selectors *selectors
	keys      []*domains
	keyIndex  map[string]int
	apart     map[apartKey]*apart
	togethers []*Affinity
	kinds     map[kindKey]*Kind
	// by selector id, who asks by it
	apartBy    map[int][]*apart
	spreadBy   map[int][]*Spread
	togetherBy map[int][]*Affinity // by the first of its selectors
	// eligible are the sets of nodes that spreads count, eligibleBy the same by what makes them.
	eligible   []*eligibleNodes
	eligibleBy map[string]*eligibleNodes
}

type apartKey struct{ selector, key int }

// apart is a required anti-affinity term: pods that hold it and pods that its
// selector picks do not share a domain.
type apart struct{ held, met *counter }

type kindKey struct {
	class   *Class
	profile *profile
}

func newTopology(namespaces []*corev1.Namespace) *topology {
	return &topology{
		selectors: newSelectors(namespaces), keyIndex: map[string]int{}, apart: map[apartKey]*apart{}, kinds: map[kindKey]*Kind{},
		apartBy: map[int][]*apart{}, spreadBy: map[int][]*Spread{}, togetherBy: map[int][]*Affinity{},
		eligibleBy: map[string]*eligibleNodes{},
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

// read takes down what the class asks about other pods, by one of its pods.
func (t *topology) read(c *Class, pod *corev1.Pod) {
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

func (t *topology) readSpreads(c *Class, pod *corev1.Pod) {
	if parseSpreads(pod.Spec.TopologySpreadConstraints) != nil {
		return // such a pod is refused by itself
	}
	var hard []*corev1.TopologySpreadConstraint
	var keys []int
	for i := range pod.Spec.TopologySpreadConstraints {
		if constraint := &pod.Spec.TopologySpreadConstraints[i]; constraint.WhenUnsatisfiable == corev1.DoNotSchedule {
			hard, keys = append(hard, constraint), append(keys, t.key(constraint.TopologyKey))
		}
	}
	for i, constraint := range hard {
		s := newSpread(constraint)
		s.selector, s.key = t.selectors.ofSpread(pod, constraint), keys[i]
		s.over = t.eligibleFor(c, s.key, keys, constraint)
		s.over.constraints = append(s.over.constraints, s)
		c.spreads = append(c.spreads, s)
		t.spreadBy[s.selector.id] = append(t.spreadBy[s.selector.id], s)
	}
}

func (t *topology) readTogether(c *Class, pod *corev1.Pod, terms []corev1.PodAffinityTerm) {
	if len(terms) == 0 || parseTerms(terms, nil) != nil {
		return // such a pod is refused by itself
	}
	c.seeks = &Affinity{}
	for i := range terms {
		c.seeks.selectors = append(c.seeks.selectors, t.selectors.ofTerm(pod, &terms[i]))
		c.seeks.counters = append(c.seeks.counters, counter{key: t.key(terms[i].TopologyKey)})
	}
	t.togethers = append(t.togethers, c.seeks)
	first := c.seeks.selectors[0].id
	t.togetherBy[first] = append(t.togetherBy[first], c.seeks)
}

func (t *topology) readApart(c *Class, pod *corev1.Pod, terms []corev1.PodAffinityTerm) {
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

// OnlyKind is the kind of all pods of the class where nobody asks about labels; nil where a pod's labels tell its kind. All
// classes have been read.
func (t *topology) OnlyKind(c *Class) *Kind {
	if len(t.selectors.all) > 0 {
		return nil
	}
	if c.onlyKind == nil {
		c.onlyKind = t.kindOf(c, t.selectors.profile(nil))
	}
	return c.onlyKind
}

// Kind is the kind of a pod of the class, once all classes have been read.
func (t *topology) Kind(c *Class, pod *metav1.ObjectMeta) *Kind {
	if k := t.OnlyKind(c); k != nil {
		return k
	}
	return t.kindOf(c, t.selectors.profileOf(pod))
}

func (t *topology) kindOf(c *Class, seen *profile) *Kind {
	k, ok := t.kinds[kindKey{c, seen}]
	if !ok {
		k = t.newKind(c, seen)
		t.kinds[kindKey{c, seen}] = k
	}
	return k
}

func (t *topology) newKind(c *Class, seen *profile) *Kind {
	k := &Kind{Number: len(t.kinds), Class: c, profile: seen}
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

package filter

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// selector picks pods by namespace and labels.
type selector struct {
	// id numbers the selectors of a round.
	id int
	// namespaces are named ones; byLabels picks more by their labels, nil none.
	namespaces []string
	byLabels   labels.Selector
	pods       labels.Selector
}

func (s *selector) matches(set *labelSet) bool {
	if !slices.Contains(s.namespaces, set.namespace) && (s.byLabels == nil || !s.byLabels.Matches(set.namespaceLabels)) {
		return false
	}
	return s.pods.Matches(set.labels)
}

// selectors finds the selectors of a round and the pods they pick.
type selectors struct {
	known map[string]*selector
	all   []*selector
	// needing are the selectors that only pick pods with a certain label, by that
	// label; any are the others.
	needing map[labelPair][]*selector
	any     []*selector
	sets    map[string]*labelSet
	// profiles number the different answers of all selectors together.
	profiles        map[string]*profile
	namespaceLabels map[string]labels.Set
	scratch         KeyBuilder
}

type labelPair struct{ key, value string }

// labelSet is what selectors see of a pod.
type labelSet struct {
	namespace       string
	namespaceLabels labels.Set
	labels          labels.Set
	profile         *profile
}

// profile is the set of selectors that pick a pod, by id.
type profile struct {
	id      int
	matched []*selector
}

func newSelectors(namespaces []*corev1.Namespace) *selectors {
	s := &selectors{
		known: map[string]*selector{}, needing: map[labelPair][]*selector{}, sets: map[string]*labelSet{},
		profiles: map[string]*profile{}, namespaceLabels: map[string]labels.Set{},
	}
	for _, n := range namespaces {
		s.namespaceLabels[n.Name] = n.Labels
	}
	return s
}

// labelsOf are a namespace's labels. The API server gives every namespace the label
// with its name, so that one is known even where the Namespace itself is not.
func (s *selectors) labelsOf(namespace string) labels.Set {
	known := s.namespaceLabels[namespace]
	if known[corev1.LabelMetadataName] == namespace {
		return known
	}
	known = maps.Clone(known)
	if known == nil {
		known = labels.Set{}
	}
	known[corev1.LabelMetadataName] = namespace
	s.namespaceLabels[namespace] = known
	return known
}

// ofTerm is the selector of a pod affinity term of a pod in the namespace with the
// labels. Keys of matchLabelKeys and mismatchLabelKeys count as kube-apiserver
// merges them, also where it has not done so yet.
func (s *selectors) ofTerm(pod *corev1.Pod, term *corev1.PodAffinityTerm) *selector {
	made := &selector{namespaces: term.Namespaces, pods: parse(term.LabelSelector)}
	if len(term.Namespaces) == 0 && term.NamespaceSelector == nil {
		made.namespaces = []string{pod.Namespace}
	}
	if term.NamespaceSelector != nil {
		made.byLabels = parse(term.NamespaceSelector)
	}
	made.pods = withLabelKeys(made.pods, pod.Labels, term.MatchLabelKeys, term.MismatchLabelKeys)
	return s.intern(made)
}

// ofSpread is the selector of a topology spread constraint.
func (s *selectors) ofSpread(pod *corev1.Pod, c *corev1.TopologySpreadConstraint) *selector {
	pods := withLabelKeys(parse(c.LabelSelector), pod.Labels, c.MatchLabelKeys, nil)
	if pods.Empty() {
		pods = labels.Nothing() // kube-scheduler counts no pods for a selector without terms
	}
	return s.intern(&selector{namespaces: []string{pod.Namespace}, pods: pods})
}

// parse reads a label selector. Lists with one that does not parse are left out before
// (parseTerms, parseSpreads).
func parse(ls *metav1.LabelSelector) labels.Selector {
	parsed, err := metav1.LabelSelectorAsSelector(ls)
	if err != nil {
		return labels.Nothing()
	}
	return parsed
}

func withLabelKeys(s labels.Selector, own map[string]string, match, mismatch []string) labels.Selector {
	if _, selectable := s.Requirements(); !selectable {
		return s
	}
	for _, key := range match {
		s = withRequirement(s, own, key, selection.In)
	}
	for _, key := range mismatch {
		s = withRequirement(s, own, key, selection.NotIn)
	}
	return s
}

func withRequirement(s labels.Selector, own map[string]string, key string, op selection.Operator) labels.Selector {
	value, ok := own[key]
	if !ok {
		return s
	}
	r, err := labels.NewRequirement(key, op, []string{value})
	if err != nil {
		return s
	}
	return s.Add(*r)
}

// intern gives equal selectors one identity. Where names repeat or come in another
// order they count as different, which costs time but changes nothing.
func (s *selectors) intern(made *selector) *selector {
	var b KeyBuilder
	for _, n := range made.namespaces {
		b.Text('n', n)
	}
	if made.byLabels != nil {
		b.Text('b', made.byLabels.String())
		if made.byLabels.Empty() {
			b.Text('b', "every")
		}
	}
	b.Text('p', made.pods.String())
	if made.pods.Empty() {
		b.Text('p', "every")
	}
	if known, ok := s.known[string(b.Buf)]; ok {
		return known
	}
	made.id = len(s.all)
	s.known[string(b.Buf)] = made
	s.all = append(s.all, made)
	s.file(made)
	return made
}

// file puts the selector where the pods it picks will find it.
func (s *selectors) file(made *selector) {
	requirements, _ := made.pods.Requirements()
	for _, r := range requirements {
		if values := r.ValuesUnsorted(); len(values) == 1 && (r.Operator() == selection.In || r.Operator() == selection.Equals || r.Operator() == selection.DoubleEquals) {
			pair := labelPair{r.Key(), values[0]}
			s.needing[pair] = append(s.needing[pair], made)
			return
		}
	}
	s.any = append(s.any, made)
}

// profileOf is the profile of a pod, once all selectors are known.
func (s *selectors) profileOf(pod *metav1.ObjectMeta) *profile {
	b := &s.scratch
	b.Buf = b.Buf[:0]
	b.Text('n', pod.Namespace)
	for _, key := range slices.Sorted(maps.Keys(pod.Labels)) {
		b.Text('k', key)
		b.Text('v', pod.Labels[key])
	}
	if known, ok := s.sets[string(b.Buf)]; ok {
		return known.profile
	}
	set := &labelSet{namespace: pod.Namespace, namespaceLabels: s.labelsOf(pod.Namespace), labels: pod.Labels}
	s.sets[string(b.Buf)] = set
	var matched []*selector
	try := func(list []*selector) {
		for _, sel := range list {
			if sel.matches(set) {
				matched = append(matched, sel)
			}
		}
	}
	try(s.any)
	for key, value := range pod.Labels {
		try(s.needing[labelPair{key, value}])
	}
	slices.SortFunc(matched, func(a, b *selector) int { return a.id - b.id })
	set.profile = s.profile(matched)
	return set.profile
}

func (s *selectors) profile(matched []*selector) *profile {
	var b KeyBuilder
	for _, sel := range matched {
		b.Number(sel.id)
	}
	known, ok := s.profiles[string(b.Buf)]
	if !ok {
		known = &profile{id: len(s.profiles), matched: matched}
		s.profiles[string(b.Buf)] = known
	}
	return known
}

func (p *profile) has(s *selector) bool {
	_, ok := slices.BinarySearchFunc(p.matched, s.id, func(a *selector, id int) int { return a.id - id })
	return ok
}

package plan

import (
	"iter"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shape is what static filters see of a node. Nodes that differ in nothing a
// class of this round asks about share one.
type shape struct {
	// id numbers the shapes of a round.
	id int
	// node carries the labels and the taints that repel; a shape that several nodes
	// share has no name.
	node *corev1.Node
}

// shapes makes and finds the shapes of a round.
type shapes struct {
	made int
	// keys are the label keys that some class asks about.
	keys  []string
	known map[string]*shape
}

// lookAt takes down the labels that the classes name, so that labels which differ
// from node to node, such as a serial number, cost nothing.
func (s *shapes) lookAt(classes iter.Seq[*class]) {
	asked := map[string]bool{}
	for c := range classes {
		if c.volumes != nil {
			c.volumes.asks(func(key string) { asked[key] = true })
		}
		spec := c.sample.spec
		for key := range spec.NodeSelector {
			asked[key] = true
		}
		for _, term := range requiredTerms(spec) {
			for _, r := range term.MatchExpressions {
				asked[r.Key] = true
			}
		}
	}
	delete(asked, corev1.LabelHostname)
	s.keys = slices.Sorted(maps.Keys(asked))
	s.known = map[string]*shape{}
}

// shared gives nodes with equal labels, as far as asked about, and equal taints
// one shape.
func (s *shapes) shared(labels map[string]string, taints []corev1.Taint, cordoned bool) *shape {
	var b rulesBuilder
	if cordoned {
		b.text('u', "")
	}
	for _, key := range s.keys {
		if value, ok := labels[key]; ok {
			b.text('l', key)
			b.text('=', value)
		}
	}
	for i := range taints {
		if t := &taints[i]; repels(t) {
			b.text('t', t.Key)
			b.text('v', t.Value)
			b.text('e', string(t.Effect))
		}
	}
	if known, ok := s.known[string(b.buf)]; ok {
		return known
	}
	made := s.single("", labels, taints, cordoned)
	s.known[string(b.buf)] = made
	return made
}

// single makes a shape of one node's own.
func (s *shapes) single(name string, labels map[string]string, taints []corev1.Taint, cordoned bool) *shape {
	made := &shape{id: s.made, node: &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.NodeSpec{
			Unschedulable: cordoned,
			Taints:        slices.DeleteFunc(slices.Clone(taints), func(t corev1.Taint) bool { return !repels(&t) }),
		},
	}}
	s.made++
	return made
}

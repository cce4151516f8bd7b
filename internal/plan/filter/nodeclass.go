package filter

import (
	"iter"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeClass is what static filters see of a node. Nodes that differ in nothing a
// class of this round asks about share one.
type NodeClass struct {
	// id numbers the node classes of a round.
	id int
	// Node carries the labels and the taints that repel; a node class that several nodes
	// share has no name.
	Node *corev1.Node
}

// nodeClasses makes and finds the node classes of a round.
type nodeClasses struct {
	made int
	// asked are the label keys that some class asks about.
	asked []string
	known map[string]*NodeClass
}

// lookAt takes down the labels that the classes name, so that labels which differ
// from node to node, such as a serial number, cost nothing.
func (s *nodeClasses) lookAt(classes iter.Seq[*Class]) {
	asked := map[string]bool{}
	for c := range classes {
		if c.volumes != nil {
			c.volumes.asks(func(key string) { asked[key] = true })
		}
		spec := c.Spec
		for key := range spec.NodeSelector {
			asked[key] = true
		}
		for _, term := range RequiredTerms(spec) {
			for _, r := range term.MatchExpressions {
				asked[r.Key] = true
			}
		}
	}
	delete(asked, corev1.LabelHostname)
	s.asked = slices.Sorted(maps.Keys(asked))
	s.known = map[string]*NodeClass{}
}

// NodeClassOf gives nodes with equal labels, as far as asked about, and equal taints
// one class.
func (s *nodeClasses) NodeClassOf(labels map[string]string, taints []corev1.Taint, cordoned bool) *NodeClass {
	var b KeyBuilder
	if cordoned {
		b.Text('u', "")
	}
	for _, key := range s.asked {
		if value, ok := labels[key]; ok {
			b.Text('l', key)
			b.Text('=', value)
		}
	}
	for i := range taints {
		if t := &taints[i]; Repels(t) {
			b.Text('t', t.Key)
			b.Text('v', t.Value)
			b.Text('e', string(t.Effect))
		}
	}
	if known, ok := s.known[string(b.Buf)]; ok {
		return known
	}
	made := s.NewNodeClass("", labels, taints, cordoned)
	s.known[string(b.Buf)] = made
	return made
}

// NewNodeClass makes a class of one node's own.
func (s *nodeClasses) NewNodeClass(name string, labels map[string]string, taints []corev1.Taint, cordoned bool) *NodeClass {
	made := &NodeClass{id: s.made, Node: &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.NodeSpec{
			Unschedulable: cordoned,
			Taints:        slices.DeleteFunc(slices.Clone(taints), func(t corev1.Taint) bool { return !Repels(&t) }),
		},
	}}
	s.made++
	return made
}

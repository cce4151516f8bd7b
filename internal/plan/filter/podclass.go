package filter

import (
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// Class is a set of pods with the same hard constraints, size apart.
type Class struct {
	// Key spells the constraints out (KeyOf), Spec is that of one of its pods.
	Key      unique.Handle[string]
	Spec     *corev1.PodSpec
	affinity nodeaffinity.RequiredNodeAffinity
	// PerHost: the constraints name single nodes, so nodes alike in all else differ.
	PerHost bool
	// ports, apart, seeks and spreads are what the class asks about other pods.
	ports   []port
	apart   []*apart
	seeks   *Affinity
	spreads []*Spread
	// onlyKind is the kind of all its pods while no constraint asks about labels.
	onlyKind *Kind
	// volumes is what its persistent volumes ask of a node; nil without any.
	volumes *volumes
	// verdicts are remembered by the id of the node class.
	verdicts []Verdict
}

// Verdict is what the filters that ignore size and other pods say, as a set of bits.
type Verdict uint8

const (
	// Suits alone, without the other bits, means that nothing speaks against it.
	Suits Verdict = 1 << iota
	// Repelled says that a taint is not tolerated.
	Repelled
	// Unschedulable says that the node is cordoned, which topology spread does not take for a taint.
	Unschedulable
	// Mismatched says that the node selector or affinity does not match.
	Mismatched
	// Misplaced says that a persistent volume cannot be used there.
	Misplaced
)

// Depends says that other pods can make room for the class's pods just by being placed.
func (c *Class) Depends() bool { return c.seeks != nil || len(c.spreads) > 0 }

// HasSpread says that the pods have DoNotSchedule topology spread constraints.
func (c *Class) HasSpread() bool { return len(c.spreads) > 0 }

// Problem says why no node takes the class's pods, whatever room there is.
func (c *Class) Problem() Refusal {
	if c.volumes == nil {
		return Refusal{}
	}
	return c.volumes.problem
}

func newClass(key unique.Handle[string], pod *corev1.Pod) *Class {
	return &Class{
		Key:      key,
		Spec:     &pod.Spec,
		affinity: nodeaffinity.GetRequiredNodeAffinity(pod),
		PerHost:  namesNodes(&pod.Spec),
	}
}

// On judges a node class once and remembers the verdict.
func (c *Class) On(s *NodeClass) Verdict {
	if s.id >= len(c.verdicts) {
		c.verdicts = append(c.verdicts, make([]Verdict, s.id+1-len(c.verdicts))...)
	}
	if c.verdicts[s.id] == 0 {
		c.verdicts[s.id] = c.judge(s)
	}
	return c.verdicts[s.id]
}

func (c *Class) judge(s *NodeClass) Verdict {
	v := Suits
	if _, found := c.Untolerated(s.Node.Spec.Taints); found {
		v |= Repelled
	}
	if s.Node.Spec.Unschedulable && !c.toleratesCordon() {
		v |= Unschedulable
	}
	// An affinity that does not parse matches nothing, as with kube-scheduler.
	if ok, err := c.affinity.Match(s.Node); err != nil || !ok {
		v |= Mismatched
	}
	if c.volumes != nil && !c.volumes.suit(s.Node) {
		v |= Misplaced
	}
	return v
}

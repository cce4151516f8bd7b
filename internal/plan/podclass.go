package plan

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// class is a set of pods with the same hard constraints, size apart.
type class struct {
	// sample is one of its pods; the filters read their parameters from it.
	sample   *Pod
	affinity nodeaffinity.RequiredNodeAffinity
	// perHost: the constraints name single nodes, so nodes alike in all else differ.
	perHost bool
	// ports, apart, seeks and spreads are what the class asks about other pods.
	ports   []port
	apart   []*apart
	seeks   *together
	spreads []*spread
	// onlyKind is the kind of all its pods while no constraint asks about labels.
	onlyKind *kind
	// volumes is what its persistent volumes ask of a node; nil without any.
	volumes *volumes
	// admitting names the templates that admit the class, once it has been asked for.
	admitting string
	// verdicts are remembered by shape id.
	verdicts []verdict
}

// verdict is what the filters that ignore size and other pods say, as a set of bits.
type verdict uint8

const (
	// suits alone, without the other bits, means that nothing speaks against it.
	suits verdict = 1 << iota
	// repelled: a taint is not tolerated.
	repelled
	// fenced: the node is cordoned, which topology spread does not take for a taint.
	fenced
	// mismatched: the node selector or affinity does not match.
	mismatched
	// misplaced: a persistent volume cannot be used there.
	misplaced
)

// depends says that other pods can make room for the class's pods just by being placed.
func (c *class) depends() bool { return c.seeks != nil || len(c.spreads) > 0 }

func newClass(sample *Pod) *class {
	return &class{
		sample:   sample,
		affinity: nodeaffinity.GetRequiredNodeAffinity(sample.Object()),
		perHost:  namesNodes(sample.spec),
	}
}

// namesNodes says whether the pod's node constraints look at what differs from
// node to node: its name or its hostname label.
func namesNodes(spec *corev1.PodSpec) bool {
	if _, ok := spec.NodeSelector[corev1.LabelHostname]; ok {
		return true
	}
	for _, term := range requiredTerms(spec) {
		if len(term.MatchFields) > 0 {
			return true
		}
		if slices.ContainsFunc(term.MatchExpressions, func(r corev1.NodeSelectorRequirement) bool { return r.Key == corev1.LabelHostname }) {
			return true
		}
	}
	return false
}

func requiredTerms(spec *corev1.PodSpec) []corev1.NodeSelectorTerm {
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil {
		if required := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil {
			return required.NodeSelectorTerms
		}
	}
	return nil
}

// on judges a shape of node once and remembers the verdict.
func (c *class) on(s *shape) verdict {
	if s.id >= len(c.verdicts) {
		c.verdicts = append(c.verdicts, make([]verdict, s.id+1-len(c.verdicts))...)
	}
	if c.verdicts[s.id] == 0 {
		c.verdicts[s.id] = c.judge(s)
	}
	return c.verdicts[s.id]
}

func (c *class) judge(s *shape) verdict {
	v := suits
	if _, found := c.untolerated(s.node.Spec.Taints); found {
		v |= repelled
	}
	if s.node.Spec.Unschedulable && !c.toleratesCordon() {
		v |= fenced
	}
	// An affinity that does not parse matches nothing, as with kube-scheduler.
	if ok, err := c.affinity.Match(s.node); err != nil || !ok {
		v |= mismatched
	}
	if c.volumes != nil && !c.volumes.suit(s.node) {
		v |= misplaced
	}
	return v
}

func (c *class) toleratesCordon() bool {
	cordon := &corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	return schedulinghelpers.TolerationsTolerateTaint(klog.Logger{}, c.sample.spec.Tolerations, cordon, false)
}

// untolerated is the first taint that keeps the class's pods off.
func (c *class) untolerated(taints []corev1.Taint) (corev1.Taint, bool) {
	if len(taints) == 0 {
		return corev1.Taint{}, false
	}
	return schedulinghelpers.FindMatchingUntoleratedTaint(klog.Logger{}, taints, c.sample.spec.Tolerations, repels, false)
}

// repels says whether a taint keeps pods off a node; PreferNoSchedule does not.
func repels(t *corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
}

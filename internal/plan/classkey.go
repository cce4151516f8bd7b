package plan

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/nodedeclaredfeatures/features"
	"k8s.io/component-helpers/nodedeclaredfeatures/types"
	"k8s.io/component-helpers/storage/ephemeral"
)

// rulesOf spells out the hard constraints of a pod, size and labels apart. Each
// part is preceded by its length, so that no two different pods read alike.
func rulesOf(pod *corev1.Pod) string {
	spec := &pod.Spec
	var b rulesBuilder
	for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
		b.text('s', key)
		b.text('=', spec.NodeSelector[key])
	}
	for i := range spec.Tolerations {
		b.toleration(&spec.Tolerations[i])
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		b.message('n', a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
	}
	b.others(pod)
	return string(b.buf)
}

// others spells out what the pod asks about other pods. That depends on its
// namespace and on the labels that constraints take over.
func (b *rulesBuilder) others(pod *corev1.Pod) {
	before := len(b.buf)
	own := func(keys ...[]string) {
		for _, key := range slices.Concat(keys...) {
			if value, ok := pod.Labels[key]; ok {
				b.text('k', key)
				b.text('=', value)
			}
		}
	}
	terms := func(tag byte, list []corev1.PodAffinityTerm) {
		for i := range list {
			b.message(tag, &list[i])
			own(list[i].MatchLabelKeys, list[i].MismatchLabelKeys)
		}
	}
	if a := pod.Spec.Affinity; a != nil {
		if a.PodAffinity != nil {
			terms('a', a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAntiAffinity != nil {
			terms('x', a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		if c := &pod.Spec.TopologySpreadConstraints[i]; c.WhenUnsatisfiable == corev1.DoNotSchedule {
			b.message('c', c)
			own(c.MatchLabelKeys)
		}
	}
	for i := range pod.Spec.Volumes {
		switch v := &pod.Spec.Volumes[i]; {
		case v.PersistentVolumeClaim != nil:
			b.text('V', v.PersistentVolumeClaim.ClaimName)
		case v.Ephemeral != nil:
			b.text('E', ephemeral.VolumeClaimName(pod, v))
		case ownDisk(v):
			b.message('D', v)
		}
	}
	if len(b.buf) > before {
		b.text('N', pod.Namespace)
	}
	for _, p := range hostPorts(&pod.Spec) {
		b.text('p', p.ip)
		b.text('q', string(p.protocol))
		b.number(int(p.number))
	}
}

type rulesBuilder struct{ buf []byte }

func (b *rulesBuilder) text(tag byte, s string) {
	b.buf = append(b.buf, tag)
	b.buf = binary.AppendUvarint(b.buf, uint64(len(s)))
	b.buf = append(b.buf, s...)
}

func (b *rulesBuilder) number(n int) { b.buf = binary.AppendVarint(b.buf, int64(n)) }

// toleration leaves out tolerationSeconds, which matters to eviction only.
func (b *rulesBuilder) toleration(t *corev1.Toleration) {
	b.text('t', t.Key)
	b.text('o', string(t.Operator))
	b.text('v', t.Value)
	b.text('e', string(t.Effect))
}

// message appends the canonical protobuf form, in which map keys are sorted.
func (b *rulesBuilder) message(tag byte, m interface{ Marshal() ([]byte, error) }) {
	wire, err := m.Marshal()
	if err != nil {
		// Marshal of an API type only fails on invalid UTF-8, which the API server
		// refuses; such a pod still gets a key, shared with none but its like.
		wire = []byte(err.Error())
	}
	b.text(tag, string(wire))
}

// unsupportedFeatures names what the planner would have to guess about, in the
// words of the pod's spec; empty when there is nothing.
func unsupportedFeatures(spec *corev1.PodSpec) string {
	var found []string
	if len(spec.ResourceClaims) > 0 {
		found = append(found, "resourceClaims")
	}
	if spec.SchedulingGroup != nil {
		found = append(found, "schedulingGroup")
	}
	// What a node that has not come will declare is not known.
	for _, f := range features.AllFeatures {
		if f.InferForScheduling(&types.PodInfo{Spec: spec}) {
			found = append(found, "node feature "+f.Name())
		}
	}
	return strings.Join(found, ", ")
}

package filter

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

// KeyOf spells out the hard constraints of a pod, size and labels apart. Each
// part is preceded by its length, so that no two different pods read alike.
func KeyOf(pod *corev1.Pod) string {
	spec := &pod.Spec
	var b KeyBuilder
	b.nodeSelector(spec)
	b.tolerations(spec)
	b.nodeAffinity(spec)
	b.others(pod)
	return string(b.Buf)
}

func (b *KeyBuilder) nodeSelector(spec *corev1.PodSpec) {
	for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
		b.Text('s', key)
		b.Text('=', spec.NodeSelector[key])
	}
}

func (b *KeyBuilder) tolerations(spec *corev1.PodSpec) {
	for i := range spec.Tolerations {
		b.toleration(&spec.Tolerations[i])
	}
}

func (b *KeyBuilder) nodeAffinity(spec *corev1.PodSpec) {
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		b.message('n', a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
	}
}

// others spells out what the pod asks about other pods. That depends on its
// namespace and on the labels that constraints take over.
func (b *KeyBuilder) others(pod *corev1.Pod) {
	before := len(b.Buf)
	own := func(keys ...[]string) {
		for _, key := range slices.Concat(keys...) {
			if value, ok := pod.Labels[key]; ok {
				b.Text('k', key)
				b.Text('=', value)
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
			b.Text('V', v.PersistentVolumeClaim.ClaimName)
		case v.Ephemeral != nil:
			b.Text('E', ephemeral.VolumeClaimName(pod, v))
		case ownDisk(v):
			b.message('D', v)
		}
	}
	if len(b.Buf) > before {
		b.Text('N', pod.Namespace)
	}
	for _, p := range hostPorts(&pod.Spec) {
		b.Text('p', p.ip)
		b.Text('q', string(p.protocol))
		b.Number(int(p.number))
	}
}

// KeyBuilder spells values out as a text; the tag and length of each keep different ones apart.
type KeyBuilder struct{ Buf []byte }

// Text adds a text.
func (b *KeyBuilder) Text(tag byte, s string) {
	b.Buf = append(b.Buf, tag)
	b.Buf = binary.AppendUvarint(b.Buf, uint64(len(s)))
	b.Buf = append(b.Buf, s...)
}

// Number adds a number.
func (b *KeyBuilder) Number(n int) { b.Buf = binary.AppendVarint(b.Buf, int64(n)) }

// toleration leaves out tolerationSeconds, which matters to eviction only.
func (b *KeyBuilder) toleration(t *corev1.Toleration) {
	b.Text('t', t.Key)
	b.Text('o', string(t.Operator))
	b.Text('v', t.Value)
	b.Text('e', string(t.Effect))
}

// message appends the canonical protobuf form, in which map keys are sorted.
func (b *KeyBuilder) message(tag byte, m interface{ Marshal() ([]byte, error) }) {
	wire, err := m.Marshal()
	if err != nil {
		// Marshal of an API type only fails on invalid UTF-8, which the API server
		// refuses; such a pod still gets a key, shared with none but its like.
		wire = []byte(err.Error())
	}
	b.Text(tag, string(wire))
}

// UnsupportedFeatures names what the planner would have to guess about, in the
// words of the pod's spec; empty when there is nothing.
func UnsupportedFeatures(spec *corev1.PodSpec) string {
	var found []string
	if len(spec.ResourceClaims) > 0 {
		found = append(found, "resourceClaims")
	}
	if spec.SchedulingGroup != nil {
		found = append(found, "schedulingGroup")
	}
	if os := spec.OS; os != nil && os.Name != corev1.Linux {
		found = append(found, "os "+string(os.Name)) // kube-scheduler does not look at it, and a kubelet on Linux refuses the pod
	}
	// What a node that has not come will declare is not known.
	for _, f := range features.AllFeatures {
		if f.InferForScheduling(&types.PodInfo{Spec: spec}) {
			found = append(found, "node feature "+f.Name())
		}
	}
	return strings.Join(found, ", ")
}

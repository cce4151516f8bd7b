package plan

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
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
	return string(b.buf)
}

type rulesBuilder struct{ buf []byte }

func (b *rulesBuilder) text(tag byte, s string) {
	b.buf = append(b.buf, tag)
	b.buf = binary.AppendUvarint(b.buf, uint64(len(s)))
	b.buf = append(b.buf, s...)
}

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
	if a := spec.Affinity; a != nil {
		if a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 {
			found = append(found, "required podAffinity")
		}
		if a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 {
			found = append(found, "required podAntiAffinity")
		}
	}
	if slices.ContainsFunc(spec.TopologySpreadConstraints, func(c corev1.TopologySpreadConstraint) bool {
		return c.WhenUnsatisfiable == corev1.DoNotSchedule
	}) {
		found = append(found, "topologySpreadConstraints with DoNotSchedule")
	}
	if usesHostPorts(spec) {
		found = append(found, "hostPort")
	}
	if slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil }) {
		found = append(found, "persistentVolumeClaim volumes")
	}
	if len(spec.ResourceClaims) > 0 {
		found = append(found, "resourceClaims")
	}
	return strings.Join(found, ", ")
}

// usesHostPorts minds containers and sidecars; ports of init containers that end
// before the pod runs are free again, as with kube-scheduler.
func usesHostPorts(spec *corev1.PodSpec) bool {
	taken := func(c *corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort > 0 })
	}
	for i := range spec.Containers {
		if taken(&spec.Containers[i]) {
			return true
		}
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways && taken(c) {
			return true
		}
	}
	return false
}

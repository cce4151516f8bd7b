package filter

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// port is a port that a pod takes on its node.
type port struct {
	ip       string
	protocol corev1.Protocol
	number   int32
}

// anyAddress stands for all addresses of a node.
const anyAddress = "0.0.0.0"

func (p port) clashes(q port) bool {
	return p.number == q.number && p.protocol == q.protocol && (p.ip == q.ip || p.ip == anyAddress || q.ip == anyAddress)
}

// hostPorts are the ports of containers and sidecars; those of init containers that
// end before the pod runs are free again, as with kube-scheduler.
func hostPorts(spec *corev1.PodSpec) []port {
	var ports []port
	note := func(c *corev1.Container) {
		for _, p := range c.Ports {
			if p.HostPort > 0 {
				ports = append(ports, port{
					ip: cmp.Or(p.HostIP, anyAddress), protocol: cmp.Or(p.Protocol, corev1.ProtocolTCP), number: p.HostPort,
				})
			}
		}
	}
	for i := range spec.Containers {
		note(&spec.Containers[i])
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			note(c)
		}
	}
	return ports
}

func anyClash(a, b []port) bool {
	return slices.ContainsFunc(a, func(p port) bool { return slices.ContainsFunc(b, p.clashes) })
}

package plan

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Labels that every node of a NodeGroup carries.
const (
	LabelNodeGroup    = "autoscaler.vpsie.com/nodegroup"
	LabelInstanceType = "autoscaler.vpsie.com/instance-type"
	LabelDatacenter   = "autoscaler.vpsie.com/datacenter"
)

// The names of kubernetes.io/os and kubernetes.io/arch before they were stable.
const (
	labelBetaOS   = "beta.kubernetes.io/os"
	labelBetaArch = "beta.kubernetes.io/arch"
)

// TaintUninitialized keeps pods off a machine until its labels and taints are in place.
const TaintUninitialized = "autoscaler.vpsie.com/uninitialized"

// MachineLabels are the labels that the autoscaler gives to a machine of a NodeGroup: in
// its user data, after its join, and in what the planner takes for granted of a new node.
// own are the NodeGroup's labels (spec.labels). They win over the usual labels of
// Kubernetes; the labels by which the autoscaler knows the machine win over them.
// zonal says that the datacenter is the node's zone.
func MachineLabels(group, instanceType, datacenter string, zonal bool, own map[string]string) map[string]string {
	instanceType, datacenter = LabelValue(instanceType), LabelValue(datacenter)
	labels := map[string]string{
		corev1.LabelInstanceTypeStable: instanceType,
		corev1.LabelTopologyRegion:     datacenter,
	}
	if zonal {
		labels[corev1.LabelTopologyZone] = datacenter
	}
	maps.Copy(labels, own)
	labels[LabelNodeGroup] = LabelValue(group)
	labels[LabelInstanceType] = instanceType
	labels[LabelDatacenter] = datacenter
	return labels
}

// NodeLabels are the labels of a node of the group and offer, its hostname apart:
// MachineLabels, those that every kubelet sets, and the offer's own.
func NodeLabels(g *Group, o *Offer) map[string]string {
	own := maps.Clone(o.Labels)
	if own == nil {
		own = map[string]string{}
	}
	maps.Copy(own, g.Labels)
	labels := map[string]string{corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64"}
	maps.Copy(labels, MachineLabels(g.Name, o.InstanceType, o.DatacenterID, g.Zonal(), own))
	if o.Spot {
		labels[LabelCapacityType] = CapacitySpot
	}
	// Kubelet puts these on every node, whatever else is asked for.
	labels[labelBetaOS], labels[labelBetaArch] = labels[corev1.LabelOSStable], labels[corev1.LabelArchStable]
	return labels
}

// LabelValue makes any name a valid label value: what the cloud calls things is not
// bound by Kubernetes' rules. "US East (New York)" becomes "US-East--New-York".
func LabelValue(name string) string {
	clean := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			return c
		}
		return '-'
	}, name)
	const longest = 63
	return strings.Trim(clean[:min(len(clean), longest)], "-_.")
}

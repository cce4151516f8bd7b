package plan

import (
	"maps"

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

// NodeLabels are the labels of a node of the group and offer, its hostname apart.
// Whoever boots the machine must set the same, or pods will not fit what was
// bought for them. A group's own labels win over the offer's and over the usual
// ones; the identity of the machine wins over all.
func NodeLabels(g *Group, o *Offer) map[string]string {
	labels := map[string]string{
		corev1.LabelOSStable:           "linux",
		corev1.LabelArchStable:         "amd64",
		corev1.LabelInstanceTypeStable: o.InstanceType,
		corev1.LabelTopologyRegion:     o.DatacenterID,
	}
	maps.Copy(labels, o.Labels)
	maps.Copy(labels, g.Labels)
	labels[LabelNodeGroup] = g.Name
	labels[LabelInstanceType] = o.InstanceType
	labels[LabelDatacenter] = o.DatacenterID
	// Kubelet puts these on every node, whatever else is asked for.
	labels[labelBetaOS], labels[labelBetaArch] = labels[corev1.LabelOSStable], labels[corev1.LabelArchStable]
	return labels
}

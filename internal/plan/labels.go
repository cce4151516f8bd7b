package plan

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Labels that every node of a NodeGroup carries.
const (
	LabelNodeGroup    = "autoscaler.vpsie.com/nodegroup"
	LabelInstanceType = "autoscaler.vpsie.com/instance-type"
	LabelDatacenter   = "autoscaler.vpsie.com/datacenter"
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
	return labels
}

// startupTaints are the keys that every joining node sheds by itself.
var startupTaints = []string{
	TaintUninitialized,
	corev1.TaintNodeNotReady,
	corev1.TaintNodeUnreachable,
	corev1.TaintNodeNetworkUnavailable,
	"node.cloudprovider.kubernetes.io/uninitialized",
}

// startupPrefixes are cluster-autoscaler's spellings of the same.
var startupPrefixes = []string{
	"startup-taint.cluster-autoscaler.kubernetes.io/",
	"ignore-taint.cluster-autoscaler.kubernetes.io/",
}

// lastingTaints leaves out what a joining node sheds by itself.
func (o *Options) lastingTaints(taints []corev1.Taint) []corev1.Taint {
	var lasting []corev1.Taint
	for _, t := range taints {
		sheds := slices.Contains(startupTaints, t.Key) || slices.Contains(o.StartupTaints, t.Key) ||
			slices.ContainsFunc(startupPrefixes, func(p string) bool { return strings.HasPrefix(t.Key, p) })
		if !sheds {
			lasting = append(lasting, t)
		}
	}
	return lasting
}

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

func describeGroup(g *v1alpha1.NodeGroup) string {
	s := g.Status
	return fmt.Sprintf("NodeGroup: finalizers %v, current %d, desired %d, ready %d, types %s, per hour %s, nodes %d, scaled %t, conditions%s",
		g.Finalizers, s.CurrentNodes, s.DesiredNodes, s.ReadyNodes, s.InstanceTypes, s.CostPerHour, len(s.Nodes), s.LastScaleTime != nil, verdicts(s.Conditions))
}

func describeMachine(m *v1alpha1.VPSieNode) string {
	s := m.Status
	times := 0
	for _, at := range []*metav1.Time{s.CreatedAt, s.ProvisionedAt, s.JoinedAt, s.ReadyAt} {
		if at != nil {
			times++
		}
	}
	return fmt.Sprintf("VPSieNode: finalizers %v, labels %v, annotations %v, type %s, node %s, address %t, phase %s, hostname %s, status %s, resources %+v, per hour %s, times %d, terminating %t, error %q, conditions%s",
		m.Finalizers, m.Labels, m.Annotations, m.Spec.InstanceType, m.Spec.NodeName, m.Spec.IPAddress != "", s.Phase, strings.ToLower(s.Hostname), s.VPSieStatus,
		s.Resources, s.CostPerHour, times, s.TerminatingAt != nil, s.LastError, verdicts(s.Conditions))
}

func describeNode(n *corev1.Node) string {
	return fmt.Sprintf("Node: labels %v, annotations %v, taints %v, unschedulable %t", n.Labels, slices.Sorted(maps.Keys(n.Annotations)), n.Spec.Taints, n.Spec.Unschedulable)
}

// verdicts are conditions without what differs from run to run.
func verdicts(conditions []metav1.Condition) string {
	var all []string
	for _, c := range conditions {
		all = append(all, fmt.Sprintf("\n\t%s=%s %s", c.Type, c.Status, c.Reason))
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

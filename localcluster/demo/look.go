package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// snapshot is the cluster at one moment, lists in the order of names.
type snapshot struct {
	pods     []corev1.Pod // the workload's
	everyPod []corev1.Pod // DaemonSets' and all others', too
	nodes    []corev1.Node
	machines []v1alpha1.VPSieNode
	groups   []v1alpha1.NodeGroup
	events   []eventsv1.Event // the autoscaler's of NodeGroups and VPSieNodes, oldest first
	verdicts []eventsv1.Event // the autoscaler's of the workload's pods, oldest first
}

func (s *Story) look(ctx context.Context) (snapshot, error) {
	var (
		pods     corev1.PodList
		nodes    corev1.NodeList
		machines v1alpha1.VPSieNodeList
		groups   v1alpha1.NodeGroupList
		events   eventsv1.EventList
	)
	if err := errors.Join(
		s.client.List(ctx, &pods),
		s.client.List(ctx, &nodes),
		s.client.List(ctx, &machines, client.InNamespace(s.group.Namespace)),
		s.client.List(ctx, &groups, client.InNamespace(s.group.Namespace)),
		s.client.List(ctx, &events, client.MatchingFields{"reportingController": observe.Component}),
	); err != nil {
		return snapshot{}, fmt.Errorf("looking at the cluster: %w", err)
	}
	now := snapshot{everyPod: pods.Items, nodes: nodes.Items, machines: machines.Items, groups: groups.Items}
	for _, pod := range pods.Items {
		if pod.Namespace == namespace {
			now.pods = append(now.pods, pod)
		}
	}
	slices.SortStableFunc(events.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	for _, e := range events.Items {
		switch {
		case e.Regarding.GroupVersionKind().Group == v1alpha1.GroupVersion.Group && e.Namespace == s.group.Namespace:
			now.events = append(now.events, e)
		case e.Regarding.Kind == "Pod" && e.Namespace == namespace:
			now.verdicts = append(now.verdicts, e)
		}
	}
	return now, nil
}

// running counts the pods that run and stay.
func (n snapshot) running() int { return n.in(corev1.PodRunning) }

// waiting counts the pods that have yet to run.
func (n snapshot) waiting() int { return n.in(corev1.PodPending) }

// unschedulable counts the pods that kube-scheduler has found no node for.
func (n snapshot) unschedulable() int {
	count := 0
	for _, pod := range n.pods {
		if slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable
		}) {
			count++
		}
	}
	return count
}

func (n snapshot) in(phase corev1.PodPhase) int {
	count := 0
	for _, pod := range n.pods {
		if pod.Status.Phase == phase && pod.DeletionTimestamp == nil {
			count++
		}
	}
	return count
}

func (n snapshot) ready() int {
	count := 0
	for i := range n.nodes {
		if isReady(&n.nodes[i]) {
			count++
		}
	}
	return count
}

func isReady(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// living are the machines that the cloud has a running bill for.
func (s *Story) living() []vpsietest.Bill {
	return slices.DeleteFunc(s.stack.Cloud.Ledger().VMs, func(b vpsietest.Bill) bool { return b.DeletedAt != nil })
}

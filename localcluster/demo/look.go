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
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// snapshot is the cluster at one moment, lists in the order of names.
type snapshot struct {
	pods     []corev1.Pod
	nodes    []corev1.Node
	machines []v1alpha1.VPSieNode
	events   []eventsv1.Event // of NodeGroups and VPSieNodes, oldest first
}

func (s *Story) look(ctx context.Context) (snapshot, error) {
	var (
		pods     corev1.PodList
		nodes    corev1.NodeList
		machines v1alpha1.VPSieNodeList
		events   eventsv1.EventList
	)
	if err := errors.Join(
		s.client.List(ctx, &pods, client.InNamespace(namespace)),
		s.client.List(ctx, &nodes),
		s.client.List(ctx, &machines, client.InNamespace(s.group.Namespace)),
		s.client.List(ctx, &events, client.InNamespace(s.group.Namespace)),
	); err != nil {
		return snapshot{}, fmt.Errorf("looking at the cluster: %w", err)
	}
	now := snapshot{pods: pods.Items, nodes: nodes.Items, machines: machines.Items}
	now.events = slices.DeleteFunc(events.Items, func(e eventsv1.Event) bool {
		return e.Regarding.GroupVersionKind().Group != v1alpha1.GroupVersion.Group
	})
	slices.SortStableFunc(now.events, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
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

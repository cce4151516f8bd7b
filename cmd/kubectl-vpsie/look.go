package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
)

// look reads the autoscaler's own objects, which every answer needs.
func (c *cli) look(ctx context.Context, kube client.Reader) (*explain.Scene, error) {
	s := &explain.Scene{Now: c.now()}
	var groups v1alpha1.NodeGroupList
	if err := kube.List(ctx, &groups, client.InNamespace(c.namespace())); err != nil {
		if meta.IsNoMatchError(err) {
			return nil, fmt.Errorf("the cluster knows no NodeGroups: is the autoscaler installed? (%w)", err)
		}
		return nil, fmt.Errorf("listing the NodeGroups of namespace %s: %w", c.namespace(), err)
	}
	s.Groups = pointers(groups.Items)
	var machines v1alpha1.VPSieNodeList
	if err := kube.List(ctx, &machines, client.InNamespace(c.namespace())); err != nil {
		return nil, fmt.Errorf("listing the VPSieNodes of namespace %s: %w", c.namespace(), err)
	}
	s.Machines = pointers(machines.Items)
	return s, nil
}

func pointers[T any](items []T) []*T {
	list := make([]*T, len(items))
	for i := range items {
		list[i] = &items[i]
	}
	return list
}

// addNodes, addPods and addBudgets read more; what may not be read is missing in the
// answer, and told.
func (c *cli) addNodes(ctx context.Context, kube client.Reader, s *explain.Scene) {
	var list corev1.NodeList
	if err := kube.List(ctx, &list); err != nil {
		c.note("without the nodes, which could not be listed: %v", err)
	}
	s.Nodes = pointers(list.Items)
}

func (c *cli) addPods(ctx context.Context, kube client.Reader, s *explain.Scene, which ...client.ListOption) {
	var list corev1.PodList
	if err := kube.List(ctx, &list, which...); err != nil {
		c.note("without the pods, which could not be listed: %v", err)
	}
	s.Pods = pointers(list.Items)
}

func (c *cli) addBudgets(ctx context.Context, kube client.Reader, s *explain.Scene) {
	var list policyv1.PodDisruptionBudgetList
	if err := kube.List(ctx, &list); err != nil {
		c.note("without the PodDisruptionBudgets, which could not be listed: %v", err)
	}
	s.Budgets = pointers(list.Items)
}

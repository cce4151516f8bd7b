package main

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
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

// addSurge reads what decides which of the scene's pods are replaced by a restart of their Deployment: the Deployments of their
// namespaces with all of their pods and claims. It reads nothing while no NodeGroup asks for that.
func (c *cli) addSurge(ctx context.Context, kube client.Reader, s *explain.Scene) {
	if !slices.ContainsFunc(s.Groups, func(g *v1alpha1.NodeGroup) bool {
		return g.Spec.Disruption.DrainSurge == v1alpha1.DrainSurgeSingleReplica
	}) {
		return
	}
	var namespaces []string
	for _, p := range s.Pods {
		if plan.DeploymentOf(p) != "" && !slices.Contains(namespaces, p.Namespace) {
			namespaces = append(namespaces, p.Namespace)
		}
	}
	var deployments []*appsv1.Deployment
	var pods []*corev1.Pod
	var claims []*corev1.PersistentVolumeClaim
	for _, namespace := range namespaces {
		var some appsv1.DeploymentList
		var replicas corev1.PodList
		var volumes corev1.PersistentVolumeClaimList
		for what, list := range map[string]client.ObjectList{"Deployments": &some, "pods": &replicas, "PersistentVolumeClaims": &volumes} {
			if err := kube.List(ctx, list, client.InNamespace(namespace)); err != nil {
				c.note("without what drainSurge does, as the %s of namespace %s could not be listed: %v", what, namespace, err)
				return
			}
		}
		deployments, pods, claims = append(deployments, pointers(some.Items)...), append(pods, pointers(replicas.Items)...), append(claims, pointers(volumes.Items)...)
	}
	s.Surge = plan.NewSurge(deployments, plan.Parts(pods), claims)
}

package main

import (
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

// completePods offers the pods that wait: those are the ones that are asked about.
func (c *cli) completePods(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	kube, err := c.client()
	key, keyErr := c.podKey(typed)
	if len(args) > 0 || err != nil || keyErr != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var pods corev1.PodList
	if err := kube.List(cmd.Context(), &pods, client.InNamespace(key.Namespace), client.MatchingFields{"status.phase": "Pending"}); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, pod := range pods.Items {
		name := pod.Name
		if strings.Contains(typed, "/") {
			name = pod.Namespace + "/" + name
		}
		names = append(names, name)
	}
	return startingWith(names, typed), cobra.ShellCompDirectiveNoFileComp
}

// completeNodes offers the autoscaler's nodes.
func (c *cli) completeNodes(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	kube, err := c.client()
	if len(args) > 0 || err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var machines v1alpha1.VPSieNodeList
	if err := kube.List(cmd.Context(), &machines, client.InNamespace(c.namespace())); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for i := range machines.Items {
		names = append(names, cluster.NodeNameOf(&machines.Items[i]))
	}
	return startingWith(names, typed), cobra.ShellCompDirectiveNoFileComp
}

func startingWith(names []string, typed string) []string {
	var fit []string
	for _, name := range names {
		if strings.HasPrefix(name, typed) {
			fit = append(fit, name)
		}
	}
	return fit
}

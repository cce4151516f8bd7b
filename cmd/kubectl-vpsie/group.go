package main

import (
	"context"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

func (c *cli) explainGroupCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "ng NAME",
		Aliases:           []string{"nodegroup", "nodegroups"},
		Short:             "Say how a NodeGroup is, what it refuses and keeps, and what goes next",
		Example:           "  kubectl vpsie explain ng web",
		Args:              oneName,
		ValidArgsFunction: c.completeGroups,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.explainGroup(cmd.Context(), args[0]) },
	}
}

func (c *cli) explainGroup(ctx context.Context, name string) error {
	kube, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if s.Rounds, err = c.rounds(ctx, kube, observe.Filter{Group: name}); err != nil {
		return err
	}
	a, err := explain.Group(s, name)
	if err != nil {
		return err
	}
	return c.say(a)
}

// completeGroups offers the NodeGroups.
func (c *cli) completeGroups(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	kube, err := c.client()
	if len(args) > 0 || err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var groups v1alpha1.NodeGroupList
	if err := kube.List(cmd.Context(), &groups, client.InNamespace(c.namespace())); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for i := range groups.Items {
		names = append(names, groups.Items[i].Name)
	}
	return startingWith(names, typed), cobra.ShellCompDirectiveNoFileComp
}

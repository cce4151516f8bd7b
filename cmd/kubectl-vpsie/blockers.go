package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

func (c *cli) blockersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "blockers",
		Short:   "Show which pods, budgets and settings hold nodes, and what that costs",
		Example: "  kubectl vpsie blockers\n  kubectl vpsie blockers -o json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.blockers(cmd.Context()) },
	}
	c.addOutput(cmd)
	c.addSource(cmd)
	return cmd
}

func (c *cli) blockers(ctx context.Context) error {
	kube, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if s.Rounds, err = c.rounds(ctx, kube, observe.Filter{Limit: 1}); err != nil {
		return err
	}
	return c.say(explain.Blockers(s))
}

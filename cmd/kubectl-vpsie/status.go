package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

func (c *cli) statusCommand() *cobra.Command {
	var watch bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show the NodeGroups, their price, and what is going on",
		Example: "  kubectl vpsie status\n  kubectl vpsie status --watch\n  kubectl vpsie status -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !watch {
				return c.status(cmd.Context())
			}
			if err := c.checkWatch(every); err != nil {
				return err
			}
			return c.watchStatus(cmd.Context(), every)
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again and again, until Ctrl-C")
	cmd.Flags().DurationVar(&every, "interval", 2*time.Second, "time between two looks of --watch")
	c.addOutput(cmd)
	c.addSource(cmd)
	return cmd
}

func (c *cli) status(ctx context.Context) error {
	a, err := c.statusAnswer(ctx)
	if err != nil {
		return err
	}
	return c.say(a)
}

func (c *cli) statusAnswer(ctx context.Context) (*explain.StatusAnswer, error) {
	kube, s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	if s.Rounds, err = c.rounds(ctx, kube, observe.Filter{Limit: 1}); err != nil {
		return nil, err
	}
	if s.Rounds.Source == "" {
		c.addPods(ctx, kube, s, client.MatchingFields{"status.phase": "Pending"})
	}
	s.Dead = c.leaderless(ctx, kube)
	return explain.Status(s), nil
}

// leaderless says that no autoscaler acts. Whoever may not read the Lease is not told.
func (c *cli) leaderless(ctx context.Context, kube client.Reader) string {
	var lease coordinationv1.Lease
	err := kube.Get(ctx, client.ObjectKey{Namespace: c.namespace(), Name: "vpsie-autoscaler"}, &lease)
	switch {
	case apierrors.IsNotFound(err):
		return explain.Leaderless(nil, c.namespace(), c.now())
	case err != nil:
		return ""
	}
	return explain.Leaderless(&lease, c.namespace(), c.now())
}

// begin connects and reads what every answer needs.
func (c *cli) begin(ctx context.Context) (client.Client, *explain.Scene, error) {
	if err := c.checkOutput(); err != nil {
		return nil, nil, err
	}
	kube, err := c.client()
	if err != nil {
		return nil, nil, err
	}
	s, err := c.look(ctx, kube)
	return kube, s, err
}

func (c *cli) costCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cost",
		Short:   "Show what the machines cost, and where the waste is",
		Example: "  kubectl vpsie cost\n  kubectl vpsie cost -o yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.cost(cmd.Context()) },
	}
	c.addOutput(cmd)
	c.addSource(cmd)
	return cmd
}

func (c *cli) cost(ctx context.Context) error {
	kube, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if s.Rounds, err = c.rounds(ctx, kube, observe.Filter{Limit: 1}); err != nil {
		return err
	}
	c.addNodes(ctx, kube, s)
	c.addPods(ctx, kube, s)
	return c.say(explain.Cost(s))
}

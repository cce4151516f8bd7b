package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func (c *cli) offeringsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "offerings",
		Short: "Show what the NodeGroups may buy: sizes, prices, and what pods get of it",
		Long: `Show what the NodeGroups may buy: sizes, prices, and what pods get of it.

The VPSie account's Secret must be readable. -o yaml prints a file that --offerings of
the command plan reads.`,
		Example: "  kubectl vpsie offerings\n  kubectl vpsie offerings -o yaml > offerings.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.offerings(cmd.Context()) },
	}
	c.addOutput(cmd)
	cmd.Flags().StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account")
	return cmd
}

func (c *cli) offerings(ctx context.Context) error {
	if err := c.checkOutput(); err != nil {
		return err
	}
	o := c.planOptions()
	result, err := o.Decide(ctx, strings.NewReader(""))
	if err != nil {
		return err
	}
	for _, note := range result.Notes {
		c.note("%s", note)
	}
	a := dryrun.Offerings(result.State)
	if c.encodes() {
		return c.encode(a)
	}
	return a.WriteTable(c.Out, c.width())
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func planCommand() *cobra.Command {
	var f flags
	var o dryrun.Options
	c := &cobra.Command{
		Use:     "plan [-f FILE|DIR|-]... [--offerings FILE]",
		Short:   "Say what would be bought and removed, and why, without doing it",
		Long:    dryrun.Long,
		Example: fmt.Sprintf(dryrun.Example, "vpsie-autoscaler"),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.logLevel = "error"
			f.logTo(c.ErrOrStderr())
			o.Config, o.Cloud = f.restConfig, f.cloudOptions()
			o.FromCluster = c.Flags().Changed("kubeconfig")
			o.AnyNamespace = !c.Flags().Changed("namespace")
			changes, err := o.Run(c.Context(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
			if err == nil && changes {
				return exitStatus(2)
			}
			return err
		},
	}
	o.AddFlags(c.Flags())
	f.addCluster(c.Flags())
	dryrun.AddPlanningFlags(c.Flags(), &o.Plan)
	dryrun.AddBuyingFlags(c.Flags(), &o.Control)
	dryrun.AddAccountFlags(c.Flags(), &f.account)
	return c
}

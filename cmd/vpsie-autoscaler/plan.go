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
			f.readFrom(c, &o)
			changes, err := o.Run(c.Context(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
			if err == nil && changes {
				return exitStatus(2)
			}
			return err
		},
	}
	o.AddFlags(c.Flags())
	f.addInput(c.Flags(), &o)
	return c
}

package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/simulate"
)

func simulateCommand() *cobra.Command {
	var f flags
	var s simulate.Command
	c := &cobra.Command{
		Use:     "simulate [-f FILE|DIR]... [--offerings FILE] --trace FILE",
		Short:   "Say what settings would cost for a workload, how long pods would wait, and how many would be disrupted",
		Long:    simulate.Long,
		Example: simulate.Example,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Rounds leave much garbage and keep little.
			debug.SetGCPercent(400)
			f.readFrom(c, &s.Read)
			return s.Run(c.Context(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	s.AddFlags(c.Flags())
	f.addInput(c.Flags(), &s.Read)
	return c
}

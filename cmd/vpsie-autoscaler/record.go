package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/build"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func recordCommand() *cobra.Command {
	var f flags
	var o dryrun.Options
	r := dryrun.Recording{By: build.Version()}
	c := &cobra.Command{
		Use:     "record [--file FILE]",
		Short:   "Write to a file what a decision is made from, so that it can be made again elsewhere",
		Long:    dryrun.RecordLong,
		Example: fmt.Sprintf(dryrun.RecordExample, "vpsie-autoscaler"),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.readFrom(c, &o)
			return r.Run(c.Context(), &o, c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	r.AddFlags(c.Flags())
	o.AddInputFlags(c.Flags())
	f.addInput(c.Flags(), &o)
	return c
}

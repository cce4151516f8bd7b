package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/build"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func (c *cli) recordCommand() *cobra.Command {
	var o dryrun.Options
	r := dryrun.Recording{By: build.Version()}
	cmd := &cobra.Command{
		Use:     "record [--file FILE]",
		Short:   "Write to a file what a decision is made from, so that it can be made again elsewhere",
		Long:    dryrun.RecordLong,
		Example: fmt.Sprintf(dryrun.RecordExample, "kubectl vpsie"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.readFrom(&o)
			return r.Run(cmd.Context(), &o, c.In, c.Out, c.ErrOut)
		},
	}
	s := cmd.Flags()
	r.AddFlags(s)
	o.AddInputFlags(s)
	addDecidingFlags(s, &o)
	s.StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account")
	return cmd
}

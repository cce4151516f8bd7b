package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func (c *cli) planCommand() *cobra.Command {
	var o dryrun.Options
	cmd := &cobra.Command{
		Use:     "plan [-f FILE|DIR|-]... [--offerings FILE]",
		Short:   "Say what would be bought and removed, and why, without doing it",
		Long:    dryrun.Long,
		Example: fmt.Sprintf(dryrun.Example, "kubectl vpsie"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.readFrom(&o)
			changes, err := o.Run(cmd.Context(), c.In, c.Out, c.ErrOut)
			if err == nil && changes {
				return exitStatus(2)
			}
			return err
		},
	}
	s := cmd.Flags()
	o.AddFlags(s)
	addDecidingFlags(s, &o)
	s.StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account")
	complete(cmd, "output", "table", "wide", "json", "yaml", "html")
	return cmd
}

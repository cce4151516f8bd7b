package main

import (
	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/check"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func checkCommand() *cobra.Command {
	var f flags
	var o check.Options
	c := &cobra.Command{
		Use:   "check",
		Short: "Say whether the autoscaler can work with this cluster and account, without buying anything",
		Long:  check.Long,
		Example: `  vpsie-autoscaler check
  vpsie-autoscaler check --nodegroup web -o json
  vpsie-autoscaler check --canary`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.logLevel = "error"
			f.logTo(c.ErrOrStderr())
			o.Config, o.Cloud = f.restConfig, f.cloudOptions()
			o.Cloud.ClusterID = f.clusterID
			failed, err := o.Run(c.Context(), c.OutOrStdout())
			if err == nil && failed {
				return exitStatus(2)
			}
			return err
		},
	}
	s := c.Flags()
	o.AddFlags(s)
	f.addCluster(s)
	dryrun.AddJoinFlags(s, &o.Control)
	dryrun.AddAccountFlags(s, &f.account)
	s.StringVar(&f.clusterID, "cluster-id", "", "as the controller's flag --cluster-id")
	return c
}

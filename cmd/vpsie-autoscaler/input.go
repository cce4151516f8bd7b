package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

// addInput declares where a command that only reads finds the cluster and the account, and the controller's flags
// that change decisions.
func (f *flags) addInput(s *pflag.FlagSet, o *dryrun.Options) {
	f.addCluster(s)
	dryrun.AddPlanningFlags(s, &o.Plan)
	dryrun.AddBuyingFlags(s, &o.Control)
	dryrun.AddAccountFlags(s, &f.account)
}

// readFrom has the command read where its flags say, once they are parsed. Its log has errors only.
func (f *flags) readFrom(c *cobra.Command, o *dryrun.Options) {
	f.logLevel = "error"
	f.logTo(c.ErrOrStderr())
	o.Config, o.Cloud = f.restConfig, f.cloudOptions()
	o.FromCluster = c.Flags().Changed("kubeconfig")
	o.AnyNamespace = !c.Flags().Changed("namespace")
}

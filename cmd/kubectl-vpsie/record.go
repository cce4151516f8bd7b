package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func (c *cli) recordCommand() *cobra.Command {
	var o dryrun.Options
	r := dryrun.Recording{By: version()}
	cmd := &cobra.Command{
		Use:     "record [--file FILE]",
		Short:   "Write to a file what a decision is made from, so that it can be made again elsewhere",
		Long:    dryrun.RecordLong,
		Example: fmt.Sprintf(dryrun.RecordExample, "kubectl vpsie"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Config = c.restConfig
			o.Cloud.Namespace, o.Cloud.SecretName, o.Cloud.Clock = c.namespace(), c.secret, clock.RealClock{}
			o.FromCluster = *c.config.KubeConfig != "" || *c.config.Context != ""
			o.AnyNamespace = c.home == "" && *c.config.Namespace == ""
			return r.Run(cmd.Context(), &o, c.In, c.Out, c.ErrOut)
		},
	}
	s := cmd.Flags()
	r.AddFlags(s)
	o.AddInputFlags(s)
	dryrun.AddPlanningFlags(s, &o.Plan)
	dryrun.AddBuyingFlags(s, &o.Control)
	dryrun.AddAccountFlags(s, &o.Cloud)
	s.StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account")
	return cmd
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

package main

import (
	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/internal/check"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

func (c *cli) doctorCommand() *cobra.Command {
	var o check.Options
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what keeps the autoscaler from working with this cluster and account",
		Long:  check.Long,
		Example: `  kubectl vpsie doctor
  kubectl vpsie doctor --nodegroup web -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Config = c.restConfig
			o.Cloud.Namespace, o.Cloud.SecretName, o.Cloud.Clock = c.namespace(), c.secret, clock.RealClock{}
			failed, err := o.Run(cmd.Context(), c.Out)
			if err == nil && failed {
				return exitStatus(2)
			}
			return err
		},
	}
	s := cmd.Flags()
	o.AddFlags(s)
	dryrun.AddJoinFlags(s, &o.Control)
	dryrun.AddAccountFlags(s, &o.Cloud)
	s.StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account")
	complete(cmd, "output", "table", "json", "yaml")
	return cmd
}

package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/localcluster/scale"
)

func scaleCommand(p *paths) *cobra.Command {
	o := scale.Options{}
	cmd := &cobra.Command{
		Use: "scale", Args: cobra.NoArgs, Short: "Measure the controller in a large cluster",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Nodes < 1 || o.Pods < 2 || o.Length < time.Second || o.Soak < time.Second {
				return fmt.Errorf("reading the flags: --nodes is %d, --pods %d, --length %s, --soak %s; at least 1, 2, 1s and 1s are needed", o.Nodes, o.Pods, o.Length, o.Soak)
			}
			out := cmd.OutOrStdout()
			o.BinDir, o.Dir = p.bin, p.dir
			o.Say = func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
			report, err := scale.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			o.Say("\n%s\n%s", scale.Header, report.Row(o.Soak))
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Nodes, "nodes", 500, "nodes of the cluster")
	f.IntVar(&o.Pods, "pods", 15000, "pods that run on them")
	f.DurationVar(&o.Length, "length", time.Minute, "how long to measure at rest, and again under the stream")
	f.DurationVar(&o.Soak, "soak", time.Minute, "how long to measure under the stream while pods are replaced as well")
	f.IntVar(&o.Statuses, "statuses", 40, "changes a second of running pods' status")
	f.IntVar(&o.Heartbeats, "heartbeats", 16, "heartbeats of nodes a second")
	f.IntVar(&o.Replaced, "replaced", 10, "pods a second that are replaced")
	f.IntVar(&o.Orders, "orders", 15, "pods that fit no node, whose way to an order is timed")
	f.IntVar(&o.Burst, "burst", 0, "pods that become unschedulable at once at the end")
	f.DurationVar(&o.Boot, "boot", 0, "how long after its order a machine's node registers")
	f.IntVar(&o.RequestsPerMinute, "requests-per-minute", 1200, "the controller's limit of requests to VPSie")
	f.BoolVar(&o.Profiles, "profiles", false, "write profiles of processor and memory for each phase, for go tool pprof")
	return cmd
}

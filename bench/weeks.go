package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
	"github.com/vpsie/vpsie-autoscaler/internal/simulate"
)

// weeks simulates a workload as `vpsie-autoscaler simulate` does, with the same flags, and for each setting of -f once more with
// Karpenter in the planner's place.
func weeks(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	// Rounds leave much garbage and keep little.
	debug.SetGCPercent(400)
	flags := pflag.NewFlagSet("bench weeks", pflag.ContinueOnError)
	flags.SetOutput(stderr)
	var c simulate.Command
	c.Read.AnyNamespace = true
	c.AddFlags(flags)
	dryrun.AddPlanningFlags(flags, &c.Read.Plan)
	dryrun.AddBuyingFlags(flags, &c.Read.Control)
	dryrun.AddAccountFlags(flags, &c.Read.Cloud) // checked, though no account is asked
	after := flags.DurationSlice("consolidate-after", []time.Duration{0}, "consolidateAfter of Karpenter's NodePool, a simulation for each")
	budget := flags.String("budget", "10%", "how many nodes Karpenter may disrupt at a time (nodes of its NodePool's budget)")
	alone := flags.Bool("ours", false, "leave Karpenter out")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	if len(c.Read.Files) == 0 || c.Read.Offerings == "" {
		return errors.New("-f and --offerings: give both; Karpenter is told of one NodeGroup and what it may buy")
	}
	for _, d := range *after {
		if *alone {
			break
		}
		c.Others = append(c.Others, simulate.Other{
			Name: fmt.Sprintf("Karpenter, consolidateAfter=%s", d), New: func() simulate.Decider { return &overTime{after: d, budget: *budget} },
		})
	}
	return c.Run(ctx, stdin, stdout, stderr)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// planFlags are the settings of a dry run.
type planFlags struct {
	flags
	files     []string
	offerings string
	now       string
	output    string
	detailed  bool
	// fromCluster: --kubeconfig was given, so that with -f the account's catalogue
	// is still the cluster's.
	fromCluster bool
	// anyNamespace: --namespace was not given, so that files may use any.
	anyNamespace bool
}

const planLong = `Say what the autoscaler would buy and remove, for how much, and why; change nothing.

Without -f it looks at the cluster and at the VPSie account of the Secret there.
With -f it looks at files with Kubernetes objects as "kubectl get -o yaml" prints
them, and takes prices from --offerings. Each can be combined with the other:
--offerings alone prices the live cluster from a file, -f with --kubeconfig prices
files with the account of that cluster.

Exit status: 0; 1 when the input is wrong; with --detailed-exitcode 2 when there is
something to buy or to remove.`

const planExample = `  vpsie-autoscaler plan
  vpsie-autoscaler plan -f nodegroup.yaml -f dump/ --offerings offerings.yaml -o json
  kubectl get nodes,pods,ng,vn -A -o yaml | vpsie-autoscaler plan -f - --offerings offerings.yaml --ignore-timers`

func planCommand() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:     "plan [-f FILE|DIR|-]... [--offerings FILE]",
		Short:   "Say what would be bought and removed, and why, without doing it",
		Long:    planLong,
		Example: planExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.fromCluster = c.Flags().Changed("kubeconfig")
			f.anyNamespace = !c.Flags().Changed("namespace")
			return f.run(c.Context(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	s := c.Flags()
	s.StringArrayVarP(&f.files, "filename", "f", nil, "file or directory with Kubernetes objects, - for stdin; may be given several times")
	s.StringVar(&f.offerings, "offerings", "", "file with what can be bought, in place of the account's catalogue")
	s.StringVar(&f.now, "now", "", "the time to plan for (RFC 3339); empty takes the clock's")
	s.BoolVar(&f.control.Plan.IgnoreTimers, "ignore-timers", false, "take stabilization windows and unneededTime as elapsed")
	s.StringVarP(&f.output, "output", "o", "table", "table, json or yaml")
	s.BoolVar(&f.detailed, "detailed-exitcode", false, "exit with 2 when there is something to buy or to remove")
	f.addCluster(s)
	f.addPlanning(s)
	f.addAccount(s)
	return c
}

func (f *planFlags) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	now, err := f.validate()
	if err != nil {
		return err
	}
	f.logLevel = "error"
	f.logTo(stderr)
	start := time.Now()
	in, err := f.load(ctx, stdin)
	if err != nil {
		return err
	}
	slices.Sort(in.notes)
	for _, note := range slices.Compact(in.notes) {
		fmt.Fprintln(stderr, "note:", oneLine(note))
	}
	loaded := time.Now()
	if now.IsZero() {
		now = loaded
	}
	state := cluster.NewBuilder().State(in.objects, in.markets, now, f.control.Plan)
	decision := plan.Decide(state)
	planned := time.Now()
	result := output{Plan: decision, Timing: timing{millis(loaded.Sub(start)), millis(planned.Sub(loaded))}}
	if err := result.write(stdout, f.output, state); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	if f.detailed && len(decision.Launches)+len(decision.Removals) > 0 {
		return exitStatus(2)
	}
	return nil
}

// validate refuses settings that cannot work, naming the flag, and reads --now;
// zero is the clock's time.
func (f *planFlags) validate() (time.Time, error) {
	var now time.Time
	var errs []error
	if f.now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, f.now); err != nil || now.IsZero() {
			errs = append(errs, fmt.Errorf("--now: %q is not a time as RFC 3339 writes it, such as 2025-10-12T10:00:00Z", f.now))
		}
	}
	if !slices.Contains([]string{"table", "json", "yaml"}, f.output) {
		errs = append(errs, fmt.Errorf("--output: %q is not table, json or yaml", f.output))
	}
	if f.requestsPerMinute <= 0 {
		errs = append(errs, fmt.Errorf("--vpsie-requests-per-minute: %g is not > 0", f.requestsPerMinute))
	}
	if f.requestTimeout <= 0 {
		errs = append(errs, fmt.Errorf("--vpsie-request-timeout: %s is not > 0", f.requestTimeout))
	}
	// The catalogue is asked once.
	f.catalogueTTL = time.Hour
	return now, errors.Join(errs...)
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

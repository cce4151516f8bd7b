package dryrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Options are the settings of a dry run.
type Options struct {
	// Config finds the cluster.
	Config func() (*rest.Config, error)
	// Cloud is the way to the account.
	Cloud cloud.Options
	// Plan are the flags that change decisions.
	Plan plan.Options
	// Control has the controller's flags that decide what can be bought; see AddBuyingFlags.
	Control control.Options

	Files     []string
	Offerings string
	// Replay is a record that is planned for again, in place of a cluster or files.
	Replay   string
	Now      string
	Output   string
	Detailed bool
	// WhatIf is what to suppose.
	WhatIf WhatIf
	// FromCluster: --kubeconfig was given, so that with -f the account's catalogue
	// is still the cluster's.
	FromCluster bool
	// AnyNamespace: --namespace was not given, so that files may use any.
	AnyNamespace bool

	// Flags tell which were given; nil when none were.
	Flags *pflag.FlagSet
}

// Long describes the command.
const Long = `Say what the autoscaler would buy and remove, for how much, and why; change nothing.

Without -f it looks at the cluster and at the VPSie account of the Secret there.
With -f it looks at files with Kubernetes objects as "kubectl get -o yaml" prints
them, and takes prices from --offerings. Each can be combined with the other:
--offerings alone prices the live cluster from a file, -f with --kubeconfig prices
files with the account of that cluster. Deployments, ReplicaSets, StatefulSets and
Jobs in the files count as the pods that they still lack. An offering whose allocatable
the file does not give is as large as the nodes of its type show.

For a live cluster it plans what a controller would that has the same flags, with the
back-offs and limits that the NodeGroups' status keeps. With -f what has joined is not
known, so --unproven-limit does not count there.

With --replay it plans again what a record holds (see the command record): for the same
time and with the same flags unless others are given, so that the plan is the one that was
recorded.

--add, --set, --price, --without and --drain suppose something, on a live cluster as
with files: the plan is for that, and what it changes in cost comes first.

Exit status: 0; 1 when the input is wrong; with --detailed-exitcode 2 when there is
something to buy or to remove.`

// Example shows the command, which the program's name goes before. What it prints of the
// cluster are all kinds that a decision depends on.
const Example = `  %[1]s plan
  %[1]s plan -f nodegroup.yaml -f dump/ --offerings offerings.yaml -o json
  kubectl get nodegroups.autoscaler.vpsie.com,vpsienodes.autoscaler.vpsie.com,nodes,pods,namespaces,\
  deployments,replicasets,statefulsets,daemonsets,jobs,poddisruptionbudgets,priorityclasses,\
  limitranges,runtimeclasses,persistentvolumes,persistentvolumeclaims,storageclasses,csinodes,\
  csidrivers,csistoragecapacities,volumeattachments -A -o yaml > dump.yaml
  %[1]s plan -f dump.yaml --offerings offerings.yaml --ignore-timers
  %[1]s plan --add deploy.yaml --set ng/web.maxNodes=30 --price small=9.00
  %[1]s plan --without node/web-x2x4z
  %[1]s plan --drain datacenter/dc-us-east-1
  %[1]s plan --replay record.json.gz`

// AddInputFlags declares what to plan for.
func (o *Options) AddInputFlags(s *pflag.FlagSet) {
	s.StringArrayVarP(&o.Files, "filename", "f", nil, "file or directory with Kubernetes objects, - for stdin; may be given several times")
	s.StringVar(&o.Offerings, "offerings", "", "file with what can be bought, in place of the account's catalogue")
	s.StringVar(&o.Now, "now", "", "the time to plan for (RFC 3339); empty takes the clock's")
	s.BoolVar(&o.Plan.IgnoreTimers, "ignore-timers", false, "take stabilization windows and unneededTime as elapsed")
}

// AddFlags declares what only a dry run has.
func (o *Options) AddFlags(s *pflag.FlagSet) {
	o.AddInputFlags(s)
	s.StringVar(&o.Replay, "replay", "", "record to plan for again, - for stdin, in place of the cluster or files")
	s.StringVarP(&o.Output, "output", "o", "table", "table, wide (a table whose lines are not broken), json, yaml or html (a page for a browser)")
	o.WhatIf.AddFlags(s)
	o.Flags = s
	s.BoolVar(&o.Detailed, "detailed-exitcode", false, "exit with 2 when there is something to buy or to remove")
}

// Result is a plan, and what it was made from.
type Result struct {
	State *plan.State
	Plan  *plan.Plan
	// Notes say what a person should know of the input.
	Notes []string
	// WhatIf compares the plan with that for what there is; nil when nothing was supposed.
	WhatIf *Supposed
	timing timing
	// from is what was planned for.
	from input
}

// Run prints the plan. It says whether --detailed-exitcode wants its status.
func (o *Options) Run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) (changes bool, err error) {
	result, err := o.Decide(ctx, stdin)
	if err != nil {
		return false, err
	}
	for _, note := range result.Notes {
		fmt.Fprintln(stderr, "note:", note)
	}
	if o.Output == "html" {
		if err := result.Page().Write(stdout); err != nil {
			return false, fmt.Errorf("writing the page: %w", err)
		}
	} else if err := (output{Plan: result.Plan, WhatIf: result.WhatIf, Timing: result.timing}).write(stdout, o.Output, result.State); err != nil {
		return false, fmt.Errorf("writing the plan: %w", err)
	}
	return o.Detailed && len(result.Plan.Launches)+len(result.Plan.Removals) > 0, nil
}

// Decide reads what there is and plans.
func (o *Options) Decide(ctx context.Context, stdin io.Reader) (*Result, error) {
	now, err := o.validate()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	again, err := twice(stdin, o.WhatIf.asked() && slices.Contains(append(slices.Clone(o.Files), o.WhatIf.Add...), "-"))
	if err != nil {
		return nil, err
	}
	in, err := o.load(ctx, again())
	if err != nil {
		return nil, err
	}
	loaded := time.Now()
	switch {
	case now.IsZero() && in.record != nil:
		now = in.record.At
	case now.IsZero():
		now = loaded
	}
	builder := cluster.NewBuilder()
	var result *Result
	if o.WhatIf.asked() {
		if result, err = o.decideSupposed(ctx, builder, in, again, now); err != nil {
			return nil, err
		}
	} else {
		result = o.decide(builder, in, now)
	}
	if err := o.compare(in.record, result); err != nil {
		return nil, err
	}
	result.timing.Load = millis(loaded.Sub(start))
	for i, note := range result.Notes {
		result.Notes[i] = strings.ReplaceAll(note, "\n", "; ")
	}
	slices.Sort(result.Notes)
	result.Notes = slices.Compact(result.Notes)
	return result, nil
}

// validate refuses settings that cannot work, naming the flag, and reads --now;
// zero is the clock's time.
func (o *Options) validate() (time.Time, error) {
	var now time.Time
	var errs []error
	if o.Now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, o.Now); err != nil || now.IsZero() {
			errs = append(errs, fmt.Errorf("--now: %q is not a time as RFC 3339 writes it, such as 2025-10-12T10:00:00Z", o.Now))
		}
	}
	if !slices.Contains([]string{"table", "wide", "json", "yaml", "html"}, o.Output) {
		errs = append(errs, fmt.Errorf("--output: %q is not table, wide, json, yaml or html", o.Output))
	}
	if o.Cloud.RequestsPerMinute <= 0 {
		errs = append(errs, fmt.Errorf("--vpsie-requests-per-minute: %g is not > 0", o.Cloud.RequestsPerMinute))
	}
	if o.Cloud.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("--vpsie-request-timeout: %s is not > 0", o.Cloud.Timeout))
	}
	if o.Replay != "" && len(o.Files) > 0 {
		errs = append(errs, errors.New("--replay and --filename: give one of the two; --add adds objects to a record"))
	}
	errs = append(errs, o.Control.ValidateBuying())
	// The catalogue is asked once.
	o.Cloud.CatalogueTTL = time.Hour
	return now, errors.Join(errs...)
}

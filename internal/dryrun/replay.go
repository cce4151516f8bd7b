package dryrun

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/record"
)

// RecordLong describes the command that writes a record.
const RecordLong = `Write to a file what the autoscaler would decide from now, so that the decision can be
made again elsewhere: a bug report that needs no access to the cluster.

The record is JSON. It has the NodeGroups, VPSieNodes, nodes, pods, budgets and volumes as
far as a decision reads them, the offerings with their prices, and the flags. It has no
Secret, no environment, command, image or user data, no addresses, and no annotations
but those that decisions read. It has names and labels: --hide-names replaces those of
namespaces, pods and workloads, and the values of labels.

plan --replay FILE makes the same plan again; --set, --price and others ask what if.
simulate --replay FILE takes its pods for a workload.

With -f it records files in place of the cluster, as the command plan reads them.`

// RecordExample shows the command, which the program's name goes before.
const RecordExample = `  %[1]s record --file record.json.gz
  %[1]s record --hide-names > record.json
  %[1]s plan --replay record.json.gz
  %[1]s plan --replay record.json.gz --set ng/web.maxNodes=30`

// Recording is the command that writes a record.
type Recording struct {
	File      string
	HideNames bool
	// By is the program's version.
	By string
}

// AddFlags declares the command's own flags.
func (r *Recording) AddFlags(s *pflag.FlagSet) {
	s.StringVar(&r.File, "file", "", "file to write to, compressed when its name ends in .gz; empty is stdout")
	s.BoolVar(&r.HideNames, "hide-names", false, "replace the names of namespaces, pods and workloads, and the values of labels")
}

// Run plans, and records what the plan was made from.
func (r *Recording) Run(ctx context.Context, o *Options, stdin io.Reader, stdout, stderr io.Writer) error {
	o.Output = "table"
	result, err := o.Decide(ctx, stdin)
	if err != nil {
		return err
	}
	for _, note := range result.Notes {
		fmt.Fprintln(stderr, "note:", note)
	}
	rec, err := result.record(r)
	if err != nil {
		return err
	}
	if r.File == "" {
		return rec.Write(stdout)
	}
	if err := rec.WriteFile(r.File); err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	fmt.Fprintf(stderr, "wrote %s: %s, %s; plan --replay %s plans it again\n", r.File,
		count(len(rec.Objects.Nodes), "node"), count(len(rec.Pods.Pods), "pod"), r.File)
	return nil
}

// record is the input of the plan, and the plan's fingerprint.
func (r *Result) record(how *Recording) (*record.Record, error) {
	rec := record.New(r.from.objects, r.from.market.of, r.from.market.limit, r.State.Now, r.State.Options)
	rec.By, rec.Notes = how.By, r.Notes
	if how.HideNames {
		if err := rec.HideNames(); err != nil {
			return nil, err
		}
	}
	again := Options{Plan: rec.Options}
	fingerprint, err := record.Fingerprint(again.decide(cluster.NewBuilder(), inputOf(rec), rec.At).Plan)
	rec.Plan = fingerprint
	return rec, err
}

func inputOf(rec *record.Record) input {
	objects, markets, limit := rec.Input()
	return input{objects: objects, market: market{markets, limit}, notes: slices.Clone(rec.Notes), record: rec}
}

// loadRecord reads what --replay names, and takes over its flags where no others are given.
func (o *Options) loadRecord(stdin io.Reader) (input, error) {
	rec, err := record.ReadFile(o.Replay, stdin)
	if err != nil {
		return input{}, fmt.Errorf("--replay: %w", err)
	}
	given := o.Plan
	o.Plan = rec.Options
	for flag, keep := range map[string]func(){
		"expendable-pods-priority-cutoff": func() { o.Plan.ExpendablePriorityCutoff = given.ExpendablePriorityCutoff },
		"startup-taint":                   func() { o.Plan.StartupTaints = given.StartupTaints },
		"skip-nodes-with-local-storage":   func() { o.Plan.SkipNodesWithLocalStorage = given.SkipNodesWithLocalStorage },
		"ignore-timers":                   func() { o.Plan.IgnoreTimers = given.IgnoreTimers },
	} {
		if o.Flags != nil && o.Flags.Changed(flag) {
			keep()
		}
	}
	in := inputOf(rec)
	if o.Offerings != "" {
		var notes []string
		in.market, notes, err = o.marketFor(context.Background(), in, in.objects)
		in.notes = append(in.notes, notes...)
	}
	return in, err
}

// compare says whether a record was planned as it was when it was written. Nothing is said
// where something was changed on purpose.
func (o *Options) compare(rec *record.Record, result *Result) error {
	if rec == nil || rec.Plan == "" || result.WhatIf != nil || o.Offerings != "" || o.Now != "" {
		return nil
	}
	fingerprint, err := record.Fingerprint(result.Plan)
	if err != nil {
		return err
	}
	verdict := "the plan is the one of then"
	if fingerprint != rec.Plan {
		verdict = "THE PLAN IS NOT the one of then: another version or other flags plan otherwise"
	}
	result.Notes = append(result.Notes, fmt.Sprintf("%s was recorded at %s by %s; %s", o.Replay, rec.At.Format(time.RFC3339), orUnknown(rec.By), verdict))
	return nil
}

func orUnknown(version string) string {
	if version == "" {
		return "an unknown version"
	}
	return version
}

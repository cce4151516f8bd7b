package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/pflag"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
)

// Long describes the command.
const Long = `Say what settings would have cost for a workload, how long pods would have waited, and
how many would have been disrupted; change nothing.

The workload is a trace (--trace: a CSV file with the columns created_s, deleted_s,
cpu_milli and memory_mib, and qos, namespace and name where they are known), or synthetic
days of web load by day and batch jobs by night (--synthetic-days), or the pods of records
(--replay; see the command record). The planner is the
controller's; the scheduler is a simple one (the node with the largest free share), and
machines take time to boot and fail as the flags say.

Each -f is a setting: a file or directory with NodeGroups, and DaemonSets that run on every
node. Without -f it takes the NodeGroups of the last record, else those of the cluster. --vary compares each setting with
the same, changed. What can be bought is read as the command plan does it.

LOWER BOUND is the least that machines for the pods of every moment can cost (proved),
counted by the minute; no autoscaler can reach it, because machines have to boot. The same
input and --seed give the same result.`

// Example shows the command.
const Example = `  vpsie-autoscaler simulate -f nodegroup.yaml --offerings offerings.yaml --trace trace.csv --skip 120d --length 30d
  vpsie-autoscaler simulate -f small.yaml -f large.yaml --offerings offerings.yaml --synthetic-days 7
  vpsie-autoscaler simulate -f nodegroup.yaml --offerings offerings.yaml --trace trace.csv \
    --vary 'ng/web.scaleDownPolicy.unneededTime=60' --vary 'ng/*.disruption.consolidation=WhenEmpty' -o json`

// Command is one run of the command, with its flags.
type Command struct {
	// Read says where settings are read from; its Files are those of -f.
	Read   dryrun.Options
	Output string
	// Others decide for each setting of -f too, to be compared with the planner.
	Others []Other

	options      Options
	trace        string
	replay       []string
	day          Day
	vary         []string
	skip, length length
	compress     float64
	start        string
	report       string
}

// length is a flag that knows days and weeks as well.
type length time.Duration

// Set reads such as 30d, 12h or 1w.
func (l *length) Set(text string) error {
	d, err := model.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a length of time such as 30d, 12h or 90m", text)
	}
	*l = length(d)
	return nil
}

func (l *length) String() string {
	if *l == 0 {
		return ""
	}
	return model.Duration(*l).String()
}

// Type names the flag's values in the help.
func (*length) Type() string { return "duration" }

// AddFlags declares the command's own flags.
func (c *Command) AddFlags(s *pflag.FlagSet) {
	s.StringArrayVarP(&c.Read.Files, "filename", "f", nil, "file or directory with NodeGroups, a setting to compare; may be given several times")
	s.StringVar(&c.Read.Offerings, "offerings", "", "file with what can be bought, in place of the account's catalogue")
	s.StringArrayVar(&c.vary, "vary", nil, "compare with NodeGroups that are changed, as ng/NAME.FIELD=VALUE or ng/*.FIELD=VALUE, several with spaces between them; may be given several times")
	s.StringVar(&c.trace, "trace", "", "CSV file with the pods of the workload")
	s.StringArrayVar(&c.replay, "replay", nil, "record whose pods are the workload; with several, pods come and go as between them; may be given several times")
	s.IntVar(&c.day.Days, "synthetic-days", 0, "so many synthetic days, in place of a trace")
	s.IntVar(&c.day.Peak, "synthetic-peak", 100, "web replicas at the busiest hour of a synthetic day")
	s.Float64Var(&c.day.Night, "synthetic-night", 0.3, "share of the web replicas that is left at the quietest hour")
	s.Var(&c.skip, "skip", "leave out the begin of the workload, such as 120d")
	s.Var(&c.length, "length", "simulate so much of the workload, such as 30d; empty is all that is left")
	s.Float64Var(&c.compress, "compress", 1, "divide all times of the workload by this, after --skip and --length: 10 has a day go by in 2.4 hours")
	s.Uint64Var(&c.options.Seed, "seed", 1, "number that all chance follows from")
	s.StringVar(&c.start, "start", "2025-01-06T00:00:00Z", "the time at which the simulated workload begins (RFC 3339), for schedules")
	s.StringVarP(&c.Output, "output", "o", "table", "table or json")
	s.StringVar(&c.report, "report", "", "also write a page (HTML) that shows the results")
	c.Read.Flags = s
	o := &c.options.Cloud
	s.DurationVar(&o.Boot, "boot-time", 90*time.Second, "median time from an order to its ready node")
	s.Float64Var(&o.BootSpread, "boot-spread", 0.25, "how much boot times vary: sigma of a log-normal distribution")
	s.Float64Var(&o.BootFailures, "boot-failures", 0.005, "share of machines that never join")
	s.DurationVar(&o.JoinTimeout, "join-timeout", 15*time.Minute, "when a machine that does not join is given up")
	s.Float64Var(&o.Refusals, "refusals", 0.005, "share of orders that the cloud refuses")
	s.DurationVar(&o.RefusalPause, "refusal-pause", 5*time.Minute, "how long an instance type is not ordered after a refusal")
	s.Float64Var(&o.NodeFailures, "node-failures", 0.05, "failures of a node in 720 hours")
	s.DurationVar(&o.UnreadyTimeout, "unready-timeout", 10*time.Minute, "how long a node may be not ready before it is replaced")
	s.DurationVar(&o.Drain, "drain-time", time.Minute, "time from the decision to remove a node until its VPS is gone")
	s.DurationVar(&o.Period, "billing-period", time.Hour, "what is paid at least, and in whole multiples; 0 pays by the minute")
}

// Run simulates and prints.
func (c *Command) Run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	w, err := c.workload(stdin)
	if err != nil {
		return err
	}
	settings, notes, err := c.settings(ctx, stdin)
	if err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintln(stderr, "note:", strings.ReplaceAll(note, "\n", "; "))
	}
	c.options.Plan = c.Read.Plan
	results, err := Compare(ctx, w, settings, c.options)
	if err != nil {
		return err
	}
	if err := c.writeReport(results); err != nil {
		return err
	}
	if c.Output == "json" {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"settings": results})
	}
	return writeTable(stdout, results)
}

// writeReport writes the page of --report, where one is wanted.
func (c *Command) writeReport(results []*Result) error {
	if c.report == "" {
		return nil
	}
	var text bytes.Buffer
	if err := Report(&text, results); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	if err := os.WriteFile(c.report, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// validate refuses flags that cannot work, naming each.
func (c *Command) validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	var err error
	if c.options.Start, err = time.Parse(time.RFC3339, c.start); err != nil || c.options.Start.Year() < 1971 {
		wrong(true, "--start: %q is not a time as RFC 3339 writes it, such as 2025-01-06T00:00:00Z", c.start)
	}
	wrong(!slices.Contains([]string{"table", "json"}, c.Output), "--output: %q is not table or json", c.Output)
	given := 0
	for _, one := range []bool{c.trace != "", c.day.Days != 0, len(c.replay) > 0} {
		if one {
			given++
		}
	}
	wrong(given == 0, "no workload: give --trace FILE, --synthetic-days N or --replay FILE")
	wrong(given > 1, "--trace, --synthetic-days and --replay: give one of them")
	wrong(c.day.Days < 0 || c.day.Days > 3660, "--synthetic-days: %d is not from 1 to 3660", c.day.Days)
	wrong(c.day.Peak < 1 || c.day.Peak > 100_000, "--synthetic-peak: %d is not from 1 to 100000", c.day.Peak)
	share := func(flag string, value float64) {
		wrong(!(value >= 0 && value <= 1), "--%s: %g is not a share from 0 to 1", flag, value)
	}
	o := &c.options.Cloud
	share("synthetic-night", c.day.Night)
	wrong(!(c.compress >= 1 && c.compress <= 1000), "--compress: %g is not from 1 to 1000", c.compress)
	share("boot-failures", o.BootFailures)
	share("refusals", o.Refusals)
	wrong(!(o.BootSpread >= 0 && o.BootSpread <= 3), "--boot-spread: %g is not from 0 to 3", o.BootSpread)
	wrong(!(o.NodeFailures >= 0 && o.NodeFailures <= 10_000), "--node-failures: %g is not from 0 to 10000", o.NodeFailures)
	for _, d := range []struct {
		flag  string
		value time.Duration
		least time.Duration
	}{
		{"boot-time", o.Boot, time.Second}, {"join-timeout", o.JoinTimeout, time.Second}, {"refusal-pause", o.RefusalPause, time.Second},
		{"unready-timeout", o.UnreadyTimeout, time.Second}, {"drain-time", o.Drain, time.Second}, {"billing-period", o.Period, 0},
	} {
		wrong(d.value < d.least || d.value > 10*365*24*time.Hour, "--%s: %s is not from %s to ten years", d.flag, d.value, d.least)
	}
	return errors.Join(errs...)
}

// workload reads or makes the demand.
func (c *Command) workload(stdin io.Reader) (*Workload, error) {
	var w *Workload
	switch {
	case len(c.replay) > 0:
		var err error
		if w, err = Recorded(c.replay, stdin, time.Duration(c.skip)+time.Duration(c.length)); err != nil {
			return nil, fmt.Errorf("--replay: %w", err)
		}
	case c.trace == "":
		c.day.Seed = c.options.Seed
		w = c.day.Workload()
	default:
		r, name := stdin, "stdin"
		if c.trace != "-" {
			file, err := os.Open(c.trace)
			if err != nil {
				return nil, fmt.Errorf("--trace: %w", err)
			}
			defer func() { _ = file.Close() }()
			r, name = file, filepath.Base(c.trace)
		}
		var err error
		if w, err = ReadTrace(r, name); err != nil {
			return nil, fmt.Errorf("--trace: %w", err)
		}
	}
	w, err := w.Window(time.Duration(c.skip), time.Duration(c.length))
	if err != nil {
		return nil, err
	}
	return w.Compressed(c.compress), nil
}

// settings reads what is compared.
func (c *Command) settings(ctx context.Context, stdin io.Reader) (settings []Setting, notes []string, err error) {
	files := c.Read.Files
	sets := make([][]string, len(files))
	for i := range files {
		sets[i] = files[i : i+1]
	}
	if len(files) == 0 {
		sets = [][]string{nil}
	}
	for _, of := range sets {
		read := c.Read
		read.Files, read.Output = of, "table"
		if len(of) == 0 && len(c.replay) > 0 {
			read.Replay = c.replay[len(c.replay)-1]
		}
		objects, markets, some, err := read.Read(ctx, stdin)
		if err != nil {
			return nil, nil, err
		}
		s := Setting{Name: "the cluster's", Objects: objects, Markets: markets}
		if read.Replay != "" {
			s.Name = "as recorded"
			c.Read.Plan = read.Plan
		}
		if len(of) > 0 {
			s.Name = strings.TrimSuffix(filepath.Base(of[0]), filepath.Ext(of[0]))
		}
		if len(objects.NodeGroups) == 0 {
			return nil, nil, fmt.Errorf("setting %s has no NodeGroup", s.Name)
		}
		notes, settings = append(notes, some...), append(settings, s)
		for _, changes := range c.vary {
			varied, err := c.varied(s, changes)
			if err != nil {
				return nil, nil, err
			}
			settings = append(settings, varied)
		}
		for _, other := range c.Others {
			s := s
			s.Name, s.NewDecider = s.Name+", "+other.Name, other.New
			settings = append(settings, s)
		}
	}
	slices.Sort(notes)
	return settings, slices.Compact(notes), nil
}

// varied is a setting with NodeGroups that are changed.
func (c *Command) varied(s Setting, changes string) (Setting, error) {
	objects := *s.Objects
	objects.NodeGroups = slices.Clone(objects.NodeGroups)
	for change := range strings.FieldsSeq(changes) {
		target, value, ok := strings.Cut(change, "=")
		name, field, hasField := strings.Cut(strings.TrimPrefix(target, "ng/"), ".")
		if !ok || !hasField || !strings.HasPrefix(target, "ng/") {
			return s, fmt.Errorf("--vary %s: want ng/NAME.FIELD=VALUE, such as ng/web.maxNodes=30", change)
		}
		if err := setField(objects.NodeGroups, name, field, value); err != nil {
			return s, fmt.Errorf("--vary %s: %w", change, err)
		}
	}
	varied := Setting{Name: s.Name + ", " + strings.Join(strings.Fields(changes), " "), Objects: &objects}
	// Another choice of instance types has another market.
	var err error
	varied.Markets, err = c.Read.MarketsOf(s.Markets, objects.NodeGroups)
	return varied, err
}

func setField(groups []*v1alpha1.NodeGroup, name, field, value string) error {
	found := false
	for i, g := range groups {
		if name != "*" && g.Name != name {
			continue
		}
		changed, err := cluster.WithField(g, field, value)
		if err != nil {
			return err
		}
		groups[i], found = changed, true
	}
	if !found {
		return fmt.Errorf("there is no NodeGroup %s", name)
	}
	return nil
}

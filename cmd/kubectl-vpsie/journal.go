package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// journalFlags narrow the journal.
type journalFlags struct {
	since, until     string
	pod, node, group string
	limit            int
}

func (c *cli) journalCommand() *cobra.Command {
	var f journalFlags
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Show the autoscaler's last rounds: what it decided, when, and why",
		Long: `Show the autoscaler's last rounds: what it decided, when, and why.

It remembers the last 256 rounds that decided something or had other reasons than the
one before, also over restarts: it stores them in the ConfigMap ` + observe.JournalConfigMap + `.
Where no pod of it answers, they are read from there. --since and --until take an hour of the day, a time
as RFC 3339 writes it, or how long ago it was.`,
		Example: "  kubectl vpsie journal --since 14:00 --until 14:10\n  kubectl vpsie journal --since 30m --group web\n  kubectl vpsie journal --pod shop/web-7d8f-x2x4z",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.showJournal(cmd.Context(), f) },
	}
	s := cmd.Flags()
	s.StringVar(&f.since, "since", "", "begin of the time to show: 14:00, 30m, 2025-10-12T14:00:00Z")
	s.StringVar(&f.until, "until", "", "end of the time to show")
	s.StringVar(&f.pod, "pod", "", "rounds that speak of this pod, as namespace/name")
	s.StringVar(&f.node, "node", "", "rounds that speak of this node or VPSieNode")
	s.StringVar(&f.group, "group", "", "rounds that speak of this NodeGroup")
	s.IntVar(&f.limit, "limit", 20, "the number of rounds to show, the last ones; 0 is all")
	c.addOutput(cmd)
	c.addJournalURL(cmd)
	return cmd
}

func (c *cli) showJournal(ctx context.Context, flags journalFlags) error {
	if err := c.checkOutput(); err != nil {
		return err
	}
	f := observe.Filter{Node: flags.node, Group: flags.group, Limit: flags.limit}
	if flags.limit < 0 {
		return fmt.Errorf("--limit: %d is not >= 0", flags.limit)
	}
	for name, value := range map[string]struct {
		text string
		time *time.Time
	}{"since": {flags.since, &f.Since}, "until": {flags.until, &f.Until}} {
		var err error
		if *value.time, err = readTime(value.text, c.now()); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	// An hour of the day is the last one that was; the end comes after the begin.
	if !f.Until.IsZero() && f.Until.Before(f.Since) {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	if flags.pod != "" {
		key, err := c.podKey(flags.pod)
		if err != nil {
			return err
		}
		f.Pod = key.String()
	}
	kube, err := c.client()
	if err != nil && c.journalURL == "" {
		return err
	}
	rounds, err := c.journal(ctx, kube, f)
	if err != nil {
		return err
	}
	if c.encodes() {
		return c.encode(map[string]any{"source": rounds.Source, "lastRound": rounds.Last, "rounds": rounds.List})
	}
	p := c.page()
	explain.Journal(rounds, p)
	_, err = p.WriteTo(c.Out)
	return err
}

// readTime reads a time as people write it, seen from now.
func readTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		t, err := time.ParseInLocation(layout, text, now.Location())
		if err != nil {
			continue
		}
		at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location())
		if at.After(now) {
			at = at.AddDate(0, 0, -1)
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q is neither an hour of the day (14:00), nor how long ago it was (30m), nor a time (2025-10-12T14:00:00Z)", text)
}

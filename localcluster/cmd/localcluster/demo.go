package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/localcluster/demo"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

func demoCommand(p *paths) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Args: cobra.NoArgs, Short: "Tell the whole story once, from an empty cluster to the last bill, and clean up",
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd, p) },
	}
}

// runDemo runs in a directory of its own, beside whatever up may have started.
func runDemo(cmd *cobra.Command, p *paths) (err error) {
	started := time.Now()
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	out := &audience{writer: cmd.OutOrStdout(), leave: cancel}
	dir, err := os.MkdirTemp("", "vpsie-demo-")
	if err != nil {
		return fmt.Errorf("making the demo's directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := stack.Start(ctx, stack.Options{
		BinDir: p.bin, Dir: dir, Knobs: defaultKnobs(),
		Say: func(format string, args ...any) {
			_, _ = fmt.Fprintf(out, "[%5.1fs] %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, args...))
		},
	})
	if err != nil {
		return err
	}
	var summary demo.Summary
	summary, err = tell(ctx, s, out, started)
	if err := errors.Join(err, s.Stop()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, summary)
	return err
}

func tell(ctx context.Context, s *stack.Stack, out io.Writer, started time.Time) (demo.Summary, error) {
	if err := s.StartController(ctx); err != nil {
		return demo.Summary{}, err
	}
	story, err := demo.New(s, out, started)
	if err != nil {
		return demo.Summary{}, err
	}
	return story.Tell(ctx)
}

// audience ends the story when nobody reads it any more.
type audience struct {
	writer io.Writer
	leave  context.CancelCauseFunc
}

// Write writes to whoever still listens.
func (a *audience) Write(line []byte) (int, error) {
	n, err := a.writer.Write(line)
	if err != nil {
		a.leave(fmt.Errorf("telling the story: %w", err))
	}
	return n, err
}

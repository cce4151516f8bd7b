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
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

func demoCommand(p *paths) *cobra.Command {
	plain := false
	cmd := &cobra.Command{
		Use: "demo", Args: cobra.NoArgs, Short: "Tell the whole story once, from an empty cluster to the last bill, and clean up",
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd, p, plain) },
	}
	cmd.Flags().BoolVar(&plain, "plain", false, "print lines alone, also on a terminal")
	return cmd
}

// runDemo runs in a directory of its own, beside whatever up may have started.
func runDemo(cmd *cobra.Command, p *paths, plain bool) error {
	started := time.Now()
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	stdout := cmd.OutOrStdout()
	a := audience{Writer: stdout, leave: cancel}
	if file, ok := stdout.(*os.File); ok && !plain && view.Suits(file, os.Getenv("TERM")) {
		terminal := view.Open(os.Stdin, file, started, cancel)
		defer func() { _ = terminal.Close() }() // also when the story panics
		a.Writer, a.show, a.close = terminal, terminal.Show, terminal.Close
	}
	summary, err := perform(ctx, p, &a, started)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	if err := errors.Join(err, a.goHome()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, summary)
	return err
}

// perform sets the stage, tells the story and clears everything away.
func perform(ctx context.Context, p *paths, a *audience, started time.Time) (summary demo.Summary, err error) {
	dir, err := os.MkdirTemp("", "vpsie-demo-")
	if err != nil {
		return summary, fmt.Errorf("making the demo's directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a.look(view.Panel{Step: "starting Kubernetes, a fake VPSie and the autoscaler"})
	s, err := stack.Start(ctx, stack.Options{
		BinDir: p.bin, Dir: dir, Knobs: defaultKnobs(),
		Say: func(format string, args ...any) {
			_, _ = fmt.Fprintf(a, "[%5.1fs] %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, args...))
		},
	})
	if err != nil {
		return summary, err
	}
	summary, err = tell(ctx, s, a, started)
	a.look(view.Panel{Step: "stopping everything"})
	return summary, errors.Join(err, s.Stop())
}

func tell(ctx context.Context, s *stack.Stack, a *audience, started time.Time) (demo.Summary, error) {
	if err := s.StartController(ctx); err != nil {
		return demo.Summary{}, err
	}
	story, err := demo.New(s, a, started)
	if err != nil {
		return demo.Summary{}, err
	}
	story.Show = a.show
	return story.Tell(ctx)
}

// audience ends the story when nobody reads it any more.
type audience struct {
	io.Writer
	leave context.CancelCauseFunc
	// show and close are nil where there are lines alone.
	show  func(view.Panel)
	close func() error
}

// Write writes to whoever still listens.
func (a *audience) Write(line []byte) (int, error) {
	n, err := a.Writer.Write(line)
	if err != nil {
		a.leave(fmt.Errorf("telling the story: %w", err))
	}
	return n, err
}

func (a *audience) look(p view.Panel) {
	if a.show != nil {
		a.show(p)
	}
}

func (a *audience) goHome() error {
	if a.close == nil {
		return nil
	}
	return a.close()
}

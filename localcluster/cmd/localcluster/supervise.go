package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// reportFD is the supervisor's end of the pipe on which up waits: a line for each thing that is ready, then allReady.
const (
	reportFD = 3
	allReady = "ready"
)

// superviseCommand is the process that up leaves behind. It owns all others: they die with it.
func superviseCommand(p *paths) *cobra.Command {
	knobs := defaultKnobs()
	cmd := &cobra.Command{
		Use: "supervise", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return supervise(cmd, p, knobs) },
	}
	return cmd
}

// defaultKnobs is a cloud that is slow enough to be watched and quick enough not to bore.
func defaultKnobs() vpsietest.Knobs {
	return vpsietest.Knobs{CreateMillis: 1000, BootMillis: 1000, ReadyMillis: 1000, DeleteMillis: 1000}
}

func supervise(cmd *cobra.Command, p *paths, knobs vpsietest.Knobs) (err error) {
	report := os.NewFile(reportFD, "report")
	defer func() { _ = report.Close() }()
	ctx := cmd.Context()
	if err := p.claim(); err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{
		BinDir: p.bin, Dir: p.dir, Knobs: knobs,
		Say: func(format string, args ...any) {
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
			_, _ = fmt.Fprintf(report, format+"\n", args...) // nobody listens once up has returned
		},
	})
	if err != nil {
		return err
	}
	// The card goes last: while it is there, the directory is taken.
	defer func() { err = errors.Join(err, s.Stop(), os.Remove(p.supervisor())) }()
	if err := serveControl(ctx, p, s.StartController); err != nil {
		return err
	}
	if err := s.StartController(ctx); err != nil {
		return err
	}
	if err := s.WriteEnv(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(report, allReady); err != nil {
		return fmt.Errorf("telling that all is ready: %w", err)
	}
	_ = report.Close()
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.Failed():
		return err
	}
}

// claim takes the directory until this process ends, and clears what a killed supervisor left in it: a new cluster on old
// data would not be new.
func (p *paths) claim() error {
	// A bare descriptor that nobody closes, so that the lock ends with the process, however that ends.
	lock, err := syscall.Open(filepath.Join(p.dir, "supervisor.lock"), syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("claiming %s: %w", p.dir, err)
	}
	if err := syscall.Flock(lock, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("claiming %s: another supervisor is starting or stopping there: %w", p.dir, err)
	}
	return errors.Join(p.removeState(), p.removeLogs())
}

// removeLogs removes the logs of earlier runs; the supervisor's own is being written already.
func (p *paths) removeLogs() error {
	logs, err := filepath.Glob(filepath.Join(filepath.Dir(p.supervisorLog()), "*.log"))
	if err != nil {
		return fmt.Errorf("finding old logs: %w", err)
	}
	var errs []error
	for _, log := range logs {
		if log != p.supervisorLog() {
			errs = append(errs, os.Remove(log))
		}
	}
	return errors.Join(errs...)
}

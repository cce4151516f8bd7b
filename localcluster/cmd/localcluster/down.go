package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func downCommand(p *paths) *cobra.Command {
	return &cobra.Command{
		Use: "down", Args: cobra.NoArgs, Short: "End what up has started, and remove its state; logs stay",
		RunE: func(cmd *cobra.Command, _ []string) error {
			living, err := findSupervisor(cmd.Context(), p)
			if err != nil {
				return err
			}
			if living != nil {
				if err := living.end(cmd.Context()); err != nil {
					return err
				}
			}
			return p.removeState()
		},
	}
}

func upControllerCommand(p *paths) *cobra.Command {
	return &cobra.Command{
		Use: "up-controller", Args: cobra.NoArgs, Short: "Start the controller again after it was killed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			living, err := findSupervisor(cmd.Context(), p)
			if err != nil {
				return err
			}
			if living == nil {
				return fmt.Errorf("starting the controller: nothing runs in %s; use up first", p.dir)
			}
			_, err = living.ask(cmd.Context(), "POST", "/controller")
			return err
		},
	}
}

// end asks the supervisor to stop and waits until its process is gone; one that does not listen is killed, and the kernel
// kills its children.
func (s *supervisor) end(ctx context.Context) error {
	if err := s.signalUntilGone(ctx, syscall.SIGTERM, 20*time.Second); err == nil || ctx.Err() != nil {
		return err
	}
	return s.signalUntilGone(ctx, syscall.SIGKILL, 10*time.Second)
}

func (s *supervisor) signalUntilGone(ctx context.Context, signal syscall.Signal, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := syscall.Kill(s.PID, signal); errors.Is(err, syscall.ESRCH) {
		return nil
	} else if err != nil {
		return fmt.Errorf("stopping the supervisor, process %d: %w", s.PID, err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the supervisor, process %d, to end: %w", s.PID, context.Cause(ctx))
		case <-tick.C:
			// Not its process id: that stays until somebody reaps it, which in a container may be never.
			if _, err := s.ask(ctx, "GET", "/"); errors.Is(err, syscall.ECONNREFUSED) {
				return nil
			}
		}
	}
}

// removeState removes what a supervisor that was killed left behind.
func (p *paths) removeState() error {
	var errs []error
	for _, name := range []string{"supervisor.json", "env", "env.new", "kubeconfig", "controller.pid", "controller.kubeconfig", "pki", "data"} {
		if err := os.RemoveAll(filepath.Join(p.dir, name)); err != nil {
			errs = append(errs, fmt.Errorf("removing the state: %w", err))
		}
	}
	return errors.Join(errs...)
}

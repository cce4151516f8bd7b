package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

func upCommand(p *paths) *cobra.Command {
	return &cobra.Command{
		Use: "up", Args: cobra.NoArgs, Short: "Start everything in the background, and write the env file",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, out := cmd.Context(), cmd.OutOrStdout()
			living, err := findSupervisor(ctx, p)
			if err != nil {
				return err
			}
			if living != nil {
				_, _ = fmt.Fprintf(out, "It runs already (pid %d).\n", living.PID)
			} else if err := launchSupervisor(ctx, p, out); err != nil {
				return err
			}
			return printNextSteps(out, p)
		},
	}
}

// launchSupervisor starts the supervisor as a daemon and returns when it says that all is ready. When ctx ends before,
// the supervisor ends too.
func launchSupervisor(ctx context.Context, p *paths, out io.Writer) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this binary: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(p.supervisorLog()), 0o750); err != nil {
		return fmt.Errorf("making the log directory: %w", err)
	}
	log, err := os.Create(p.supervisorLog())
	if err != nil {
		return fmt.Errorf("opening the supervisor's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	reading, writing, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	defer func() { _ = reading.Close() }()
	supervisor := exec.Command(executable, "supervise", "--bin="+p.bin, "--dir="+p.dir) //nolint:noctx // it outlives ctx once all is ready
	supervisor.Stdout, supervisor.Stderr = log, log
	supervisor.ExtraFiles = []*os.File{writing} // becomes reportFD
	supervisor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = supervisor.Start()
	_ = writing.Close() // so that the pipe ends with the supervisor
	if err != nil {
		return fmt.Errorf("starting the supervisor: %w", err)
	}
	unhook := context.AfterFunc(ctx, func() { _ = supervisor.Process.Signal(syscall.SIGTERM) })
	defer unhook()
	lines := bufio.NewScanner(reading)
	for lines.Scan() {
		if lines.Text() == allReady {
			return supervisor.Process.Release()
		}
		_, _ = fmt.Fprintln(out, lines.Text())
	}
	err = supervisor.Wait()
	if ctx.Err() != nil {
		return errors.New("interrupted; everything is stopped")
	}
	return fmt.Errorf("starting everything: the supervisor ended early (%w); the end of %s:\n%s",
		err, p.supervisorLog(), localcluster.Tail(p.supervisorLog(), 40))
}

func printNextSteps(out io.Writer, p *paths) error {
	env, err := os.ReadFile(p.env())
	if err != nil {
		return fmt.Errorf("reading the env file: %w", err)
	}
	_, err = fmt.Fprintf(out, `
%s
Next, in the project:
  set -a; . %[2]s; set +a; PATH=%[3]s:$PATH
  kubectl apply -f config/samples/nodegroup.yaml
  kubectl get ng,vn,nodes -A -w
  curl $VPSIE_ADMIN_URL/ledger        # what the fake cloud has sold, and for how much
  kill -9 $(cat $CONTROLLER_PIDFILE)  # then: make up-controller
  make down
`, env, p.env(), p.bin)
	return err
}

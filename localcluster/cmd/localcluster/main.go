// Command localcluster runs the autoscaler with a whole Kubernetes control plane and a fake VPSie on this machine, for a
// person to try (up, down, up-controller) and as a story with an end (demo).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"
)

// paths are the directories that every subcommand needs.
type paths struct{ bin, dir string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A reader that goes away, as in "demo | head", must not end this process before it has cleaned up.
	signal.Ignore(syscall.SIGPIPE)
	crlog.SetLogger(logr.Discard()) // what matters is in the logs of the components
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "localcluster:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	p := &paths{}
	root := &cobra.Command{
		Use: "localcluster", Short: "The autoscaler, Kubernetes and a fake VPSie on this machine",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.complete() },
	}
	root.PersistentFlags().StringVar(&p.bin, "bin", "", "directory of the binaries (default: this binary's own)")
	root.PersistentFlags().StringVar(&p.dir, "dir", "", "directory of env, pid files, logs and state; another one is another cluster (default: the parent of --bin)")
	root.AddCommand(upCommand(p), downCommand(p), upControllerCommand(p), demoCommand(p), scaleCommand(p), realCommand(p), superviseCommand(p))
	return root
}

// complete fills the defaults in and makes the paths absolute, because the supervisor works from elsewhere.
func (p *paths) complete() error {
	if p.bin == "" {
		executable, err := os.Executable()
		if err != nil {
			return fmt.Errorf("finding the binaries: %w", err)
		}
		p.bin = filepath.Dir(executable)
	}
	bin, err := filepath.Abs(p.bin)
	if err != nil {
		return fmt.Errorf("reading --bin: %w", err)
	}
	p.bin = bin
	if p.dir == "" {
		p.dir = filepath.Dir(p.bin)
	}
	if p.dir, err = filepath.Abs(p.dir); err != nil {
		return fmt.Errorf("reading --dir: %w", err)
	}
	return nil
}

func (p *paths) env() string           { return filepath.Join(p.dir, "env") }
func (p *paths) supervisor() string    { return filepath.Join(p.dir, "supervisor.json") }
func (p *paths) supervisorLog() string { return filepath.Join(p.dir, "logs", "supervisor.log") }

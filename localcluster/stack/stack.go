package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Options say where a stack's files are and how its cloud behaves.
type Options struct {
	// BinDir holds the binaries of build.sh and the controller's.
	BinDir string
	// Dir gets the env file, the kubeconfig, the controller's pid file, logs and state.
	Dir string
	// Knobs is how the fake cloud behaves at first.
	Knobs vpsietest.Knobs
	// Restarts is how many ends of the scheduler and the controller manager the cluster makes good, as in
	// localcluster.Options.
	Restarts int
	// Bare and Large are those of localcluster.Options.
	Bare, Large bool
	// ReadyTimeout bounds how long the controller may take until it is ready; zero means a minute.
	ReadyTimeout time.Duration
	// RequestsPerMinute limits the controller's requests to VPSie; zero means 1200.
	RequestsPerMinute int
	// Booter acts out the machines' lives; nil means localcluster.Machines.
	Booter vpsietest.Booter
	// Guests and NodeGrace are those of localcluster.Options.
	Guests    *localcluster.Guests
	NodeGrace time.Duration
	// ControllerArgs are arguments of the controller besides those of every stack.
	ControllerArgs []string
	// Say, when set, hears what has just become ready.
	Say func(format string, args ...any)
}

// Stack is a running cluster, cloud and controller.
type Stack struct {
	// Cluster is the control plane.
	Cluster *localcluster.Cluster
	// Cloud is the fake VPSie.
	Cloud *vpsietest.Server

	options     Options
	metricsPort int
	healthPort  int

	mu         sync.Mutex // one start of the controller at a time
	controller *localcluster.Process
	stopped    bool
}

// Start boots the cluster and the cloud and installs the project's manifests; StartController does the rest. The
// stack lives until Stop.
func Start(ctx context.Context, options Options) (*Stack, error) {
	if options.Say == nil {
		options.Say = func(string, ...any) {}
	}
	s := &Stack{options: options}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) (err error) {
	if s.options.Dir, err = filepath.Abs(s.options.Dir); err != nil {
		return fmt.Errorf("finding the state directory: %w", err)
	}
	ports, err := localcluster.FreePorts(ctx, 2)
	if err != nil {
		return err
	}
	s.metricsPort, s.healthPort = ports[0], ports[1]
	s.Cluster, err = localcluster.Start(ctx, localcluster.Options{
		BinDir: s.options.BinDir, Dir: s.options.Dir, Restarts: s.options.Restarts, Bare: s.options.Bare, Large: s.options.Large,
		Guests: s.options.Guests, NodeGrace: s.options.NodeGrace,
	})
	if err != nil {
		return err
	}
	s.options.Say("Kubernetes is up: %s", s.Cluster.Config().Host)
	booter := s.options.Booter
	if booter == nil {
		if booter, err = localcluster.NewMachines(s.Cluster.Config()); err != nil {
			return err
		}
	}
	cloudLog, err := os.OpenFile(s.log("vpsie"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the fake VPSie's log: %w", err)
	}
	s.Cloud, err = vpsietest.Start(vpsietest.Options{
		Knobs: s.options.Knobs, Booter: booter, Logger: slog.New(slog.NewTextHandler(cloudLog, nil)),
	})
	if err != nil {
		return err
	}
	s.options.Say("The fake VPSie is up: %s", s.Cloud.URL())
	if err := s.install(ctx); err != nil {
		return err
	}
	s.options.Say("The autoscaler's manifests and Secret are in place")
	return nil
}

// Failed receives the error of a component of the cluster that ended by itself.
func (s *Stack) Failed() <-chan error { return s.Cluster.Failed() }

// Stop ends everything and removes the stack's state; the logs stay. It may be called again.
func (s *Stack) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.controller != nil {
		s.controller.Kill()
	}
	if s.Cloud != nil {
		s.Cloud.Close()
	}
	var errs []error
	if s.Cluster != nil {
		errs = append(errs, s.Cluster.Stop())
	}
	for _, file := range []string{s.EnvFile(), s.pidFile(), s.controllerKubeconfig()} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("removing the stack's state: %w", err))
		}
	}
	return errors.Join(errs...)
}

// EnvFile is where WriteEnv writes to.
func (s *Stack) EnvFile() string { return filepath.Join(s.options.Dir, "env") }

// ControllerLog is where the controller writes to.
func (s *Stack) ControllerLog() string { return s.log("vpsie-autoscaler") }

func (s *Stack) pidFile() string { return filepath.Join(s.options.Dir, "controller.pid") }
func (s *Stack) controllerKubeconfig() string {
	return filepath.Join(s.options.Dir, "controller.kubeconfig")
}
func (s *Stack) log(name string) string {
	return filepath.Join(cmp.Or(s.options.Dir, "."), "logs", name+".log")
}

// WriteEnv writes how to reach everything as KEY=value lines, for shells and for tests in other languages.
func (s *Stack) WriteEnv() error {
	content := fmt.Sprintf("KUBECONFIG=%s\nVPSIE_URL=%s\nVPSIE_ADMIN_URL=%s\nCONTROLLER_PIDFILE=%s\nCONTROLLER_LOG=%s\nMETRICS_URL=%s\n",
		s.Cluster.Kubeconfig(), s.Cloud.URL(), s.Cloud.AdminURL(), s.pidFile(), s.ControllerLog(), s.metricsURL())
	// Whole or not at all: others wait for this file.
	temporary := s.EnvFile() + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing the env file: %w", err)
	}
	if err := os.Rename(temporary, s.EnvFile()); err != nil {
		return fmt.Errorf("writing the env file: %w", err)
	}
	return nil
}

// MetricsURL is where the controller shows its metrics.
func (s *Stack) MetricsURL() string { return s.metricsURL() }

// ControllerPID is the process id of the controller; 0 before its first start.
func (s *Stack) ControllerPID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.controller == nil {
		return 0
	}
	return s.controller.PID()
}

func (s *Stack) metricsURL() string { return fmt.Sprintf("http://127.0.0.1:%d/metrics", s.metricsPort) }

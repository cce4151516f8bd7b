package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

const controllerBinary = "vpsie-autoscaler"

// StartController starts the controller unless it runs, with its ServiceAccount's rights, writes its pid file and
// returns when it says that it is ready. Its ports stay the same over restarts.
func (s *Stack) StartController(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errors.New("starting the controller: the stack is stopped")
	}
	if s.controller != nil && s.controller.Err() == nil {
		// One that was killed a moment ago seems to run until its end has been seen.
		if err := s.waitReady(ctx); err == nil || s.controller.Err() == nil {
			return err
		}
	}
	binary := filepath.Join(s.options.BinDir, controllerBinary)
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("finding the controller (go build -o %s ./cmd/vpsie-autoscaler makes it): %w", binary, err)
	}
	kubeconfig := s.controllerKubeconfig()
	if err := s.Cluster.WriteKubeconfig(kubeconfig, config.User, "system:serviceaccounts", "system:serviceaccounts:"+config.Namespace); err != nil {
		return err
	}
	controller, err := localcluster.StartProcess(controllerBinary, s.ControllerLog(), nil, binary, s.controllerArgs(kubeconfig)...)
	if err != nil {
		return err
	}
	s.controller = controller
	if err := os.WriteFile(s.pidFile(), []byte(strconv.Itoa(controller.PID())+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the controller's pid file: %w", err)
	}
	if err := s.waitReady(ctx); err != nil {
		return err
	}
	s.options.Say("The controller is up: pid %d, %s", controller.PID(), s.metricsURL())
	return nil
}

// ControllerErr says how the controller ended, with the end of its log; nil while it runs.
func (s *Stack) ControllerErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.controller == nil {
		return errors.New("the controller was not started")
	}
	return s.controller.Err()
}

func (s *Stack) controllerArgs(kubeconfig string) []string {
	return append([]string{
		"run",
		"--kubeconfig=" + kubeconfig,
		fmt.Sprintf("--metrics-bind-address=127.0.0.1:%d", s.metricsPort),
		fmt.Sprintf("--health-probe-bind-address=127.0.0.1:%d", s.healthPort),
		// The stack never runs two, and a controller that was killed would have its successor wait for its lease to expire.
		"--leader-elect=false",
		// The fake takes what it is asked; the default spares an API whose limit nobody knows.
		fmt.Sprintf("--vpsie-requests-per-minute=%d", cmp.Or(s.options.RequestsPerMinute, 1200)),
	}, s.options.ControllerArgs...)
}

// waitReady waits for the controller's readiness or its death.
func (s *Stack) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.options.ReadyTimeout, time.Minute))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.controller.Done():
			return s.controller.Err()
		case <-ctx.Done():
			return fmt.Errorf("waiting for the controller to be ready: %w (%w); the end of %s:\n%s",
				context.Cause(ctx), err, s.ControllerLog(), localcluster.Tail(s.ControllerLog(), 15))
		case <-tick.C:
		}
	}
}

func (s *Stack) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", s.healthPort), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

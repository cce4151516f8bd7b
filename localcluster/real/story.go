package real

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/localcluster"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Options say where things are.
type Options struct {
	BinDir  string // the control plane, kubectl and the controller
	Kubeadm string // a kubeadm of the control plane's version
	Image   string // directory of disk.img, vmlinuz and initrd.img
	Dir     string // of the run's own files: consoles, logs, disks
	Only    string // the one NodeGroup to play; empty plays all
	Out     io.Writer
}

// patience is how long one step may take. An emulated machine on a busy host needs minutes to boot.
const patience = 20 * time.Minute

// Story is one run.
type Story struct {
	options Options
	started time.Time
	stack   *stack.Stack
	guests  *Guests
	client  client.Client
}

// Tell starts a cluster, has machines of several kinds join it, and takes everything away again. The error of a step
// quotes the end of the console of each machine.
func Tell(ctx context.Context, options Options) (err error) {
	chosen := slices.DeleteFunc(groups(), func(g group) bool { return options.Only != "" && g.name != options.Only })
	if len(chosen) == 0 {
		return fmt.Errorf("there is no NodeGroup %q to play", options.Only)
	}
	s := &Story{options: options, started: time.Now()}
	defer func() {
		s.stop()
		if err == nil {
			s.say("Done: %d VPSes ordered, none left", len(s.stack.Cloud.Ledger().VMs))
		}
	}()
	if err := s.start(ctx); err != nil {
		return err
	}
	for _, group := range chosen {
		if err := s.play(ctx, group); err != nil {
			return fmt.Errorf("playing the NodeGroup %s: %w%s", group.name, err, s.lastWords())
		}
	}
	return nil
}

func (s *Story) start(ctx context.Context) (err error) {
	images := map[string]Image{}
	for _, group := range groups() {
		images[group.name] = group.image
	}
	if s.guests, err = NewGuests(ctx, s.options.Image, filepath.Join(s.options.Dir, "guests"), images); err != nil {
		return err
	}
	s.say("Machines are guests of qemu with the accelerator %s", s.guests.accelerator)
	// A Unix socket's path has little room.
	sockets, err := os.MkdirTemp("", "real-")
	if err != nil {
		return fmt.Errorf("making a directory for sockets: %w", err)
	}
	s.guests.sockets = sockets
	proxy := filepath.Join(sockets, "kubelets")
	if err := s.guests.serveProxy(ctx, proxy); err != nil {
		return err
	}
	s.stack, err = stack.Start(ctx, stack.Options{
		BinDir: s.options.BinDir, Dir: s.options.Dir, Say: s.say,
		Knobs:  vpsietest.Knobs{CreateMillis: 500, BootMillis: 100, DeleteMillis: 500},
		Guests: &localcluster.Guests{Host: Host, Proxy: proxy}, Booter: s.guests,
		NodeGrace:      time.Minute, // heartbeats of a busy host's guests are late
		ControllerArgs: []string{"--bootstrap=kubeadm", "--join-timeout=" + patience.String()},
	})
	if err != nil {
		return err
	}
	if err := initialize(ctx, s.stack, s.options.Kubeadm, s.options.Dir); err != nil {
		return fmt.Errorf("preparing the cluster as kubeadm init would: %w", err)
	}
	if err := s.stack.StartController(ctx); err != nil {
		return err
	}
	crlog.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if s.client, err = client.New(s.stack.Cluster.Config(), client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	return nil
}

// stop ends everything; logs and consoles stay.
func (s *Story) stop() {
	if s.stack != nil {
		_ = s.stack.Stop()
	}
	if s.guests != nil {
		s.guests.Stop()
		_ = os.RemoveAll(s.guests.sockets)
	}
}

func (s *Story) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.options.Out, "[%6.1fs] %s\n", time.Since(s.started).Seconds(), fmt.Sprintf(format, args...))
}

// until asks every second until the answer is nil or patience ends.
func (s *Story) until(ctx context.Context, what string, ask func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took more than %s", patience))
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := time.Now()
	for {
		last := errors.Join(ask(), s.stack.ControllerErr())
		if last == nil {
			s.say("  %s", what)
			return nil
		}
		if time.Since(told) > time.Minute {
			told = time.Now()
			s.say("  waiting for: %s (%v)", what, last)
		}
		select {
		case failure := <-s.stack.Failed():
			return failure
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q: %w: %w", what, context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// kubectl returns what kubectl prints, as a person with the cluster's administrator's rights would see it.
func (s *Story) kubectl(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.options.BinDir, "kubectl"), append([]string{"--kubeconfig=" + s.stack.Cluster.Kubeconfig()}, args...)...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("running kubectl %v: %w: %s", args, err, output)
	}
	return string(output), nil
}

// lastWords quotes the end of each console and of the controller's log.
func (s *Story) lastWords() string {
	var said strings.Builder
	said.WriteString("\nthe controller said:\n" + localcluster.Tail(s.stack.ControllerLog(), 15))
	for _, m := range s.guests.machines() {
		said.WriteString("\n" + m.Hostname + " said:\n" + localcluster.Tail(s.guests.Console(m.Hostname), 40))
	}
	return said.String()
}

package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

// patience is how long one step of the story may take. A step takes seconds; a machine that is very busy needs more.
const patience = 2 * time.Minute

// namespace holds the demo's workload.
const namespace = "demo"

// Story is one run of the demo.
type Story struct {
	// Patience replaces the time that one step may take; zero means two minutes.
	Patience time.Duration
	// Show, when set, is given what there is to see, several times a second.
	Show func(view.Panel)

	stack   *stack.Stack
	client  client.Client
	out     io.Writer
	started time.Time
	seen    *seen
	group   *v1alpha1.NodeGroup
}

// Summary is what a story ended with.
type Summary struct {
	Pods, Running, Created, Deleted, Left, Leaked int
	Elapsed                                       time.Duration
}

func (s Summary) String() string {
	return fmt.Sprintf("demo: pods=%d running=%d vpsCreated=%d vpsDeleted=%d vpsLeft=%d leaked=%d seconds=%.0f",
		s.Pods, s.Running, s.Created, s.Deleted, s.Left, s.Leaked, s.Elapsed.Seconds())
}

// New prepares a story on a stack whose controller runs. Its lines count the time from started.
func New(running *stack.Stack, out io.Writer, started time.Time) (*Story, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("preparing the demo: %w", err)
	}
	c, err := client.New(running.Cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("preparing the demo: %w", err)
	}
	group, err := sampleGroup()
	if err != nil {
		return nil, err
	}
	return &Story{stack: running, client: c, out: out, started: started, seen: newSeen(), group: group}, nil
}

// Tell runs the story to its end. An error says which step failed, with what is stuck and the controller's last words.
func (s *Story) Tell(ctx context.Context) (Summary, error) {
	pods, err := s.scaleUp(ctx)
	if err != nil {
		return Summary{}, s.explain(ctx, err)
	}
	running := pods
	for _, chapter := range []func(context.Context) error{s.scaleDown, s.exchange, s.rollOut, s.removeAll} {
		if err := chapter(ctx); err != nil {
			return Summary{}, s.explain(ctx, err)
		}
	}
	summary := s.settle(pods, running)
	if summary.Left > 0 || summary.Leaked > 0 {
		return summary, s.explain(ctx, fmt.Errorf("checking the ledger: %d VPSes are left, %d of them leaked", summary.Left, summary.Leaked))
	}
	return summary, nil
}

// scaleUp creates the workload, asks for a plan, applies the group, and returns the number of pods once all run at the
// same time.
func (s *Story) scaleUp(ctx context.Context) (int, error) {
	if err := s.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return 0, fmt.Errorf("making the namespace %s: %w", namespace, err)
	}
	if err := s.client.Create(ctx, priorityClass()); err != nil {
		return 0, fmt.Errorf("making the PriorityClass %s: %w", importantClass, err)
	}
	total := 0
	for _, d := range workload() {
		s.say("Creating %s: %d pods of %s CPU and %s memory", d.name, d.replicas, d.cpu, d.memory)
		if err := s.client.Create(ctx, d.object()); err != nil {
			return 0, fmt.Errorf("creating the Deployment %s: %w", d.name, err)
		}
		total += int(d.replicas)
	}
	if err := s.until(ctx, "every pod to be refused by kube-scheduler", func(now snapshot) error {
		if n := now.unschedulable(); n != total {
			return fmt.Errorf("%d of %d pods are unschedulable", n, total)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	if err := s.dryRun(ctx); err != nil {
		return 0, err
	}
	s.say("Applying the NodeGroup %s: %d to %d nodes of %v, windows of seconds instead of minutes",
		s.group.Name, s.group.Spec.MinNodes, s.group.Spec.MaxNodes, s.group.OfferingNames())
	if err := s.client.Create(ctx, s.group); err != nil {
		return 0, fmt.Errorf("applying the NodeGroup: %w", err)
	}
	return total, s.until(ctx, "every pod to run", func(now snapshot) error {
		if now.running() != total || len(now.pods) != total {
			return fmt.Errorf("%d of %d pods run", now.running(), total)
		}
		return nil
	})
}

// dryRun tells what the group will do for the pods that wait, before it is there to do it.
func (s *Story) dryRun(ctx context.Context) error {
	manifest, err := yaml.Marshal(s.group)
	if err != nil {
		return fmt.Errorf("writing the NodeGroup out: %w", err)
	}
	s.say("Asking `vpsie-autoscaler plan` what the NodeGroup %s would do for them", s.group.Name)
	table, err := s.stack.Plan(ctx, manifest)
	if err != nil {
		return fmt.Errorf("planning ahead: %w", err)
	}
	for line := range strings.Lines(table) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			s.say("  | %s", line)
		}
	}
	return nil
}

func (s *Story) scaleDown(ctx context.Context) error {
	for _, d := range workload() {
		s.say("Scaling %s down from %d to %d pods", d.name, d.replicas, d.afterwards)
		if err := s.scale(ctx, d.name, d.afterwards); err != nil {
			return err
		}
	}
	return s.until(ctx, fmt.Sprintf("the surplus VPSes to be gone, down to minNodes %d", s.group.Spec.MinNodes), s.settled)
}

func (s *Story) removeAll(ctx context.Context) error {
	s.say("Deleting the workload and the NodeGroup")
	if err := s.client.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return fmt.Errorf("deleting the namespace %s: %w", namespace, err)
	}
	if err := s.client.Delete(ctx, s.group); err != nil {
		return fmt.Errorf("deleting the NodeGroup: %w", err)
	}
	return s.until(ctx, "every VPS to be gone", func(now snapshot) error {
		if machines := s.living(); len(machines) > 0 || len(now.machines) > 0 {
			return fmt.Errorf("%d VPSes are paid for and %d VPSieNodes exist", len(machines), len(now.machines))
		}
		err := s.client.Get(ctx, client.ObjectKeyFromObject(s.group), &v1alpha1.NodeGroup{})
		if err == nil {
			return errors.New("the NodeGroup exists")
		}
		return client.IgnoreNotFound(err)
	})
}

// until looks at the cluster, tells what has changed and asks, until the answer is nil or patience ends.
func (s *Story) until(ctx context.Context, what string, ask func(snapshot) error) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Patience, patience))
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if err := s.stack.ControllerErr(); err != nil {
			return err
		}
		now, err := s.look(ctx)
		if err == nil {
			s.tellChanges(now)
			err = ask(now)
			s.show(ctx, what, now, err)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil { // "context ended" says less than what was missing before
			last = err
		}
		select {
		case failure := <-s.stack.Failed():
			return failure
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w: %w", what, context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// settle draws the balance from the cloud's ledger. Leaked is what is paid for and no VPSieNode knows of; at the end of
// the story there are no VPSieNodes.
func (s *Story) settle(pods, running int) Summary {
	bills := s.stack.Cloud.Ledger().VMs
	left := len(s.living())
	return Summary{
		Pods: pods, Running: running, Created: len(bills), Deleted: len(bills) - left, Left: left, Leaked: left,
		Elapsed: time.Since(s.started),
	}
}

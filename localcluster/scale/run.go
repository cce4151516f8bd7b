package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

// Options say how large the cluster is and how it changes.
type Options struct {
	// BinDir holds the binaries of build.sh and the controller's; Dir gets the logs.
	BinDir, Dir string
	Nodes, Pods int
	// Length is how long the phases at rest and under the stream take, Soak that in which pods are replaced as well.
	Length, Soak time.Duration
	// Statuses and Heartbeats are the changes a second of the stream, Replaced the pods a second of the last phase.
	Statuses, Heartbeats, Replaced int
	// Orders is how many pods that fit no node are timed.
	Orders int
	// Burst is how many pods become unschedulable at once at the end; none when it is 0.
	Burst int
	// Boot is how long after its order a machine's node registers.
	Boot time.Duration
	// RequestsPerMinute is the controller's limit of requests to VPSie; 0 takes one that does not matter.
	RequestsPerMinute int
	// Profiles has the profiles of each phase written to Dir, which costs the controller a little time and memory.
	Profiles bool
	// Say hears of progress.
	Say func(format string, args ...any)
}

// Run starts everything, measures, and ends everything.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	booter := &orders{seeded: o.Nodes, boot: o.Boot, times: make(chan time.Time, 100_000)}
	var args []string
	var taken *profiles
	if o.Profiles {
		if taken, err = newProfiles(ctx, o.Dir); err != nil {
			return nil, err
		}
		args = append(args, "--pprof-bind-address="+taken.address)
	}
	s, err := stack.Start(ctx, stack.Options{
		BinDir: o.BinDir, Dir: o.Dir, Bare: true, Large: o.Nodes >= 500, Booter: booter, ReadyTimeout: 10 * time.Minute,
		RequestsPerMinute: o.RequestsPerMinute, ControllerArgs: args, Say: o.Say,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	clients, err := kubernetes.NewForConfig(s.Cluster.Config())
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	booter.client = clients
	if err := prepare(ctx, clients); err != nil {
		return nil, err
	}
	group, err := createGroup(ctx, s, o.Nodes)
	if err != nil {
		return nil, err
	}
	kubernetes, err := clients.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("asking the API server for its version: %w", err)
	}
	began := time.Now()
	made := cluster.MadeFrom(group, kubernetes.Major+"."+kubernetes.Minor)
	if err := seed(ctx, s.Cluster.EtcdURL(), s.Cloud, made, o.Nodes, o.Pods); err != nil {
		return nil, err
	}
	o.Say("%d nodes and %d pods are stored after %s", o.Nodes, o.Pods, time.Since(began).Round(time.Second))
	return measure(ctx, o, s, booter, taken)
}

func createGroup(ctx context.Context, s *stack.Stack, nodes int) (*v1alpha1.NodeGroup, error) {
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(s.Cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	group := nodeGroup(nodes)
	if err := c.Create(ctx, group); err != nil {
		return nil, fmt.Errorf("creating the NodeGroup: %w", err)
	}
	return group, nil
}

func measure(ctx context.Context, o Options, s *stack.Stack, booter *orders, taken *profiles) (*Report, error) {
	r := &Report{Nodes: o.Nodes, Pods: o.Pods}
	asked, err := requests(ctx, s.Cluster.Config())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.StartController(ctx); err != nil {
		return nil, err
	}
	r.Ready = time.Since(began)
	if err := decided(ctx, s); err != nil {
		return nil, err
	}
	r.Decided = time.Since(began)
	o.Say("the first decision came after %s", r.Decided.Round(time.Millisecond))
	// What the start left to do is not rest.
	if err := pause(ctx, o.Length/2); err != nil {
		return nil, err
	}
	if asked, err = since(ctx, s.Cluster.Config(), asked); err != nil {
		return nil, err
	}
	o.Say("for its start the API server took %s", most(asked))
	changes := &stream{client: booter.client, nodes: o.Nodes, pods: o.Pods}
	for _, p := range []struct {
		name     string
		into     *Phase
		length   time.Duration
		replaced int
	}{{"at rest", &r.Rest, o.Length, -1}, {"under the stream", &r.Stream, o.Length, 0}, {"with pods replaced", &r.Replaced, o.Soak, o.Replaced}} {
		profiled := make(chan error, 1)
		go func() { profiled <- taken.processor(ctx, p.name, p.length) }()
		*p.into, err = during(ctx, s, p.length, func(ctx context.Context) error {
			if p.replaced < 0 {
				return pause(ctx, p.length)
			}
			return changes.run(ctx, o.Statuses, o.Heartbeats, p.replaced)
		})
		if err = errors.Join(err, <-profiled, taken.heap(ctx, p.name)); err != nil {
			return nil, err
		}
		o.Say("%s: %s", p.name, *p.into)
	}
	streaming, cancel := context.WithCancel(ctx)
	changed := make(chan error, 1)
	go func() { changed <- changes.run(streaming, o.Statuses, o.Heartbeats, 0) }()
	waits, err := booter.waits(ctx, o.Orders)
	cancel()
	if err = errors.Join(err, <-changed); err != nil {
		return nil, err
	}
	if o.Burst > 0 {
		if r.Burst, err = burst(ctx, s, booter, o.Burst, taken); err != nil {
			return nil, err
		}
		o.Say("%s", r.Burst)
	}
	last, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return nil, err
	}
	r.Waits, r.MostResident = waits, last.mostResident
	return r, s.ControllerErr()
}

// decided waits for the first decision.
func decided(ctx context.Context, s *stack.Stack) error {
	for {
		u, err := look(ctx, s.ControllerPID(), s.MetricsURL())
		if err != nil {
			return err
		}
		if u.metrics["vpsie_autoscaler_decisions_total"] > 0 {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

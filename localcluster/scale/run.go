package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

// Options say how large the cluster is and how it changes.
type Options struct {
	// BinDir holds the binaries of build.sh and the controller's; Dir gets the logs.
	BinDir, Dir string
	Nodes, Pods int
	// Length is how long each phase takes: at rest, and under the stream.
	Length time.Duration
	// Statuses, Heartbeats and Replaced are the changes a second under the stream.
	Statuses, Heartbeats, Replaced int
	// Orders is how many pods that fit no node are timed.
	Orders int
	// Say hears of progress.
	Say func(format string, args ...any)
}

// Report is what was measured.
type Report struct {
	Nodes, Pods int
	// Ready is the time from the process's start until its caches were filled, Decided until the first decision.
	Ready, Decided time.Duration
	Rest, Stream   Phase
	// MostResident is the largest resident memory of the process, in bytes.
	MostResident int64
	// Waits are the times from a pod's being called unschedulable to the order, in ascending order.
	Waits []time.Duration
}

// Phase is what the controller used in a part of the time.
type Phase struct {
	// CPU is the share of one core; Resident the memory at its end, in bytes, Grown how much more than at its begin.
	CPU             float64
	Resident, Grown int64
	// Heap is the live heap at its end, in bytes.
	Heap int64
	// Rounds and Requests are decisions, and requests to the API server.
	Rounds, Requests int
	// Round is the mean time of a round.
	Round time.Duration
}

// Run starts everything, measures, and ends everything.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	booter := &orders{seeded: o.Nodes, times: make(chan time.Time, 1000)}
	s, err := stack.Start(ctx, stack.Options{BinDir: o.BinDir, Dir: o.Dir, Bare: true, Booter: booter, ReadyTimeout: 10 * time.Minute, Say: o.Say})
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
	if err := createGroup(ctx, s, o.Nodes); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := seed(ctx, s.Cluster.EtcdURL(), s.Cloud, o.Nodes, o.Pods); err != nil {
		return nil, err
	}
	o.Say("%d nodes and %d pods are stored after %s", o.Nodes, o.Pods, time.Since(began).Round(time.Second))
	return measure(ctx, o, s, booter)
}

func createGroup(ctx context.Context, s *stack.Stack, nodes int) error {
	scheme, err := cluster.Scheme()
	if err != nil {
		return err
	}
	c, err := client.New(s.Cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if err := c.Create(ctx, nodeGroup(nodes)); err != nil {
		return fmt.Errorf("creating the NodeGroup: %w", err)
	}
	return nil
}

func measure(ctx context.Context, o Options, s *stack.Stack, booter *orders) (*Report, error) {
	r := &Report{Nodes: o.Nodes, Pods: o.Pods}
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
	var err error
	if r.Rest, err = during(ctx, s, func() error { return pause(ctx, o.Length) }); err != nil {
		return nil, err
	}
	o.Say("at rest: %s", r.Rest)
	changes := &stream{client: booter.client, nodes: o.Nodes, pods: o.Pods}
	r.Stream, err = during(ctx, s, func() error {
		streaming, cancel := context.WithTimeout(ctx, o.Length)
		defer cancel()
		return changes.run(streaming, o.Statuses, o.Heartbeats, o.Replaced)
	})
	if err != nil {
		return nil, err
	}
	o.Say("under the stream: %s", r.Stream)
	streaming, cancel := context.WithCancel(ctx)
	changed := make(chan error, 1)
	go func() { changed <- changes.run(streaming, o.Statuses, o.Heartbeats, 0) }()
	r.Waits, err = booter.waits(ctx, o.Orders)
	cancel()
	if err = errors.Join(err, <-changed); err != nil {
		return nil, err
	}
	last, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return nil, err
	}
	r.MostResident = last.mostResident
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

// during is what the controller uses while do runs.
func during(ctx context.Context, s *stack.Stack, do func() error) (Phase, error) {
	before, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return Phase{}, err
	}
	if err := do(); err != nil {
		return Phase{}, err
	}
	after, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return Phase{}, err
	}
	more := func(name string) float64 { return after.metrics[name] - before.metrics[name] }
	p := Phase{
		CPU:      float64(after.cpu-before.cpu) / float64(after.at.Sub(before.at)),
		Resident: after.resident, Grown: after.resident - before.resident,
		Heap:   int64(after.metrics["go_memstats_heap_alloc_bytes"]),
		Rounds: int(more("vpsie_autoscaler_decisions_total")), Requests: int(more("rest_client_requests_total")),
	}
	if n := more("vpsie_autoscaler_round_duration_seconds_count"); n > 0 {
		p.Round = time.Duration(more("vpsie_autoscaler_round_duration_seconds_sum") / n * float64(time.Second))
	}
	return p, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

// Report is what was measured.
type Report struct {
	Nodes, Pods int
	// Ready is the time from the process's start until its caches were filled, Decided until the first decision.
	Ready, Decided time.Duration
	// Replaced is the phase in which pods are replaced, beside the stream.
	Rest, Stream, Replaced Phase
	// MostResident is the largest resident memory of the process, in bytes.
	MostResident int64
	// Waits are the times from a pod's being called unschedulable to the order, in ascending order.
	Waits []time.Duration
	Burst Burst
}

// Phase is what the controller used in a part of the time.
type Phase struct {
	// CPU is the share of one core. Resident is the memory at the end, in bytes, Grown by how much it grew in the last
	// four fifths of the phase.
	CPU             float64
	Resident, Grown int64
	// Heap is the live heap at its end, in bytes.
	Heap int64
	// Rounds counts decisions; Round is the mean time of one.
	Rounds int
	Round  time.Duration
	// Read is what the process read, in bytes: nearly all of it comes from the API server.
	Read int64
	// Requests are those that the API server had from all its clients, by kind, the stream's among them.
	Requests map[string]int
}

// during is what the controller uses while do runs, which the context ends after the length.
func during(ctx context.Context, s *stack.Stack, length time.Duration, do func(context.Context) error) (p Phase, err error) {
	before, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return p, err
	}
	asked, err := requests(ctx, s.Cluster.Config())
	if err != nil {
		return p, err
	}
	doing, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(doing) }()
	if err := pause(ctx, length/5); err != nil {
		return p, errors.Join(err, <-done)
	}
	settled, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	// The end of the phase is no failure of what ran in it.
	if failed := <-done; failed != nil && !errors.Is(failed, context.DeadlineExceeded) {
		err = errors.Join(err, failed)
	}
	if err != nil {
		return p, err
	}
	after, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return p, err
	}
	more := func(name string) float64 { return after.metrics[name] - before.metrics[name] }
	p = Phase{
		CPU:      float64(after.cpu-before.cpu) / float64(after.at.Sub(before.at)),
		Resident: after.resident, Grown: after.resident - settled.resident,
		Heap:   int64(after.metrics["go_memstats_heap_alloc_bytes"]),
		Rounds: int(more("vpsie_autoscaler_decisions_total")), Read: after.read - before.read,
	}
	if n := more("vpsie_autoscaler_round_duration_seconds_count"); n > 0 {
		p.Round = time.Duration(more("vpsie_autoscaler_round_duration_seconds_sum") / n * float64(time.Second))
	}
	p.Requests, err = since(ctx, s.Cluster.Config(), asked)
	return p, err
}

// String says what a phase used, in one line.
func (p Phase) String() string {
	return fmt.Sprintf("%.1f %% of a core, %d MiB resident (%+d in the last four fifths), heap %d MiB, %d rounds of %s, %d KiB read; the API server took %s",
		100*p.CPU, p.Resident/mebi, p.Grown/mebi, p.Heap/mebi, p.Rounds, p.Round.Round(time.Millisecond), p.Read>>10, most(p.Requests))
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// run is one measurement of one side.
type run struct {
	outcome
	spent
}

// spent is what a decision took: by the clock, and of all cores together, which
// other work on the machine does not lengthen.
type spent struct{ took, cpu time.Duration }

// stopwatch starts now and is read by calling it.
func stopwatch() func() spent {
	began, used := time.Now(), processorTime()
	return func() spent { return spent{time.Since(began), processorTime() - used} }
}

// processorTime is what this process has used, its garbage collection included.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// row is what a scenario came to: of each side, the run that took the median time.
type row struct {
	scenario
	runs              int
	ours, karpenter   run
	pods, nodes, kind int
}

// enough is how long a scenario may take and still be run more often than it must.
const enough = 5 * time.Second

// measure lets the sides take turns on fresh copies of the input. One run is one
// run; when more are asked for, short scenarios get up to four times as many.
func measure(ctx context.Context, s scenario, atLeast int) (row, error) {
	in := s.build()
	r := row{scenario: s, pods: len(in.pending()), nodes: len(in.nodes), kind: len(in.machines) * len(in.zones)}
	if s.removal {
		r.pods = len(in.pods)
	}
	var ours, theirs []run
	began := time.Now()
	for len(ours) < atLeast || atLeast > 1 && len(ours) < 4*atLeast && time.Since(began) < enough {
		p := newPlanner(in.fresh())
		runtime.GC()
		o, took := p.run()
		ours = append(ours, run{o, took})
		if s.alone {
			continue
		}
		t, err := runKarpenter(ctx, s, in.fresh())
		if err != nil {
			return row{}, fmt.Errorf("running scenario %s: %w", s.name, err)
		}
		theirs = append(theirs, t)
	}
	r.runs, r.ours = len(ours), median(ours)
	if !s.alone {
		r.karpenter = median(theirs)
	}
	return r, nil
}

func runKarpenter(ctx context.Context, s scenario, in *input) (run, error) {
	k, err := newKarpenter(ctx, in, clock.RealClock{})
	if err != nil {
		return run{}, err
	}
	runtime.GC()
	decide := k.run
	if s.removal {
		decide = k.consolidate
	}
	o, took, err := decide(ctx)
	return run{o, took}, err
}

func median(runs []run) run {
	slices.SortStableFunc(runs, func(a, b run) int { return cmp.Compare(a.took, b.took) })
	return runs[(len(runs)-1)/2]
}

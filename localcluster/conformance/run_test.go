package conformance

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"
)

// A run takes CONFORMANCE_CASES cases whose seeds count up from CONFORMANCE_SEED; one
// case is replayed with `make conformance CASES=1 SEED=` and its seed. Among the tests
// of a change the cases are always the same ones: what fails there is the change.
// `make conformance` looks at others each time.
const (
	casesVariable = "CONFORMANCE_CASES"
	seedVariable  = "CONFORMANCE_SEED"
	fewCases      = 5000
	firstSeed     = 1
	// reported is how many disagreements are printed; all are counted.
	reported = 3
)

// check compares planner and oracle on one cluster and says where they disagree.
type check func(ctx context.Context, o *oracle, c *cluster, seen *tally) (string, error)

// TestRandomClusters asks the planner and kube-scheduler about every pending pod on
// every node of random clusters, and lets the plans for them come true.
func TestRandomClusters(t *testing.T) {
	ctx := t.Context()
	o, err := newOracle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cases, first := fewCases, uint64(firstSeed)
	number(t, casesVariable, func(n uint64) { cases = int(n) })
	number(t, seedVariable, func(n uint64) { first = n })
	single, whole := newTally(), newTally()
	started, disagreements := time.Now(), 0
	for i := range cases {
		seed := first + uint64(i)
		c := draw(seed)
		if err := c.store(ctx); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, one := range []struct {
			compare check
			seen    *tally
		}{{verdicts, single}, {plans, whole}} {
			why, err := one.compare(ctx, o, c, one.seen)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, c)
			}
			if why == "" {
				continue
			}
			if disagreements++; disagreements <= reported {
				small, why := shrink(ctx, o, c, one.compare, why)
				t.Errorf("seed %d: %s\n%s", seed, why, small)
			}
		}
	}
	t.Logf("single pods: %s", single)
	t.Logf("whole plans: %s", whole)
	single.holdsEvery(t, cases)
	whole.holdsEvery(t, cases)
	whole.holdsPlans(t, cases)
	t.Logf("conformance: cases=%d seed=%d disagreements=%d seconds=%.0f", cases, first, disagreements, time.Since(started).Seconds())
}

func number(t *testing.T, variable string, set func(uint64)) {
	text := os.Getenv(variable)
	if text == "" {
		return
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("environment variable %s: want a whole number: %v", variable, err)
	}
	set(n)
}

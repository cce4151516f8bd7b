package conformance

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// A run takes CONFORMANCE_CASES cases whose seeds count up from CONFORMANCE_SEED; one
// case is replayed with its seed and CONFORMANCE_CASES=1.
const (
	casesVariable = "CONFORMANCE_CASES"
	seedVariable  = "CONFORMANCE_SEED"
	fewCases      = 1500
	// reported is how many disagreements are printed; all are counted.
	reported = 3
)

// check compares planner and oracle on one cluster and says where they disagree.
type check func(ctx context.Context, o *oracle, c *cluster, seen *tally) (string, error)

func run(t *testing.T, compare check) {
	ctx := t.Context()
	o, err := newOracle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cases, first := fewCases, uint64(time.Now().UnixNano())
	number(t, casesVariable, func(n uint64) { cases = int(n) })
	number(t, seedVariable, func(n uint64) { first = n })
	seen := newTally()
	started, disagreements := time.Now(), 0
	for i := range cases {
		seed := first + uint64(i)
		c := draw(seed)
		if err := c.store(ctx); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		why, err := compare(ctx, o, c, seen)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, c)
		}
		if why == "" {
			continue
		}
		disagreements++
		if disagreements <= reported {
			small, why := shrink(ctx, o, c, compare, why)
			t.Errorf("seed %d: %s\n%s", seed, why, small)
		}
	}
	fmt.Printf("%s: cases=%d seed=%d disagreements=%d seconds=%.1f\n", t.Name(), cases, first, disagreements, time.Since(started).Seconds())
	seen.log(t)
	seen.holdsEvery(t, cases)
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

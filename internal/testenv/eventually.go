package testenv

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// patience bounds a wait: long enough for a busy machine, short enough that a hopeless wait is told
// with its reason before the test binary's own timeout.
const patience = 2 * time.Minute

// Eventually calls check until it returns nil, and fails the test with its last error when it does
// not within two minutes.
func Eventually(t testing.TB, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("waiting: %v; last: %v", err, last)
	}
}

package vpsie

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The limiter with the real clock's hooks: a burst at once, then one request per 600 ms.
func TestLimiterPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Options{Burst: 3}.withDefaults())
		began := time.Now()
		for range 3 {
			if err := l.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if passed := time.Since(began); passed != 0 {
			t.Errorf("the burst took %v", passed)
		}
		for range 100 {
			if err := l.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if passed := time.Since(began).Round(time.Millisecond); passed != time.Minute {
			t.Errorf("another hundred requests took %v", passed)
		}
	})
}

// A caller that cannot wait is told at once, and its place goes to the next.
func TestLimiterTellsImpatientCallersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Options{Burst: 1}.withDefaults())
		if err := l.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 50 {
			hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if err := l.wait(hasty); ClassOf(err) != Throttled || RetryAfter(err) == 0 {
				t.Errorf("wait = %v, want class Throttled with a time", err)
			}
			cancel()
		}
		if passed := time.Since(began); passed != 0 {
			t.Errorf("the refusals took %v", passed)
		}
		leaving, leave := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, leave)
		if err := l.wait(leaving); !errors.Is(err, context.Canceled) {
			t.Errorf("wait = %v, want context.Canceled", err)
		}
		if err := l.wait(t.Context()); err != nil {
			t.Error(err)
		}
		if passed := time.Since(began).Round(time.Millisecond); passed != 600*time.Millisecond {
			t.Errorf("the next request went after %v, want 600ms", passed)
		}
	})
}

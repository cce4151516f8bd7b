package cloud

import (
	"testing"
	"time"
)

// TestBackoffsGrow doubles waits up to their limit, whatever the flags say.
func TestBackoffsGrow(t *testing.T) {
	for _, tc := range []struct {
		growth   Growth
		failures int
		want     time.Duration
	}{
		{Growth{}, 1, time.Minute},
		{Growth{}, 3, 4 * time.Minute},
		{Growth{}, 9, 30 * time.Minute},
		{Growth{First: time.Second, Last: 3 * time.Second}, 1, time.Second},
		{Growth{First: time.Second, Last: 3 * time.Second}, 2, 2 * time.Second},
		{Growth{First: time.Second, Last: 3 * time.Second}, 8, 3 * time.Second},
	} {
		if got := tc.growth.After(tc.failures); got != tc.want {
			t.Errorf("%+v after %d failures: %s, want %s", tc.growth, tc.failures, got, tc.want)
		}
	}
}

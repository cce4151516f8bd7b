package main

import (
	"runtime"
	"testing"
)

// Memory is returned when the controller has stopped to allocate, and not in the middle of its work.
func TestControllerThatAllocatesIsNotAtRest(t *testing.T) {
	const heap = 300 << 20
	for allocated, want := range map[uint64]bool{0: true, 20 << 20: true, 31 << 20: false, 2 * heap: false} {
		if got := atRest(1000, &runtime.MemStats{TotalAlloc: 1000 + allocated, HeapAlloc: heap}); got != want {
			t.Errorf("%d bytes allocated beside a heap of %d: at rest %t, want %t", allocated, heap, got, want)
		}
	}
}

package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// collectEarly has garbage collected when the heap has grown by half, not doubled: in a large cluster most of
// it is the cache, and the processor has little to do. The variable GOGC goes before it.
func collectEarly() {
	const percent = 50
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// memoryLook is the time between two looks at whether the controller is at rest.
const memoryLook = 10 * time.Second

// returnMemory gives the system what is not in use, once each time that the controller comes to rest, until the context
// ends. Reading a large cluster, or deciding about a thousand pods, needs much more than what is kept, and the runtime
// would hold on to it for as long as nothing happens.
func returnMemory(ctx context.Context) error {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	returned := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(memoryLook):
		}
		runtime.ReadMemStats(&now)
		switch {
		case !atRest(before.TotalAlloc, &now):
			returned = false
		case !returned:
			debug.FreeOSMemory()
			returned = true
		}
		before = now
	}
}

// atRest says that little was allocated since the total was as it was before, beside what the heap holds.
func atRest(before uint64, now *runtime.MemStats) bool {
	return now.TotalAlloc-before < now.HeapAlloc/10
}

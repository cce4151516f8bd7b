// Package simulate runs the real planner against a workload over simulated time: weeks of
// pods, a simple scheduler, and a cloud whose machines take time to boot and sometimes
// fail. It says what settings would have cost, how long pods would have waited, and how
// many would have been disrupted.
//
// A simulation is deterministic: the same input and seed give the same result. It asks
// nobody and reads no clock.
package simulate

package scale

import (
	"fmt"
	"time"
)

const mebi = 1 << 20

// Header is the head of the table in docs/performance.md.
const Header = `| nodes / pods | caches filled | first decision | resident at rest, most | heap | CPU at rest, stream, pods replaced | rounds a minute, mean | grown | unschedulable → order: median, worst |
|---|---|---|---|---|---|---|---|---|`

// Row is the report as a row of that table. Rounds and growth are those of the phase in which pods are replaced.
func (r *Report) Row(length time.Duration) string {
	median, worst := time.Duration(0), time.Duration(0)
	if n := len(r.Waits); n > 0 {
		median, worst = r.Waits[n/2], r.Waits[n-1]
	}
	ms := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	return fmt.Sprintf("| %d / %d | %s | %s | %d MiB, %d MiB | %d MiB | %.1f %%, %.1f %%, %.1f %% | %.0f, %s | %+d MiB | %s, %s |",
		r.Nodes, r.Pods, r.Ready.Round(100*time.Millisecond), r.Decided.Round(100*time.Millisecond),
		r.Rest.Resident/mebi, r.MostResident/mebi, r.Rest.Heap/mebi, 100*r.Rest.CPU, 100*r.Stream.CPU, 100*r.Replaced.CPU,
		float64(r.Replaced.Rounds)/length.Minutes(), ms(r.Replaced.Round), r.Replaced.Grown/mebi, ms(median), ms(worst))
}

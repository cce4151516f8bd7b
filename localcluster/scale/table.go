package scale

import (
	"fmt"
	"time"
)

const mebi = 1 << 20

// String says what a phase used, in one line.
func (p Phase) String() string {
	return fmt.Sprintf("%.1f %% of a core, %d MiB resident (%+d), heap %d MiB, %d rounds of %s, %d requests",
		100*p.CPU, p.Resident/mebi, p.Grown/mebi, p.Heap/mebi, p.Rounds, p.Round.Round(time.Millisecond), p.Requests)
}

// Header is the head of the table in docs/performance.md.
const Header = `| nodes / pods | caches filled | first decision | resident at rest, most | heap | CPU at rest, under the stream | rounds a minute, mean | unschedulable → order: median, worst |
|---|---|---|---|---|---|---|---|`

// Row is the report as a row of that table.
func (r *Report) Row(length time.Duration) string {
	median, worst := time.Duration(0), time.Duration(0)
	if n := len(r.Waits); n > 0 {
		median, worst = r.Waits[n/2], r.Waits[n-1]
	}
	ms := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	return fmt.Sprintf("| %d / %d | %s | %s | %d MiB, %d MiB | %d MiB | %.1f %%, %.1f %% | %.0f, %s | %s, %s |",
		r.Nodes, r.Pods, r.Ready.Round(100*time.Millisecond), r.Decided.Round(100*time.Millisecond),
		r.Rest.Resident/mebi, r.MostResident/mebi, r.Rest.Heap/mebi, 100*r.Rest.CPU, 100*r.Stream.CPU,
		float64(r.Stream.Rounds)/length.Minutes(), ms(r.Stream.Round), ms(median), ms(worst))
}

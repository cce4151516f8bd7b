package simulate

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// The curve is held against the best of all ways to follow it second by second, found by trying all of them.
func TestStartsCostWhatTheBestPlanPays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		needed := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 12).Draw(t, "needed")
		start := rapid.IntRange(0, 5).Draw(t, "start")
		c, sum := newCurve(float64(start)), 0
		for second, n := range needed {
			c.becomes(plan.Hourly(n), float64(second))
			sum += n
		}
		if got, want := float64(sum)+c.starts, float64(followed(needed, start)); got != want {
			t.Fatalf("following %v with machines that start in %d s costs %g; want %g", needed, start, got, want)
		}
	})
}

// followed is the least that it costs to have as many machines as are needed each second, when each that is added costs
// its start.
func followed(needed []int, start int) int {
	const most = 4
	best := make([]int, most+1) // by how many machines there are
	for had := 1; had <= most; had++ {
		best[had] = 1 << 30
	}
	for _, n := range needed {
		next := make([]int, most+1)
		for has := range next {
			next[has] = 1 << 30
			for had, cost := range best {
				if has >= n {
					next[has] = min(next[has], cost+has+start*max(has-had, 0))
				}
			}
		}
		best = next
	}
	least := best[0]
	for _, cost := range best {
		least = min(least, cost)
	}
	return least
}

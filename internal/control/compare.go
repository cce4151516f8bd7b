package control

import (
	"slices"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// comparing bounds the comparisons from scratch, which take a few times as long as a
// decision and which no purchase waits for: one at a time, beside the rounds, and no more
// than a hundredth of one core.
type comparing struct {
	mu   sync.Mutex
	busy bool
	next time.Time
}

const (
	comparedShare = 100
	comparedPause = 2 * time.Second
)

func (c *comparing) begin(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy || now.Before(c.next) {
		return false
	}
	c.busy = true
	return true
}

func (c *comparing) end(now time.Time, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy, c.next = false, now.Add(max(comparedPause, comparedShare*took))
}

// compare starts a comparison of the decision's cost with the least that is possible,
// unless the last one was a moment ago. What the state points to is read-only for
// everybody, but the next round changes the list of its pods.
func (r *recorder) compare(state *plan.State, decision *plan.Plan) {
	if !r.comparing.begin(state.Now) {
		return
	}
	own := *state
	own.Pods = slices.Clone(state.Pods)
	state = &own
	go func() {
		began := r.Clock.Now()
		f := plan.CompareFromScratch(state, decision)
		r.Metrics.FromScratch(f)
		r.Journal.Compare(observe.NewCompared(state.Now, decision.Cost.After, f))
		r.comparing.end(r.Clock.Now(), r.Clock.Since(began))
	}()
}

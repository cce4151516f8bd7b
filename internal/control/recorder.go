package control

import (
	"time"

	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// recorder keeps what rounds decided, and what it costs.
type recorder struct {
	Clock   clock.PassiveClock
	Metrics *observe.Metrics
	Journal *observe.Journal
	// Spend adds up what machines cost; nil counts nothing.
	Spend *observe.Spend
	// heard are the changes that start rounds.
	heard news
	// comparing works out beside the rounds how far the cost is from the least.
	comparing comparing
}

// record notes in the journal what was decided and what became of it.
func (r *recorder) record(now time.Time, p *plan.Plan, machines map[string]string, faults map[string]fault, acted error) {
	entry := observe.NewRound(now, p, machines)
	entry.Triggers = r.heard.take()
	for group, f := range faults {
		if entry.Faults == nil {
			entry.Faults = map[string]string{}
		}
		entry.Faults[group] = f.message
	}
	if acted != nil {
		entry.Error = acted.Error()
	}
	r.Journal.Note(entry)
}

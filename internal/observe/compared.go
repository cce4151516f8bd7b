package observe

import (
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Compared is how far the cost was from the least that is possible, as of a round. Its
// amounts are per hour, as events print them.
type Compared struct {
	At         time.Time `json:"at"`
	Cost       string    `json:"costPerHour"`
	LowerBound string    `json:"lowerBoundPerHour"`
	Known      string    `json:"cheapestKnownPerHour"`
	NotCounted int       `json:"podsNotCounted,omitempty"`
	// Difference adds up to Cost - LowerBound, but for what rounding loses.
	Difference []Difference `json:"difference"`
}

// Difference is a part of what is paid above the bound, and what for.
type Difference struct {
	Reason plan.DifferenceReason `json:"reason"`
	Cost   string                `json:"perHour"`
}

// NewCompared is a comparison as the journal keeps it.
func NewCompared(at time.Time, after plan.Hourly, f *plan.FromScratch) *Compared {
	c := &Compared{
		At: at.UTC(), Cost: after.String(), LowerBound: f.LowerBound.String(), Known: f.Known.String(),
		NotCounted: f.NotCounted, Difference: []Difference{},
	}
	for _, d := range f.Difference {
		c.Difference = append(c.Difference, Difference{d.Reason, d.Cost.String()})
	}
	return c
}

// Compare keeps the newest comparison.
func (j *Journal) Compare(c *Compared) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.compared = c
}

func (j *Journal) comparison() *Compared {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.compared
}

package explain

import (
	"fmt"
	"math"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// micro is millionths of the currency.
type micro int64

// parseMicro reads an hourly price as statuses print it; what is none is nothing.
func parseMicro(text string) micro {
	m, err := plan.ParseMoney(text)
	if err != nil {
		return 0
	}
	return micro(m)
}

// String writes four decimals, as all hourly prices have.
func (m micro) String() string { return fmt.Sprintf("%.4f", float64(m)/1e6) }

// times is a part of the amount.
func (m micro) times(part float64) micro { return micro(math.Round(float64(m) * part)) }

// hoursPerMonth is the cloud's billing month.
const hoursPerMonth = 720

// Bound is how far the last round's cost is from the least that could be proved.
type Bound struct {
	After      string  `json:"afterPerHour"`
	LowerBound string  `json:"lowerBoundPerHour"`
	Ratio      float64 `json:"ratio"`
}

// bound is the last round's; nil when none is known.
func (r Rounds) bound() *Bound {
	now := r.current()
	if now == nil {
		return nil
	}
	b := &Bound{After: now.Cost.After, LowerBound: now.Cost.LowerBound, Ratio: 1}
	if least := parseMicro(b.LowerBound); least > 0 {
		b.Ratio = float64(parseMicro(b.After)) / float64(least)
	}
	return b
}

// costLine is an hourly cost in words. The month is rounded, as hourly prices are.
func costLine(cost string, b *Bound) string {
	text := fmt.Sprintf("%s an hour, about %.0f a month", cost, float64(parseMicro(cost))/1e6*hoursPerMonth)
	if b != nil {
		text += fmt.Sprintf("; the last round's decision costs %s, its proved lower bound is %s (ratio %.3f)", b.After, b.LowerBound, b.Ratio)
	}
	return text
}

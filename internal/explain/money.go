package explain

import (
	"fmt"
	"math"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
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

// Bound is how far the cost is from the least that could be proved.
type Bound struct {
	// After is what the machines cost after the last decision, and LowerBound the least
	// that decision could have cost beside the machines that stay.
	After      string `json:"afterPerHour"`
	LowerBound string `json:"lowerBoundPerHour"`
	// FromScratch is the least that machines for the present pods can cost, whichever
	// there are now; nil when nobody has worked it out.
	FromScratch *observe.Compared `json:"fromScratch,omitempty"`
	// Ratio is the cost over the bound from scratch, of the same moment; 0 when there is none.
	Ratio float64 `json:"ratio,omitempty"`
}

// bound is the last round's; nil when none is known.
func (r Rounds) bound() *Bound {
	now := r.current()
	if now == nil {
		return nil
	}
	b := &Bound{After: now.Cost.After, LowerBound: now.Cost.LowerBound, FromScratch: r.FromScratch}
	if f := b.FromScratch; f != nil {
		if least := parseMicro(f.LowerBound); least > 0 {
			b.Ratio = float64(parseMicro(f.Cost)) / float64(least)
		}
	}
	return b
}

// difference prints why the machines cost more than the least that is possible.
func (b *Bound) difference(p *Page) {
	if b == nil || b.FromScratch == nil {
		return
	}
	f := b.FromScratch
	p.heading("WHY NOT LESS")
	p.line("  Machines for the present pods, all bought anew, cost at least %s an hour (proved); the cheapest known cost %s.", f.LowerBound, f.Known)
	if f.NotCounted > 0 {
		p.line("  %s not counted: nothing on sale would take them again.", observe.Count(f.NotCounted, "pod"))
	}
	var rows []row
	for _, d := range f.Difference {
		rows = append(rows, cells(d.Cost, string(d.Reason), d.Reason.Text()))
	}
	if len(rows) > 0 {
		p.grid([]string{"ABOVE/H", "REASON", "WHAT IT PAYS FOR"}, rows)
	}
}

// costLine is an hourly cost in words. The month is rounded, as hourly prices are.
func costLine(cost string, b *Bound) string {
	text := fmt.Sprintf("%s an hour, about %.0f a month", cost, float64(parseMicro(cost))/1e6*hoursPerMonth)
	if b != nil && b.After != cost {
		text += fmt.Sprintf(" (%s once the last decision is carried out)", b.After)
	}
	switch {
	case b == nil:
	case b.Ratio > 0:
		text += fmt.Sprintf("; the present pods need at least %s (proved), so the ratio is %.3f", b.FromScratch.LowerBound, b.Ratio)
	case b.FromScratch != nil:
		text += "; the present pods need none"
	}
	return text
}

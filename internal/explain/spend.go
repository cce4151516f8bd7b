package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Ways to divide what machines have cost.
const (
	SpendByGroup     = "group"
	SpendByNamespace = "namespace"
	SpendByOffering  = "offering"
	SpendByDay       = "day"
)

// SpendAnswer says what machines have cost, and for whom.
type SpendAnswer struct {
	// From is the begin of the first day that counts (UTC), Until up to when all is counted.
	From  time.Time   `json:"from"`
	Until time.Time   `json:"until"`
	By    string      `json:"by"`
	Total string      `json:"total"`
	Parts []SpendPart `json:"parts"`
	// Since is the first day of which anything is known; later than From when there is no more.
	Since string `json:"knownSince,omitempty"`
}

// SpendPart is a NodeGroup's, a namespace's, an offering's or a day's.
type SpendPart struct {
	Name  string  `json:"name"`
	Cost  string  `json:"cost"`
	Share float64 `json:"share"`
	cost  float64
}

// Spend sums up what is stored, from the day (UTC) on that the time is in.
func Spend(s *observe.Spent, from time.Time, by string) *SpendAnswer {
	a := &SpendAnswer{From: from.UTC().Truncate(24 * time.Hour), Until: s.Until, By: by, Parts: []SpendPart{}}
	first := a.From.Format(time.DateOnly)
	sums, total := map[string]float64{}, 0.0
	for _, day := range s.Days {
		if a.Since == "" || day.Day < a.Since {
			a.Since = day.Day
		}
		if day.Day < first {
			continue
		}
		for _, e := range day.Entries {
			name := map[string]string{SpendByGroup: e.Group, SpendByNamespace: e.Namespace, SpendByOffering: e.Offering, SpendByDay: day.Day}[by]
			sums[name] += e.Cost
			total += e.Cost
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		part := SpendPart{Name: name, Cost: fmt.Sprintf("%.4f", sums[name]), cost: sums[name]}
		if total > 0 {
			part.Share = sums[name] / total
		}
		a.Parts = append(a.Parts, part)
	}
	if by != SpendByDay {
		slices.SortStableFunc(a.Parts, func(x, y SpendPart) int { return cmp.Compare(y.cost, x.cost) })
	}
	a.Total = fmt.Sprintf("%.4f", total)
	return a
}

// Print writes the answer for a person.
func (a *SpendAnswer) Print(p *Page) {
	p.line("The machines have cost %s from %s (UTC) to %s.", a.Total, a.From.Format("2006-01-02 15:04"), p.clock(a.Until))
	if a.Since > a.From.Format(time.DateOnly) {
		p.line("Nothing is known of the time before %s.", a.Since)
	}
	if len(a.Parts) == 0 {
		return
	}
	p.heading("BY %s", map[string]string{SpendByGroup: "NODE GROUP", SpendByNamespace: "NAMESPACE", SpendByOffering: "OFFERING", SpendByDay: "DAY"}[a.By])
	var rows []row
	for _, part := range a.Parts {
		rows = append(rows, cells(part.Name, part.Cost, fmt.Sprintf("%.1f%%", 100*part.Share)))
	}
	p.grid([]string{"NAME", "COST", "SHARE"}, rows)
	if a.By == SpendByNamespace {
		p.line("  A namespace pays the part of a node that its pods ask for, half by cpu and half by memory; %s is what no pod asks for.", observe.NobodysNamespace)
	}
}

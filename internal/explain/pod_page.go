package explain

import (
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Print writes the answer for a person.
func (a *PodAnswer) Print(p *Page) {
	p.news(a.Mood, "Pod %s %s.", a.Pod, a.Summary)
	p.line("  since %s", p.ago(a.Since))
	if a.Machine != nil {
		p.machine(a.Machine)
	}
	if len(a.Refusals) > 0 {
		p.heading("WHY")
		var rows []row
		for _, r := range a.Refusals {
			rows = append(rows, cells(orDash(r.Group), orDash(observe.Some(r.Types)), string(r.Reason), r.Message))
		}
		p.grid([]string{"NODE GROUP", "TYPES", "REASON", "WHAT IT MEANS"}, rows)
	}
	if len(a.Notes) > 0 {
		p.heading("BESIDES")
		p.list(a.Notes)
	}
	if len(a.Changes) > 0 {
		p.heading("WHAT WOULD CHANGE IT")
		p.list(a.Changes)
	}
	p.history(a.History)
	p.source(a.rounds)
}

func (p *Page) history(facts []Fact) {
	if len(facts) == 0 {
		return
	}
	p.heading("BEFORE")
	for _, f := range facts {
		p.line("  %s  %s", p.clock(f.At), f.What)
	}
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

package explain

import (
	"fmt"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Print writes the answer for a person.
func (a *NodeAnswer) Print(p *Page) {
	p.news(a.Mood, "Node %s %s.", a.Node, a.Summary)
	if a.machine != nil {
		a.identity(p)
	}
	if a.Machine != nil {
		p.machine(a.Machine)
	}
	if a.Reason != "" {
		p.line("  reason: %s", a.Reason)
	}
	if a.Load != nil {
		p.line("  its pods, those of DaemonSets apart, ask for %s", a.Load)
	}
	if timers := a.telling(); len(timers) > 0 {
		p.heading("TIMERS")
		for _, t := range timers {
			state := "runs out at " + p.ago(t.Until)
			if t.Over {
				state = "has run out"
			}
			p.line("  - %s; %s", t.What, state)
		}
	}
	a.pods(p)
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

// telling are the timers that matter: all of a node that may go, else those that run.
func (a *NodeAnswer) telling() []Timer {
	return only(a.Timers, func(t Timer) bool { return !t.Over || a.machine.Annotations[v1alpha1.AnnotationUnneededSince] != "" })
}

func (a *NodeAnswer) identity(p *Page) {
	m := a.machine
	line := fmt.Sprintf("  VPSieNode %s of NodeGroup %s", m.Name, m.Spec.NodeGroupName)
	if m.Spec.VPSieInstanceID != 0 {
		line += fmt.Sprintf(", VPS %d", m.Spec.VPSieInstanceID)
	}
	if a.Price != "" {
		line += fmt.Sprintf(", %s an hour", a.Price)
	}
	p.line("%s", line)
	p.line("  bought: %s", a.Bought)
	life := make([]string, 0, len(a.Life))
	for _, f := range a.Life {
		life = append(life, f.What+" "+p.clock(f.At))
	}
	p.line("  %s", strings.Join(life, ", "))
}

func (a *NodeAnswer) pods(p *Page) {
	var movers, staying, replaced []string
	var held []row
	for _, h := range a.Pods {
		switch {
		case h.Stays:
			staying = append(staying, h.Pod)
		case h.Restarts != "":
			replaced = append(replaced, h.Pod)
		case h.Why == "":
			movers = append(movers, h.Pod)
		default:
			held = append(held, row{[]string{h.Pod, h.Why}, Busy})
		}
	}
	if len(a.Pods) == 0 {
		return
	}
	p.heading("PODS")
	if len(held) > 0 {
		p.grid([]string{"POD", "HOLDS THE NODE"}, held)
	}
	if len(movers) > 0 {
		p.line("  %s would move: %s", observe.Count(len(movers), "pod"), observe.Some(movers))
	}
	if len(replaced) > 0 {
		p.line("  %s would be replaced before the node goes, by a restart of %s (disruption.drainSurge): %s",
			observe.Count(len(replaced), "pod"), observe.Some(a.restarts()), observe.Some(replaced))
	}
	if len(staying) > 0 {
		p.line("  %s of DaemonSets or the node itself: %s", observe.Count(len(staying), "pod"), observe.Some(staying))
	}
}

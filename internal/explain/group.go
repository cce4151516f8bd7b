package explain

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// GroupAnswer says how a NodeGroup is, and why.
type GroupAnswer struct {
	GroupStatus
	Conditions []metav1.Condition `json:"conditions"`
	// Schedules are those that are active, and until when the bounds stay as they are.
	Schedules []Fact `json:"activeSchedules,omitempty"`
	// Kept counts the nodes that stay by why.
	Kept map[plan.KeptReason][]string `json:"keptNodes,omitempty"`
	// Refuses are the pods that it takes no node for, by why.
	Refuses map[plan.RefusalReason][]string `json:"refusedPods,omitempty"`
	// Next are the nodes that go, or could go but for a timer.
	Next    []Reduction `json:"next,omitempty"`
	Moving  []*Machine  `json:"machines,omitempty"`
	History []Fact      `json:"history,omitempty"`
	Source  string      `json:"source"`
	rounds  Rounds
}

// NoGroup says that there is no NodeGroup of that name, and which there are.
type NoGroup struct {
	Name  string
	Known []string
}

func (e NoGroup) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no NodeGroup %q, and no other", e.Name)
	}
	return fmt.Sprintf("there is no NodeGroup %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

func (s *Scene) noGroup(name string) error {
	err := NoGroup{Name: name}
	for _, other := range s.Groups {
		err.Known = append(err.Known, other.Name)
	}
	slices.Sort(err.Known)
	return err
}

// Group answers for a NodeGroup.
func Group(s *Scene, name string) (*GroupAnswer, error) {
	g := s.group(name)
	if g == nil {
		return nil, s.noGroup(name)
	}
	a := &GroupAnswer{GroupStatus: s.groupStatus(g), Conditions: g.Status.Conditions, Source: s.Rounds.Source, rounds: s.Rounds}
	limits := cluster.LimitsOf(g, s.Now)
	for _, active := range limits.Active {
		a.Schedules = append(a.Schedules, Fact{active, limits.Until})
	}
	if now := s.Rounds.current(); now != nil {
		a.Kept, a.Refuses = map[plan.KeptReason][]string{}, map[plan.RefusalReason][]string{}
		for _, k := range now.Kept {
			if k.Group == name {
				a.Kept[k.Reason] = append(a.Kept[k.Reason], k.Node)
			}
		}
		for _, w := range now.Waiting {
			for _, reason := range reasonsFrom(w.Refusals, name) {
				a.Refuses[reason] = append(a.Refuses[reason], w.Pods...)
			}
		}
	}
	for _, m := range s.Machines {
		if m.Spec.NodeGroupName == name && (m.Status.Phase != "Ready" || !m.DeletionTimestamp.IsZero()) {
			a.Moving = append(a.Moving, s.about(m))
		}
	}
	a.Next = slices.DeleteFunc(s.savings(), func(r Reduction) bool { return r.group != name })
	if !s.Rounds.Planned {
		for _, r := range s.Rounds.List {
			a.History = append(a.History, happened(r, name)...)
		}
	}
	return a, nil
}

// reasonsFrom are the reasons for which the group refuses, each once.
func reasonsFrom(list []plan.Refusal, group string) []plan.RefusalReason {
	var reasons []plan.RefusalReason
	for _, r := range list {
		if r.Group == group && !slices.Contains(reasons, r.Reason) {
			reasons = append(reasons, r.Reason)
		}
	}
	return reasons
}

// happened is what a round did with the group's machines.
func happened(r *observe.Round, group string) []Fact {
	var facts []Fact
	for i := range r.Launches {
		if l := &r.Launches[i]; l.Group == group {
			facts = append(facts, Fact{"ordered: " + boughtFor(l), r.First})
		}
	}
	for _, x := range r.Removals {
		if x.Group == group {
			facts = append(facts, Fact{fmt.Sprintf("removed %s (%s), which saves %s an hour", x.Node, x.Reason, x.Saves), r.First})
		}
	}
	return facts
}

// Print writes the answer for a person.
func (a *GroupAnswer) Print(p *Page) {
	p.news(a.Mood, "NodeGroup %s: %s.", a.Name, strings.Join(a.News, "; "))
	p.line("  %d of %s ready, minNodes %d, maxNodes %d, %s an hour (%s)", a.Ready, observe.Count(int(a.Desired), "wanted node"), a.Min, a.Max, orDash(a.Cost), orDash(a.Types))
	for _, f := range a.Schedules {
		p.line("  schedule %s is active; the next start or end is at %s (kubectl vpsie schedule %s)", f.What, f.At.In(p.now.Location()).Format("2006-01-02 15:04:05 MST"), a.Name)
	}
	if len(a.Conditions) > 0 {
		p.heading("CONDITIONS")
		var rows []row
		for _, c := range a.Conditions {
			rows = append(rows, cells(c.Type, string(c.Status), c.Reason, p.ago(c.LastTransitionTime.Time), c.Message))
		}
		p.grid([]string{"TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"}, rows)
	}
	if len(a.Moving) > 0 {
		p.heading("MACHINES ON THEIR WAY IN OR OUT")
		for _, m := range a.Moving {
			p.machine(m)
		}
	}
	tally(p, "PODS THAT IT TAKES NO NODE FOR", a.Refuses)
	tally(p, "NODES THAT STAY", a.Kept)
	next(p, a.Next)
	p.history(a.History)
	p.source(a.rounds)
}

// tally prints names by reason, the most first.
func tally[R ~string](p *Page, heading string, names map[R][]string) {
	if len(names) == 0 {
		return
	}
	reasons := make([]R, 0, len(names))
	for r := range names {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(x, y R) int {
		if n := len(names[y]) - len(names[x]); n != 0 {
			return n
		}
		return strings.Compare(string(x), string(y))
	})
	p.heading("%s", heading)
	var rows []row
	for _, r := range reasons {
		rows = append(rows, cells(fmt.Sprint(len(names[r])), string(r), observe.Some(names[r])))
	}
	p.grid([]string{"COUNT", "REASON", "WHICH"}, rows)
}

// next prints what goes, and when.
func next(p *Page, list []Reduction) {
	if len(list) == 0 {
		return
	}
	p.heading("WHAT GOES NEXT")
	var rows []row
	for _, r := range list {
		rows = append(rows, cells(r.Node, orDash(r.Saves), r.Why))
	}
	p.grid([]string{"NODE", "SAVES/H", "WHY, AND WHEN"}, rows)
}

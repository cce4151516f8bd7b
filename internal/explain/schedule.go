package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// ScheduleAnswer says which bounds NodeGroups will have, and what they then cost.
type ScheduleAnswer struct {
	From   time.Time       `json:"from"`
	To     time.Time       `json:"to"`
	Groups []GroupSchedule `json:"nodeGroups"`
	// Least and Most are what all groups cost in that time; empty when a price is not known.
	Least string `json:"leastCost,omitempty"`
	Most  string `json:"mostCost,omitempty"`
	// Unscheduled are the groups without schedules; their costs are in Least and Most.
	Unscheduled int `json:"nodeGroupsWithoutSchedules"`
}

// GroupSchedule is a NodeGroup's part.
type GroupSchedule struct {
	Name  string `json:"name"`
	Spans []Span `json:"spans"`
	// Least and Most are what it costs in that time: minNodes of the cheapest instance type,
	// and maxNodes of the dearest or what limits.costPerMonth allows.
	Least string `json:"leastCost,omitempty"`
	Most  string `json:"mostCost,omitempty"`
	// Problems say what of its schedules and overrides cannot be read.
	Problems []string `json:"problems,omitempty"`
}

// Span is a time in which a NodeGroup's bounds stay as they are.
type Span struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Schedules []string  `json:"schedules,omitempty"`
	Min       int       `json:"minNodes"`
	Max       int       `json:"maxNodes"`
	Paused    bool      `json:"paused,omitempty"`
	Least     string    `json:"leastCostPerHour,omitempty"`
	Most      string    `json:"mostCostPerHour,omitempty"`
}

// Schedule answers for all NodeGroups, or for the one named, from now on. state has what
// can be bought; nil when that is not known.
func Schedule(s *Scene, name string, long time.Duration, state *plan.State) (*ScheduleAnswer, error) {
	if name != "" && s.group(name) == nil {
		return nil, s.noGroup(name)
	}
	from := s.Now.Truncate(time.Second)
	a := &ScheduleAnswer{From: from, To: from.Add(long), Groups: []GroupSchedule{}}
	var least, most micro
	known := true
	for _, g := range s.Groups {
		if name != "" && g.Name != name {
			continue
		}
		price := pricesOf(g, state)
		group := GroupSchedule{Name: g.Name, Problems: cluster.LimitsOf(g, s.Now).Problems}
		groupLeast, groupMost := micro(0), micro(0)
		for _, span := range cluster.Spans(g, from, long) {
			l := &span.Limits
			one := Span{From: span.From, To: span.To, Schedules: l.Active, Min: l.Min, Max: l.Max, Paused: l.Paused}
			if price.known {
				low, high := price.bounds(l)
				hours := span.To.Sub(span.From).Hours()
				groupLeast, groupMost = groupLeast+low.times(hours), groupMost+high.times(hours)
				one.Least, one.Most = low.String(), high.String()
			}
			group.Spans = append(group.Spans, one)
		}
		known = known && price.known
		if price.known {
			group.Least, group.Most = inMoney(groupLeast), inMoney(groupMost)
			least, most = least+groupLeast, most+groupMost
		}
		if len(g.Spec.Schedules) == 0 && name == "" {
			a.Unscheduled++
			continue
		}
		a.Groups = append(a.Groups, group)
	}
	if known {
		a.Least, a.Most = inMoney(least), inMoney(most)
	}
	return a, nil
}

// prices are an hour of the cheapest and of the dearest instance type of a NodeGroup, and of
// all that its limit allows; 0 when it has none.
type prices struct {
	known                 bool
	cheap, dear, allowing micro
}

// pricesOf looks up what the group may buy.
func pricesOf(g *v1alpha1.NodeGroup, state *plan.State) prices {
	var p prices
	if state == nil {
		return p
	}
	for _, group := range state.Groups {
		if group.Name != g.Name {
			continue
		}
		if group.Limits.Cost != nil {
			p.allowing = perHour(*group.Limits.Cost)
		}
		offered := map[plan.OfferKey]bool{}
		for _, k := range group.Buys() {
			offered[k] = true
		}
		for _, o := range state.Offers {
			if !offered[o.Key()] {
				continue
			}
			price := perHour(o.Price)
			if !p.known || price < p.cheap {
				p.cheap = price
			}
			p.known, p.dear = true, max(p.dear, price)
		}
	}
	return p
}

// perHour is an hour of a price per month.
func perHour(month plan.Money) micro { return micro(month).times(1.0 / hoursPerMonth) }

// bounds are the least and the most that the bounds of nodes cost an hour.
func (p prices) bounds(l *cluster.Limits) (least, most micro) {
	least, most = micro(l.Min)*p.cheap, micro(l.Max)*p.dear
	if p.allowing > 0 {
		most = max(min(most, p.allowing), least)
	}
	return least, most
}

// inMoney writes an amount with two decimals.
func inMoney(m micro) string { return fmt.Sprintf("%.2f", float64(m)/1e6) }

// Print writes the answer for a person.
func (a *ScheduleAnswer) Print(p *Page) {
	if len(a.Groups) == 0 {
		p.news(Good, "No NodeGroup has schedules; spec.schedules gives one other bounds at certain times.")
		return
	}
	zone := a.From.Format("MST")
	for i := range a.Groups {
		g := &a.Groups[i]
		if i > 0 {
			p.line("")
		}
		p.news(Good, "NodeGroup %s, from %s to %s%s", g.Name, day(a.From), day(a.To), costs(g.Least, g.Most))
		var rows []row
		for _, s := range g.Spans {
			what := strings.Join(s.Schedules, ", ")
			if s.Paused {
				what = strings.TrimPrefix(what+"; paused", "; ")
			}
			rows = append(rows, cells(day(s.From), day(s.To), orDash(what), fmt.Sprint(s.Min), fmt.Sprint(s.Max), orDash(s.Least), orDash(s.Most)))
		}
		p.grid([]string{"FROM (" + zone + ")", "UNTIL", "SCHEDULES", "MIN", "MAX", "LEAST/H", "MOST/H"}, rows)
		p.list(g.Problems)
	}
	if n := len(a.Groups) + a.Unscheduled; n > 1 {
		p.line("")
		p.line("All %s%s", observe.Count(n, "NodeGroup"), costs(a.Least, a.Most))
	}
}

// day is a time as the table of schedules writes it.
func day(t time.Time) string { return t.Format("Mon 2 Jan 15:04") }

func costs(least, most string) string {
	if least == "" {
		return "; what it costs is not known"
	}
	return fmt.Sprintf(": between %s and %s", least, most)
}

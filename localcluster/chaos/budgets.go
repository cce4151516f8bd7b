package chaos

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// timetable is a schedule of disruption budgets, in the shortest time that a cron expression has: minutes.
type timetable struct {
	cron    v1alpha1.Cron
	zone    v1alpha1.TimeZone
	seconds int32
	// active says by the minute of the hour in UTC whether it is active: the judge reads no cron expressions.
	active func(minute int) bool
}

func timetables() []timetable {
	even := func(minute int) bool { return minute%2 == 0 }
	odd := func(minute int) bool { return minute%2 == 1 }
	return []timetable{
		{"*/2 * * * *", "", 60, even},
		{"1-59/2 * * * *", "", 60, odd},
		{"*/2 * * * *", "Asia/Kathmandu", 60, odd}, // 5:45 ahead
		{"*/3 * * * *", "", 120, func(minute int) bool { return minute%3 != 2 }},
		{"* * * * *", "", 90, func(int) bool { return true }},   // its starts overlap
		{"0 0 29 2 *", "", 60, func(int) bool { return false }}, // a minute in four years
	}
}

// put gives the budget the timetable.
func (t timetable) put(b v1alpha1.DisruptionBudget) v1alpha1.DisruptionBudget {
	b.Cron, b.TimeZone, b.DurationSeconds = t.cron, t.zone, new(t.seconds)
	return b
}

// timetableOf is that of the budget; the zero one, which has no cron, is always active.
func timetableOf(b *v1alpha1.DisruptionBudget) timetable {
	for _, t := range timetables() {
		if t.cron == b.Cron && t.zone == b.TimeZone {
			return t
		}
	}
	return timetable{active: func(int) bool { return true }}
}

// during says whether it is active at some time of the span, and whether at all times.
func (t timetable) during(from, to time.Time) (some, all bool) {
	all = true
	for at := from.UTC().Truncate(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		active := t.active(at.Minute())
		some, all = some || active, all && active
	}
	return some, all
}

// someBudgets are disruption budgets that a person may give a NodeGroup.
func someBudgets(die uint64) []v1alpha1.DisruptionBudget {
	draw := func(n int) int {
		drawn := die % uint64(n)
		die /= uint64(n)
		return int(drawn)
	}
	tables := timetables()
	limit := func(nodes intstr.IntOrString, reasons ...v1alpha1.DisruptionReason) v1alpha1.DisruptionBudget {
		return v1alpha1.DisruptionBudget{Nodes: &nodes, Reasons: reasons}
	}
	limits := []v1alpha1.DisruptionBudget{
		limit(intstr.FromInt32(0)),
		limit(intstr.FromInt32(1)),
		limit(intstr.FromInt32(2)),
		limit(intstr.FromString("50%")),
		limit(intstr.FromInt32(1), "Drifted", "Expired"),
		limit(intstr.FromInt32(0), "Replaced", "Underutilized"),
		limit(intstr.FromString("0%"), "Drifted"),
		tables[draw(len(tables))].put(limit(intstr.FromInt32(0))),
		tables[draw(len(tables))].put(limit(intstr.FromString("20%"), "Empty", "Replaced")),
	}
	budgets := []v1alpha1.DisruptionBudget{limits[draw(len(limits))]}
	switch draw(4) {
	case 0:
		return nil
	case 1:
		budgets = append(budgets, tables[draw(len(tables))].put(v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow}))
	case 2:
		budgets = append(budgets, tables[draw(len(tables))].put(v1alpha1.DisruptionBudget{
			Kind: v1alpha1.DisruptionWindow, Reasons: []v1alpha1.DisruptionReason{"Underutilized", "Replaced", "Drifted"},
		}))
	}
	return budgets
}

// editions are the disruption budgets that a NodeGroup has had, by its generation, the oldest first.
type editions []edition

type edition struct {
	generation int64
	budgets    []v1alpha1.DisruptionBudget
}

// of are the budgets that the NodeGroup had in that generation.
func (all editions) of(generation int64) []v1alpha1.DisruptionBudget {
	var last []v1alpha1.DisruptionBudget
	for _, e := range all {
		if e.generation <= generation {
			last = e.budgets
		}
	}
	return last
}

// disrupted finds nodes that went against the disruption budgets of their group: against those of each edition that whoever
// removed them could have decided by.
func (e *evidence) disrupted() []violation {
	var found []violation
	for uid, m := range e.machines {
		if !e.decides(&m) {
			continue
		}
		why := ""
		for _, generation := range e.minds[m.name] {
			if why = e.forbids(&m, e.budgets[m.group].of(generation)); why == "" {
				break
			}
		}
		if why != "" {
			why += fmt.Sprintf("; its remover had been given generation %v, and the budgets were %+v", e.minds[m.name], e.budgets[m.group])
			found = append(found, violation{at: m.left, what: why, hostnames: []string{m.name}, uids: []types.UID{uid}})
		}
	}
	return found
}

// decides says that a controller has removed the machine by a decision of its own. Those that somebody else may have ended are
// left out.
func (e *evidence) decides(m *machineLife) bool {
	return !m.left.IsZero() && m.removal != "" && !e.excuses[m.name]
}

// forbids says which of the budgets does not let the machine go when it went.
func (e *evidence) forbids(m *machineLife, budgets []v1alpha1.DisruptionBudget) string {
	for i := range budgets {
		b := &budgets[i]
		if len(b.Reasons) > 0 && !slices.Contains(b.Reasons, v1alpha1.DisruptionReason(m.removal)) {
			continue
		}
		some, all := timetableOf(b).during(m.left.Add(-windowSlack), m.left.Add(slack))
		if b.Kind == v1alpha1.DisruptionWindow {
			if !some {
				return fmt.Sprintf("%s goes (%s) while the window of NodeGroup %s is closed", m.name, m.removal, m.group)
			}
			continue
		}
		if leaving, allowed := e.leaving(m, b.Reasons), e.allowed(m, b.Nodes); all && leaving > allowed {
			return fmt.Sprintf("%d nodes of NodeGroup %s leave when %s goes (%s); a disruption budget allows %s", leaving, m.group, m.name, m.removal, b.Nodes)
		}
	}
	return ""
}

// leaving is how many nodes of the machine's group leave for the reasons when it goes, itself among them.
func (e *evidence) leaving(m *machineLife, reasons []v1alpha1.DisruptionReason) int {
	n := 0
	for _, o := range e.machines {
		if o.group == m.group && e.decides(&o) && (len(reasons) == 0 || slices.Contains(reasons, v1alpha1.DisruptionReason(o.removal))) &&
			!o.left.After(m.left) && (o.gone.IsZero() || o.gone.After(m.left.Add(slack))) {
			n++
		}
	}
	return n
}

// allowed is how many nodes a budget lets leave at most, by the most nodes that the machine's group could be thought to have.
func (e *evidence) allowed(m *machineLife, nodes *intstr.IntOrString) int {
	if nodes.Type == intstr.Int {
		return nodes.IntValue()
	}
	there := 0
	for _, o := range e.machines {
		if o.group == m.group && o.born.Before(m.left.Add(slack)) && (o.gone.IsZero() || o.gone.After(m.left.Add(-windowSlack))) {
			there++
		}
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(nodes, there, false)
	if err != nil || n == 0 && nodes.StrVal != "0%" {
		return 1
	}
	return n
}

package simulate

import (
	"fmt"
	"io"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/page"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// mostShown is how many decisions a report shows.
const mostShown = 300

// Report writes the results as a page: all settings beside each other, nodes and decisions
// of the first.
func Report(w io.Writer, results []*Result) error {
	first := results[0]
	p := &page.Page{
		Title:    "What settings would have cost",
		Subtitle: fmt.Sprintf("%s, %s from %s, seed %d", first.Workload, days(first.End.Sub(first.Start)), first.Start.Format("2006-01-02 15:04"), first.Seed),
		Facts: []page.Fact{
			{Name: "paid with " + first.Setting, Value: first.Cost.Paid.String(), Note: "every started billing period"},
			{Name: "proved lower bound", Value: first.Cost.Bound.String(), Note: "no autoscaler can pay less for these pods"},
			{Name: "cost over the bound", Value: fmt.Sprintf("%.3f", first.Cost.Ratio), Note: "by the minute; 1 is the least possible"},
			{Name: "pods waited at most", Value: wait(first.Pending.P99), Note: "99 of 100; half of them " + wait(first.Pending.P50)},
			{Name: "pods disrupted", Value: fmt.Sprint(first.Disruptions), Note: "of " + observe.Count(first.Pods.Wanted, "pod")},
		},
		Tables: []page.Table{comparison(results)},
		Chart:  &page.Chart{Title: "Cost an hour over time", Unit: "an hour"},
	}
	for _, r := range results {
		line := page.Line{Name: "cost with " + r.Setting}
		for _, s := range r.Series {
			line.Points = append(line.Points, page.Point{At: s.At, Value: perHour(s.Cost)})
		}
		p.Chart.Lines = append(p.Chart.Lines, line)
	}
	decision, scratch := page.Line{Name: "lower bound of the decisions of " + first.Setting, Dashed: true}, page.Line{Name: "lower bound for the pods, all bought anew", Dashed: true}
	for _, s := range first.Series {
		decision.Points = append(decision.Points, page.Point{At: s.At, Value: perHour(s.DecisionBound)})
		scratch.Points = append(scratch.Points, page.Point{At: s.At, Value: perHour(s.Bound)})
	}
	p.Chart.Lines = append(p.Chart.Lines, decision, scratch)
	if first.Busiest != nil {
		p.Scenes = []page.Scene{sceneOf(first)}
	}
	for _, x := range first.Waiting {
		p.Waiting = append(p.Waiting, page.Waiting{Pods: fmt.Sprintf("%.1f pod-hours, such as %s", x.PodHours, x.Example), Reason: string(x.Reason), Message: x.Message})
	}
	p.Decisions, p.LeftOut = decisionsOf(first)
	return p.Write(w)
}

func perHour(h plan.Hourly) float64 { return float64(h) / 1e6 / plan.HoursPerMonth }

func comparison(results []*Result) page.Table {
	t := page.Table{Title: "Settings", Head: []string{"Setting", "Paid", "By the minute", "Lower bound", "Ratio", "Node-hours", "CPU", "Memory", "Wait p50", "p99", "Never ran", "Disrupted", "Bought"}}
	for _, r := range results {
		t.Rows = append(t.Rows, []string{
			r.Setting, r.Cost.Paid.String(), r.Cost.ByTheMinute.String(), r.Cost.Bound.String(), fmt.Sprintf("%.3f", r.Cost.Ratio), fmt.Sprintf("%.0f", r.NodeHours),
			percent(r.CPUUsed), percent(r.MemoryUsed), wait(r.Pending.P50), wait(r.Pending.P99), fmt.Sprint(r.Pods.NeverRan), fmt.Sprint(r.Disruptions), fmt.Sprint(r.Machines.Bought),
		})
	}
	return t
}

func sceneOf(r *Result) page.Scene {
	scene := page.Scene{Title: fmt.Sprintf("Nodes of %s when there were most: %s at %s", r.Setting, observe.Count(len(r.Busiest.Nodes), "machine"), r.Busiest.At.Format("2006-01-02 15:04"))}
	for _, n := range r.Busiest.Nodes {
		node := page.Node{Name: n.Name, Group: n.Group, Type: n.Type, Price: n.Price.String(), State: n.State, Mark: page.MarkOf(n.State), CPU: n.CPU, Memory: n.Memory}
		for _, pod := range n.Pods {
			node.Pods = append(node.Pods, page.Pod{Name: pod.Name, CPU: pod.CPU, Memory: pod.Memory})
		}
		scene.Nodes = append(scene.Nodes, node)
	}
	return scene
}

func decisionsOf(r *Result) (shown []page.Decision, leftOut int) {
	list := slices.Clone(r.Decisions)
	slices.Reverse(list)
	leftOut = r.DecisionsLeftOut
	if more := len(list) - mostShown; more > 0 {
		list, leftOut = list[:mostShown], leftOut+more
	}
	for _, d := range list {
		text := d.Text
		if d.Reason != "" {
			text = d.Reason + ", " + text
		}
		mark := map[string]string{Bought: "new", Removed: "gone", Failed: "bad", Refused: "bad"}[d.What]
		shown = append(shown, page.Decision{
			At: d.At.Format("2006-01-02 15:04:05"), What: d.What, Mark: mark, Subject: fmt.Sprintf("%s (%s, %s, %s an hour)", d.Node, d.Group, d.Type, d.Price), Text: text,
		})
	}
	return shown, leftOut
}

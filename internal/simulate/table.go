package simulate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/grid"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// writeTable prints the settings beside each other, then what each bought.
func writeTable(w io.Writer, results []*Result) error {
	out := &text{width: grid.WidthOf(w)}
	first := results[0]
	out.line("%s: %s, %s (seed %d)\n", first.Workload, days(first.End.Sub(first.Start)), observe.Count(first.Pods.Wanted, "pod"), first.Seed)
	t := grid.Table{
		Head:  []string{"SETTING", "PAID", "BY THE MINUTE", "LOWER BOUND", "RATIO", "NODE-HOURS", "CPU", "MEMORY", "WAIT P50", "P99", "NEVER RAN", "DISRUPTED"},
		Spare: []string{"NODE-HOURS", "BY THE MINUTE"},
	}
	for i, r := range results {
		paid := r.Cost.Paid.String()
		if i > 0 && first.Cost.Paid > 0 {
			paid += fmt.Sprintf(" (%+.1f%%)", 100*(float64(r.Cost.Paid)/float64(first.Cost.Paid)-1))
		}
		t.Rows = append(t.Rows, []string{
			r.Setting, paid, r.Cost.ByTheMinute.String(), r.Cost.Bound.String(), fmt.Sprintf("%.3f", r.Cost.Ratio), fmt.Sprintf("%.0f", r.NodeHours),
			percent(r.CPUUsed), percent(r.MemoryUsed), wait(r.Pending.P50), wait(r.Pending.P99), fmt.Sprint(r.Pods.NeverRan), fmt.Sprint(r.Disruptions),
		})
	}
	out.WriteString(t.String(out.width))
	for _, r := range results {
		out.details(r)
	}
	out.line("\nPAID counts started billing periods. CPU and MEMORY are what pods asked for of what the nodes offer.")
	_, err := io.WriteString(w, out.String())
	return err
}

// text is written in lines of at most width characters; 0 is no limit.
type text struct {
	strings.Builder
	width int
}

func (t *text) line(format string, args ...any) {
	for part := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		for _, line := range grid.Paragraph(part, t.width) {
			t.WriteString(line + "\n")
		}
	}
}

func (t *text) details(r *Result) {
	m := r.Machines
	t.line("\n%s: %d bought, %d removed, %d failed, %s refused, %d at most", strings.ToUpper(r.Setting), m.Bought, m.Removed, m.Failed, observe.Count(m.Refused, "order"), m.Most)
	parts := grid.Table{Indent: 2, Head: []string{"NODE GROUP", "MACHINES", "NODE-HOURS", "PAID"}}
	for i, list := range [][]Part{r.ByGroup, r.ByOffering} {
		if i > 0 {
			parts.Rows = append(parts.Rows, []string{"OFFERING", "MACHINES", "NODE-HOURS", "PAID"})
		}
		for _, p := range list {
			parts.Rows = append(parts.Rows, []string{p.Name, fmt.Sprint(p.Machines), fmt.Sprintf("%.0f", p.NodeHours), p.Cost.String()})
		}
	}
	t.WriteString(parts.String(t.width))
	t.line("  by the minute: %s while machines started, %s while they left; who knew the workload would pay %s at least", r.Cost.Starting, r.Cost.Leaving, r.Cost.BoundWithStarts)
	var idle []string
	for _, u := range r.Cost.Unused {
		if u.Cost >= r.Cost.ByTheMinute/1000 {
			idle = append(idle, fmt.Sprintf("%s %s", u.Reason, u.Cost))
		}
	}
	if len(idle) > 0 {
		t.line("  room that pods had no use for, by why the machine was there: %s", strings.Join(idle, ", "))
	}
	if r.Disruptions > 0 {
		var by []string
		for reason, n := range r.Evictions {
			by = append(by, fmt.Sprintf("%s %d", reason, n))
		}
		slices.Sort(by)
		t.line("  pods that lost their node: %s", strings.Join(by, ", "))
	}
	for _, w := range r.Waiting {
		t.line("  waited without a purchase, %.1f pod-hours: %s (%s: %s)", w.PodHours, w.Reason, w.Example, w.Message)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

func wait(seconds float64) string { return (time.Duration(seconds) * time.Second).String() }

package simulate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// writeTable prints the settings beside each other, then what each bought.
func writeTable(out io.Writer, results []*Result) error {
	first := results[0]
	fmt.Fprintf(out, "%s: %s, %s (seed %d)\n\n", first.Workload, days(first.End.Sub(first.Start)), observe.Count(first.Pods.Wanted, "pod"), first.Seed)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SETTING\tPAID\tBY THE MINUTE\tLOWER BOUND\tRATIO\tNODE-HOURS\tCPU\tMEMORY\tWAIT P50\tP99\tNEVER RAN\tDISRUPTED")
	for i, r := range results {
		paid := r.Cost.Paid.String()
		if i > 0 && first.Cost.Paid > 0 {
			paid += fmt.Sprintf(" (%+.1f%%)", 100*(float64(r.Cost.Paid)/float64(first.Cost.Paid)-1))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.3f\t%.0f\t%s\t%s\t%s\t%s\t%d\t%d\n", r.Setting, paid, r.Cost.ByTheMinute, r.Cost.Bound, r.Cost.Ratio,
			r.NodeHours, percent(r.CPUUsed), percent(r.MemoryUsed), wait(r.Pending.P50), wait(r.Pending.P99), r.Pods.NeverRan, r.Disruptions)
	}
	_ = t.Flush()
	for _, r := range results {
		writeDetails(out, r)
	}
	_, err := fmt.Fprint(out, "\nPAID counts started billing periods. CPU and MEMORY are what pods asked for of what the nodes offer.\n")
	return err
}

func writeDetails(out io.Writer, r *Result) {
	m := r.Machines
	fmt.Fprintf(out, "\n%s: %d bought, %d removed, %d failed, %s refused, %d at most\n", strings.ToUpper(r.Setting), m.Bought, m.Removed, m.Failed, observe.Count(m.Refused, "order"), m.Most)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, parts := range []struct {
		title string
		list  []Part
	}{{"NODE GROUP", r.ByGroup}, {"OFFERING", r.ByOffering}} {
		fmt.Fprintf(t, "  %s\tMACHINES\tNODE-HOURS\tPAID\n", parts.title)
		for _, p := range parts.list {
			fmt.Fprintf(t, "  %s\t%d\t%.0f\t%s\n", p.Name, p.Machines, p.NodeHours, p.Cost)
		}
	}
	_ = t.Flush()
	if r.Disruptions > 0 {
		var by []string
		for reason, n := range r.Evictions {
			by = append(by, fmt.Sprintf("%s %d", reason, n))
		}
		slices.Sort(by)
		fmt.Fprintf(out, "  pods that lost their node: %s\n", strings.Join(by, ", "))
	}
	for _, w := range r.Waiting {
		fmt.Fprintf(out, "  waited without a purchase, %.1f pod-hours: %s (%s: %s)\n", w.PodHours, w.Reason, w.Example, w.Message)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

func wait(seconds float64) string { return (time.Duration(seconds) * time.Second).String() }

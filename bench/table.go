package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// write prints the rows as a table that reads in a terminal and in Markdown alike.
// Where there are two figures, the first is ours and the second Karpenter's.
func write(w io.Writer, rows []row) error {
	lines := [][]string{{"scenario", "pods", "nodes there", "runs", "ours", "Karpenter", "ratio", "of cpu", "bought", "removed", "price per hour", "price/bound", "unplaced"}}
	for _, r := range rows {
		lines = append(lines, []string{
			r.name, fmt.Sprint(r.pods), fmt.Sprint(r.nodes), fmt.Sprint(r.runs),
			milliseconds(r.ours.took), r.karpenters(milliseconds(r.karpenter.took)), r.karpenters(ratio(r.ours.took, r.karpenter.took)), r.karpenters(ratio(r.ours.cpu, r.karpenter.cpu)),
			r.both(func(o outcome) string { return fmt.Sprint(o.bought) }), r.both(func(o outcome) string { return fmt.Sprint(o.gone) }),
			r.both(func(o outcome) string { return plan.Hourly(o.price).String() }), r.both(r.toBound),
			r.both(func(o outcome) string { return fmt.Sprint(o.unplaced) }),
		})
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for n, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			fmt.Fprintf(&b, "| %*s ", sided(i, widths[i]), cell)
		}
		b.WriteString("|\n")
		if n == 0 {
			for i, width := range widths {
				b.WriteString("|" + rule(i, width))
			}
			b.WriteString("|\n")
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}

// sided sets the first column left and the others right.
func sided(column, width int) int {
	if column == 0 {
		return -width
	}
	return width
}

func rule(column, width int) string {
	if column == 0 {
		return strings.Repeat("-", width+2)
	}
	return strings.Repeat("-", width+1) + ":"
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// ratio is how many times as much Karpenter took.
func ratio(ours, karpenter time.Duration) string {
	return fmt.Sprintf("%.0f", float64(karpenter)/float64(max(ours, 1)))
}

// dearer says whether our plan costs more than Karpenter's for no fewer pods.
func (r *row) dearer() bool {
	return !r.alone && !r.removal && r.ours.price > r.karpenter.price && r.karpenter.unplaced <= r.ours.unplaced
}

func (r *row) karpenters(s string) string {
	if r.alone {
		return "-"
	}
	return s
}

func (r *row) both(figure func(outcome) string) string {
	if r.alone {
		return figure(r.ours.outcome)
	}
	return figure(r.ours.outcome) + " / " + figure(r.karpenter.outcome)
}

// toBound is the price in terms of the lower bound that the planner proves.
func (r *row) toBound(o outcome) string {
	if r.removal || r.ours.bound <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.4f", float64(o.price)/float64(r.ours.bound))
}

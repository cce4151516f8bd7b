package view

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// label is the width of the words before the lines of a part.
const label = 9

// Draw is the panel in at most height lines of at most width columns. It ends without a line feed.
func Draw(p Panel, elapsed time.Duration, width, height int) string {
	if width < 1 || height < 1 {
		return ""
	}
	parts := []part{{lines: []string{heading(p, elapsed, width)}, least: 1}}
	if len(p.Groups) > 0 || len(p.Nodes) > 0 || p.Price != nil {
		parts = append(parts, labelled("group", groups(p.Groups)))
		if p.Price != nil {
			parts = append(parts, labelled("price", []string{price(p.Price, width-label)}))
		}
		parts = append(parts,
			part{lines: nodes(p.Nodes, width), least: 3},
			labelled("waiting", waiting(p.Waiting)),
			labelled("decided", decisions(p.Decisions)),
		)
	}
	var lines []string
	for i, n := range shares(parts, height) {
		lines = append(lines, parts[i].first(n)...)
	}
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, width, "…")
	}
	return strings.Join(lines, "\n")
}

func heading(p Panel, elapsed time.Duration, width int) string {
	text := fmt.Sprintf("── %.1fs ── %s", elapsed.Seconds(), plain(p.Step))
	if p.Missing != "" {
		text += ": " + plain(p.Missing)
	}
	text += " "
	return bold(text + strings.Repeat("─", max(width-lipgloss.Width(text), 0)))
}

func groups(list []Group) []string {
	var lines []string
	for _, g := range list {
		lines = append(lines, fmt.Sprintf("%s  %d to %d nodes  %d wanted, %d there, %d ready  %s",
			plain(g.Name), g.Min, g.Max, g.Desired, g.Current, g.Ready, inMood(g.Mood, plain(g.News))))
	}
	return lines
}

func price(p *Price, width int) string {
	text := fmt.Sprintf("$%s an hour now", p.Paid)
	if p.Decided != "" {
		text += fmt.Sprintf("  decided $%s  lower bound $%s  ratio %.3f", p.Decided, p.Bound, p.Ratio)
	}
	const least, most = 8, 30
	if room := min(width-lipgloss.Width(text)-2, most); room >= least {
		text += "  " + course(p.History, room)
	}
	return text
}

func waiting(list []Waiting) []string {
	owner := 0
	for _, w := range list {
		owner = max(owner, lipgloss.Width(plain(w.Owner)))
	}
	var lines []string
	for _, w := range list {
		lines = append(lines, fmt.Sprintf("%3d of %s  %s", w.Count, pad(plain(w.Owner), owner), inMood(w.Mood, plain(w.Why))))
	}
	return lines
}

func decisions(list []Decision) []string {
	var lines []string
	for _, d := range list {
		lines = append(lines, fmt.Sprintf("%5.1fs  %s", d.At.Seconds(), inMood(d.Mood, plain(d.What))))
	}
	return lines
}

// part is a piece of the panel that gives lines away when there is little room, until it has the least that makes sense.
type part struct {
	lines []string
	least int
}

// labelled puts the name before the first line, which alone says something already.
func labelled(name string, lines []string) part {
	if len(lines) == 0 {
		lines = []string{faint("none")}
	}
	for i, line := range lines {
		lines[i] = bold(pad(name, label)) + line
		name = ""
	}
	return part{lines, 1}
}

// first is as many lines; the last counts what is left out.
func (p part) first(n int) []string {
	if n == len(p.lines) || n <= 1 {
		return p.lines[:n]
	}
	more := fmt.Sprintf("%s… and %d more", pad("", label), len(p.lines)-n+1)
	return append(p.lines[:n-1:n-1], faint(more))
}

// shares says how many lines each part gets: the longest gives first, and when all have their least, the last ones go.
func shares(parts []part, height int) []int {
	total := 0
	counts := make([]int, len(parts))
	for i, p := range parts {
		counts[i] = len(p.lines)
		total += counts[i]
	}
	for ; total > height; total-- {
		gives := -1
		for i, p := range parts {
			if counts[i] > p.least && (gives < 0 || counts[i] > counts[gives]) {
				gives = i
			}
		}
		for i := len(parts) - 1; gives < 0; i-- {
			if counts[i] > 0 {
				gives = i
			}
		}
		counts[gives]--
	}
	return counts
}

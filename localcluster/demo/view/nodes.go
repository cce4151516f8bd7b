package view

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// table holds the widths of the columns of nodes; those of width zero are left out.
type table struct {
	name, kind, phase, price, bar, pods int
	fills                               bool
}

const (
	gap       = 2
	percent   = 4 // as in "100%"
	shortName = 12
)

// nodes is a line of titles and one for each node.
func nodes(list []Node, width int) []string {
	if len(list) == 0 {
		return labelled("node", nil).lines
	}
	t := tableFor(list, width)
	lines := []string{t.titles()}
	for _, n := range list {
		lines = append(lines, t.row(n))
	}
	return lines
}

// tableFor begins with everything and gives up what says least until the rest fits.
func tableFor(list []Node, width int) table {
	t := table{name: len("node"), kind: len("type"), phase: len("phase"), price: len("$/hour"), bar: 10, pods: len("pods"), fills: true}
	for _, n := range list {
		t.name = max(t.name, lipgloss.Width(plain(n.Name)))
		t.kind = max(t.kind, lipgloss.Width(plain(n.Type)))
		t.phase = max(t.phase, lipgloss.Width(plain(n.Phase)))
		t.price = max(t.price, lipgloss.Width(plain(n.Price)))
	}
	shorten := func() { t.name = max(min(t.name, shortName), t.name-max(t.width()-width, 0)) }
	for _, give := range []func(){
		func() { t.bar = 5 },
		shorten,
		func() { t.price = 0 },
		func() { t.kind = 0 },
		func() { t.bar = 0 },
		func() { t.pods = 0 },
		func() { t.fills = false },
	} {
		if t.width() <= width {
			break
		}
		give()
	}
	return t
}

func (t table) width() int {
	total := t.name
	for _, w := range []int{t.kind, t.phase, t.price, t.fill(), t.fill(), t.pods} {
		if w > 0 {
			total += gap + w
		}
	}
	return total
}

// fill is the width of a column with a bar and its percentage.
func (t table) fill() int {
	switch {
	case !t.fills:
		return 0
	case t.bar == 0:
		return max(percent, len("mem"))
	}
	return t.bar + 1 + percent
}

func (t table) titles() string {
	memory := "memory"
	if t.bar == 0 {
		memory = "mem"
	}
	cells := t.cells(pad("node", t.name), "type", "phase", "$/hour")
	if t.fills {
		cells = append(cells, pad("cpu", t.fill()), pad(memory, t.fill()))
	}
	if t.pods > 0 {
		cells = append(cells, "pods")
	}
	return bold(strings.Join(cells, strings.Repeat(" ", gap)))
}

func (t table) row(n Node) string {
	name := plain(n.Name)
	if w := lipgloss.Width(name); w > t.name {
		// Names of one group differ in their ends.
		name = ansi.TruncateLeft(name, w-t.name+1, "…")
	}
	cells := t.cells(pad(name, t.name), plain(n.Type), plain(n.Phase), plain(n.Price))
	cells[t.phaseIndex()] = inMood(n.Mood, cells[t.phaseIndex()])
	switch {
	case n.Fill == nil:
		cells = append(cells, inMood(n.Mood, plain(n.News)))
	case t.fills:
		cells = append(cells, t.filled(n.Fill.CPU), t.filled(n.Fill.Memory))
		if t.pods > 0 {
			cells = append(cells, fmt.Sprintf("%*d", t.pods, n.Fill.Pods))
		}
	}
	return strings.Join(cells, strings.Repeat(" ", gap))
}

// cells are the columns before the fills.
func (t table) cells(name, kind, phase, price string) []string {
	cells := []string{name}
	if t.kind > 0 {
		cells = append(cells, pad(kind, t.kind))
	}
	cells = append(cells, pad(phase, t.phase))
	if t.price > 0 {
		cells = append(cells, pad(price, t.price))
	}
	return cells
}

func (t table) phaseIndex() int {
	if t.kind > 0 {
		return 2
	}
	return 1
}

func (t table) filled(share int) string {
	number := fmt.Sprintf("%*d%%", percent-1, share)
	if t.bar == 0 {
		return number
	}
	return bar(share, t.bar) + " " + number
}

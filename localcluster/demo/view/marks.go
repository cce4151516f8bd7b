package view

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
)

// The sixteen colours of the terminal's own scheme are legible on every background.

func inMood(m explain.Mood, text string) string {
	style := lipgloss.NewStyle()
	switch m {
	case explain.Good:
		style = style.Foreground(lipgloss.Green)
	case explain.Busy:
		style = style.Foreground(lipgloss.Yellow)
	case explain.Bad:
		style = style.Foreground(lipgloss.Red)
	}
	return style.Render(text)
}

func bold(text string) string  { return lipgloss.NewStyle().Bold(true).Render(text) }
func faint(text string) string { return lipgloss.NewStyle().Faint(true).Render(text) }

// pad fills up with spaces to a width.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-lipgloss.Width(text), 0))
}

// plain keeps what others wrote, such as an event's note, from steering the terminal or breaking the line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '?'
		}
		return r
	}, text)
}

// bar is a share in percent as a line of blocks. What is not nothing has one at least.
func bar(share, width int) string {
	full := min((share*width+50)/100, width)
	if share > 0 {
		full = max(full, 1)
	}
	return inMood(explain.Good, strings.Repeat("█", full)) + faint(strings.Repeat("░", width-full))
}

// course draws how an amount went, the newest at the right, each column as high as the most of its time.
func course(history []float64, width int) string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	most := 0.0
	for _, value := range history {
		most = max(most, value)
	}
	if most == 0 {
		return ""
	}
	columns := min(width, len(history))
	var line strings.Builder
	for c := range columns {
		highest := 0.0
		for _, value := range history[c*len(history)/columns : (c+1)*len(history)/columns] {
			highest = max(highest, value)
		}
		line.WriteRune(levels[int(highest/most*float64(len(levels)-1)+0.5)])
	}
	return line.String()
}

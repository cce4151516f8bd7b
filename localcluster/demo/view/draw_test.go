package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/cockroachdb/datadriven"
	"sigs.k8s.io/yaml"
)

// TestPanels draws the panels of testdata. `panel` reads one, `many nodes=N` repeats its first node, `draw` draws it into
// a terminal of a width and a height, with colours as <32> where `colours` is given. Run with -rewrite to draw them anew.
func TestPanels(t *testing.T) {
	var p Panel
	datadriven.RunTest(t, "testdata/panels.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "panel":
			p = Panel{}
			if err := yaml.UnmarshalStrict([]byte(d.Input), &p); err != nil {
				d.Fatalf(t, "%v", err)
			}
			return ""
		case "many":
			var nodes int
			d.ScanArgs(t, "nodes", &nodes)
			p.Nodes = repeated(p.Nodes[0], nodes)
			return ""
		case "draw":
			return draw(t, d, p)
		}
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return ""
	})
}

func repeated(n Node, times int) []Node {
	var nodes []Node
	name := n.Name
	for i := range times {
		n.Name = fmt.Sprintf("%.20s-%05d", name, i)
		nodes = append(nodes, n)
	}
	return nodes
}

func draw(t *testing.T, d *datadriven.TestData, p Panel) string {
	var width, height int
	d.ScanArgs(t, "width", &width)
	d.ScanArgs(t, "height", &height)
	text := Draw(p, 14700*time.Millisecond, width, height)
	lines := strings.Split(text, "\n")
	if text != "" && len(lines) > height {
		t.Errorf("%s: %d lines, want at most %d", d.Pos, len(lines), height)
	}
	for i, line := range lines {
		if w := lipgloss.Width(line); w > width {
			t.Errorf("%s: line %d is %d columns wide, want at most %d", d.Pos, i, w, width)
		}
		if !d.HasArg("colours") {
			line = ansi.Strip(line)
		}
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.NewReplacer("\x1b[m", "<>", "\x1b[", "<").Replace(strings.Join(lines, "\n"))
}

func TestWrapLosesNothing(t *testing.T) {
	line := "[ 12.9s]   NodeGroup workers: ScalingUp: Buying 6 medium-4cpu-8gb, 2 large-8cpu-16gb for pods " + strings.Repeat("x", 90) + " and 25 more"
	for _, width := range []int{0, 10, 21, 40, 80, 94, 95, 96, 200} {
		rows := wrap(line, width)
		var words []string
		for i, row := range rows {
			if w := ansi.StringWidth(row); width > 20 && w >= width {
				t.Errorf("width %d: row %d has %d columns", width, i, w)
			}
			words = append(words, strings.Fields(row)...)
		}
		if got, want := strings.Join(words, ""), strings.Join(strings.Fields(line), ""); got != want {
			t.Errorf("width %d: the rows say\n%s, want\n%s", width, got, want)
		}
	}
	if got, want := strings.Join(wrap("[  1.0s] one two three four five", 27), "|"), "[  1.0s] one two three|          four five"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

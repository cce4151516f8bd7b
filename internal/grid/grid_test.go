package grid

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// No line is wider than the width, and every letter of every cell is there, whatever the table.
func TestTablesFitAndLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 9).Draw(t, "columns")
		cell := rapid.StringMatching(`([a-z]{1,30}|[a-z0-9]{1,9}-[a-z0-9/.]{1,40})?( [a-zé]{1,12}){0,12}`)
		table := Table{Indent: rapid.IntRange(0, 4).Draw(t, "indent")}
		for range columns {
			table.Head = append(table.Head, rapid.StringMatching(`[A-Z]{1,9}( [A-Z]{1,9})?`).Draw(t, "head"))
		}
		for range rapid.IntRange(0, 4).Draw(t, "rows") {
			var row []string
			for range columns {
				row = append(row, rapid.Custom(func(t *rapid.T) string { return cell.Draw(t, "cell") }).Draw(t, "row"))
			}
			table.Rows = append(table.Rows, row)
		}
		width := rapid.SampledFrom([]int{80, 120, 200}).Draw(t, "width")
		lines := table.Lay(width)
		got := make([]string, len(table.Rows))
		for _, line := range lines {
			if n := utf8.RuneCountInString(strings.TrimRight(strings.Repeat(" ", table.Indent)+strings.Join(line.Cells, ""), " ")); n > width {
				t.Fatalf("a line of %d at width %d: %q", n, width, line.Cells)
			}
		}
		for c := range columns {
			clear(got)
			for _, line := range lines {
				if line.Row >= 0 {
					got[line.Row] += line.Cells[c]
				}
			}
			for r := range got {
				if bare(got[r]) != bare(table.Rows[r][c]) {
					t.Fatalf("cell %d of row %d is %q, want %q", c, r, got[r], table.Rows[r][c])
				}
			}
		}
	})
}

func bare(text string) string { return strings.Join(strings.Fields(text), "") }

func TestLay(t *testing.T) {
	table := Table{
		Indent: 2, Head: []string{"NAME", "TYPE", "WHY"}, Spare: []string{"TYPE"},
		Rows: [][]string{{"a-very-long-name-of-a-node", "small", "it is used by more than half, and so it stays where it is"}},
	}
	for width, want := range map[int]string{
		0:  "  NAME                        TYPE   WHY\n  a-very-long-name-of-a-node  small  it is used by more than half, and so it stays where it is\n",
		60: "  NAME                        WHY\n  a-very-long-name-of-a-node  it is used by more than half,\n                              and so it stays where it is\n",
		30: "  NAME           WHY\n  a-very-long-   it is used by\n  name-of-a-     more than\n  node           half, and so\n                 it stays\n                 where it is\n",
	} {
		if got := table.String(width); got != want {
			t.Errorf("at %d:\n%swant\n%s", width, got, want)
		}
	}
}

func TestParagraph(t *testing.T) {
	for text, want := range map[string]string{
		"short":                            "short",
		"  - one two three four five six":  "  - one two three\n    four five six",
		"one two three four five six":      "one two three four\nfive six",
		"  one two three four five six":    "  one two three four\n  five six",
		"  orders  one two three four":     "  orders  one two\n  three four",
		"abcdefghijklmnopqrstuvwxyz0123":   "abcdefghijklmnopqrst\nuvwxyz0123",
		"shop/web-7d8f-x2x4zabcdefgh12345": "shop/web-7d8f-\nx2x4zabcdefgh12345",
	} {
		if got := strings.Join(Paragraph(text, 20), "\n"); got != want {
			t.Errorf("%q became\n%s\nwant\n%s", text, got, want)
		}
	}
}

func TestWidthOf(t *testing.T) {
	t.Setenv("COLUMNS", "91")
	if got := WidthOf(&strings.Builder{}); got != 91 {
		t.Errorf("width %d, want 91", got)
	}
	t.Setenv("COLUMNS", "wide")
	if got := WidthOf(&strings.Builder{}); got != 0 {
		t.Errorf("width %d of what is no terminal, want 0", got)
	}
}

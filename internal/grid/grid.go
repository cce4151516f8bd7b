package grid

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// gap is the space between two columns.
	gap = 2
	// narrow is how narrow a column may become: below it nobody can read it.
	narrow = 6
	// sentence is how wide a column of sentences should be at least.
	sentence = 20
)

// Table is cells below the names of their columns.
type Table struct {
	// Indent goes before each line.
	Indent int
	Head   []string
	Rows   [][]string
	// Spare names columns that are left out, the last first, where there is no room for all.
	Spare []string
}

// Line is a printed line of a table: cells padded to their columns. Row is the number of the
// row that it is of; -1 is the head.
type Line struct {
	Row   int
	Cells []string
}

// Lay lays the table out in lines of at most width characters; 0 is no limit. Where there is
// not enough room, spare columns go first, then cells are broken between words, at last inside
// of them. Nothing but spare columns is lost.
func (t Table) Lay(width int) []Line {
	t = t.fitting(width)
	widths := t.widths(width)
	var lines []Line
	add := func(row int, cells []string) {
		broken := make([][]string, len(cells))
		most := 0
		for i, cell := range cells {
			broken[i] = Wrap(cell, widths[i])
			most = max(most, len(broken[i]))
		}
		for n := range most {
			line := make([]string, len(cells))
			for i := range cells {
				if n < len(broken[i]) {
					line[i] = broken[i][n]
				}
				if i < len(cells)-1 {
					line[i] += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(line[i])+gap)
				}
			}
			lines = append(lines, Line{row, line})
		}
	}
	if len(t.Head) > 0 {
		add(-1, t.Head)
	}
	for i, row := range t.Rows {
		add(i, row)
	}
	return lines
}

// String is the table without colours.
func (t Table) String(width int) string {
	var out strings.Builder
	for _, line := range t.Lay(width) {
		out.WriteString(strings.TrimRight(strings.Repeat(" ", t.Indent)+strings.Join(line.Cells, ""), " ") + "\n")
	}
	return out.String()
}

// fitting leaves spare columns out while the rest would have to be broken.
func (t Table) fitting(width int) Table {
	for len(t.Spare) > 0 && width > 0 && total(t.natural())+t.Indent > width {
		name := t.Spare[len(t.Spare)-1]
		t.Spare = t.Spare[:len(t.Spare)-1]
		at := slices.Index(t.Head, name)
		if at < 0 {
			continue
		}
		t.Head = without(t.Head, at)
		rows := make([][]string, len(t.Rows))
		for i, row := range t.Rows {
			rows[i] = without(row, at)
		}
		t.Rows = rows
	}
	return t
}

func without(cells []string, at int) []string {
	return slices.Delete(slices.Clone(cells), at, at+1)
}

// natural are the widths of the columns as they are.
func (t Table) natural() []int {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func total(widths []int) int {
	sum := gap * max(len(widths)-1, 0)
	for _, w := range widths {
		sum += w
	}
	return sum
}

// widths are those with which the table fits. Every column first gets what its longest word
// needs, and sentences some more; then the widest give way, or what is left goes to those that
// lack most.
func (t Table) widths(width int) []int {
	natural := t.natural()
	room := width - t.Indent
	if width <= 0 || total(natural) <= room {
		return natural
	}
	widths, pieces := make([]int, len(natural)), make([]int, len(natural))
	for i := range widths {
		widths[i], pieces[i] = min(natural[i], sentence), narrow
	}
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			for word := range strings.FieldsSeq(cell) {
				widths[i] = max(widths[i], utf8.RuneCountInString(word))
				for piece := range strings.FieldsFuncSeq(word, isSign) {
					pieces[i] = max(pieces[i], min(utf8.RuneCountInString(piece)+1, utf8.RuneCountInString(word)))
				}
			}
		}
	}
	// First names are broken at their signs, then anything.
	shrink(widths, room, pieces)
	shrink(widths, room, nil)
	for left := room - total(widths); left > 0; left-- {
		lacks, most := -1, 0
		for i := range widths {
			if d := natural[i] - widths[i]; d > most {
				lacks, most = i, d
			}
		}
		if lacks < 0 {
			break
		}
		widths[lacks]++
	}
	return widths
}

// shrink takes from the widest columns until they fit, from none more than to its least, or to
// what anybody can read.
func shrink(widths []int, room int, least []int) {
	for total(widths) > room {
		widest := -1
		for i, w := range widths {
			if (least == nil || w > least[i]) && w > narrow && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

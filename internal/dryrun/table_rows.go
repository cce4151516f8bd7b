package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/grid"
)

// row is what a table tells in one line: items that are alike in key.
type row[K comparable, T any] struct {
	key   K
	items []T
}

// bundle puts items with the same key together, the most numerous first.
func bundle[K comparable, T any](list []T, key func(T) K) []row[K, T] {
	var rows []row[K, T]
	index := map[K]int{}
	for _, item := range list {
		k := key(item)
		i, known := index[k]
		if !known {
			i = len(rows)
			index[k] = i
			rows = append(rows, row[K, T]{key: k})
		}
		rows[i].items = append(rows[i].items, item)
	}
	slices.SortStableFunc(rows, func(a, b row[K, T]) int { return cmp.Compare(len(b.items), len(a.items)) })
	return rows
}

// mostRows is how many lines a section has.
const mostRows = 10

// first is what of the rows is printed; the section says how much is not.
func first[K comparable, T any](s *section, rows []row[K, T]) []row[K, T] {
	if len(rows) <= mostRows {
		return rows
	}
	left := 0
	for _, r := range rows[mostRows:] {
		left += len(r.items)
	}
	s.more = fmt.Sprintf("  and %d more in %d lines; -o json names them all\n", left, len(rows)-mostRows)
	return rows[:mostRows]
}

// section is a heading with aligned rows below it.
type section struct {
	of   *table
	grid grid.Table
	more string
}

func (t *table) section(heading string, args ...any) *section {
	t.line(heading, args...)
	return &section{of: t, grid: grid.Table{Indent: 2}}
}

// row adds a row; the first has the names of the columns.
func (s *section) row(cells ...string) {
	if s.grid.Head == nil {
		s.grid.Head = cells
		return
	}
	s.grid.Rows = append(s.grid.Rows, cells)
}

func (s *section) end() {
	s.of.out.WriteString(s.grid.String(s.of.width))
	s.of.line("%s", s.more)
}

// line prints sentences, each line of them in as many as the width asks for.
func (t *table) line(format string, args ...any) {
	for text := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		for _, line := range grid.Paragraph(text, t.width) {
			t.out.WriteString(line + "\n")
		}
	}
}

// count is a number of things, in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// mostNames is how many names a cell gives.
const mostNames = 3

func someOf(names []string) string {
	if more := len(names) - mostNames; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), more)
	}
	return strings.Join(names, ", ")
}

func distinct(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

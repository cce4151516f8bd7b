package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
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
	out  *strings.Builder
	tabs *tabwriter.Writer
	more string
}

func (t *table) section(heading string, args ...any) *section {
	fmt.Fprintf(t.out, heading+"\n", args...)
	return &section{out: t.out, tabs: tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)}
}

func (s *section) row(cells ...string) {
	fmt.Fprintf(s.tabs, "  %s\n", strings.Join(cells, "\t"))
}

func (s *section) end() {
	s.tabs.Flush()
	fmt.Fprintf(s.out, "%s\n", s.more)
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

package reference

import (
	"fmt"
	"strings"
)

// Row is one documented thing. Kind and Name identify it in all pages together.
type Row struct {
	Kind, Name string
	// Cells follow the name's.
	Cells []string
}

// ID is how the table of tests names the row.
func (r Row) ID() string { return r.Kind + " " + r.Name }

// Table is a section of a page with one row a line.
type Table struct {
	Title, Intro string
	Head         []string
	Rows         []Row
}

// Page is one file of docs/reference.
type Page struct {
	File, Title, Intro string
	Tables             []Table
}

// generated is the first line of every page.
const generated = "<!-- Made from the code by `make generate`; change it there. -->\n"

// Markdown renders the page.
func (p Page) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n# %s\n", generated, p.Title)
	paragraph(&b, p.Intro)
	for _, t := range p.Tables {
		fmt.Fprintf(&b, "\n## %s\n", t.Title)
		paragraph(&b, t.Intro)
		fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(t.Head, " | "), strings.Repeat("---|", len(t.Head)))
		for _, r := range t.Rows {
			cells := []string{"`" + r.Name + "`"}
			for _, c := range r.Cells {
				cells = append(cells, strings.Join(strings.Fields(c), " "))
			}
			for i, c := range cells {
				cells[i] = strings.ReplaceAll(c, "|", "\\|")
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	return b.String()
}

func paragraph(b *strings.Builder, text string) {
	if text != "" {
		fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(text))
	}
}

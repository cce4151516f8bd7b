package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/reference"
)

const root = "../.."

func pages(t *testing.T) []reference.Page {
	t.Helper()
	pages, err := reference.Pages(reference.Sources{Root: root, Run: runCommand().Flags(), Metrics: documented()})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// docs/reference says what the code says. `make generate` writes it.
func TestReferencePagesAreCurrent(t *testing.T) {
	rewrite := flag.Lookup("rewrite").Value.String() == "true" // the flag of the stories
	dir := filepath.Join(root, "docs", "reference")
	var files []string
	for _, p := range pages(t) {
		path := filepath.Join(dir, p.File)
		files = append(files, p.File)
		if rewrite {
			if err := os.WriteFile(path, []byte(p.Markdown()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != p.Markdown() {
			t.Errorf("docs/reference/%s is not current (%v): run make generate", p.File, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(files, e.Name()) && e.Name() != "README.md" {
			t.Errorf("nothing makes docs/reference/%s", e.Name())
		}
	}
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.Contains(string(index), "("+f+")") {
			t.Errorf("docs/reference/README.md does not name %s", f)
		}
	}
}

// A row without a word would be no documentation.
func TestEveryRowOfTheReferenceSaysSomething(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pages(t) {
		for _, table := range p.Tables {
			if len(table.Rows) == 0 {
				t.Errorf("%s: %s is empty", p.File, table.Title)
			}
			for _, r := range table.Rows {
				if seen[r.ID()] {
					t.Errorf("%s is there twice", r.ID())
				}
				seen[r.ID()] = true
				if len(r.Cells) != len(table.Head)-1 {
					t.Errorf("%s has %d cells, the table %d", r.ID(), len(r.Cells)+1, len(table.Head))
				}
				if last := r.Cells[len(r.Cells)-1]; last == "" && !strings.HasSuffix(r.Kind, "rule") {
					t.Errorf("%s says nothing", r.ID())
				}
			}
		}
	}
}

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// block is a piece of code in a page.
type block struct {
	page, language, text string
}

// pages are all pages for people.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"../README.md", "../CONTRIBUTING.md", "../ARCHITECTURE.md"}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".md" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// blocks extracts fenced code, and code that is indented by four columns more than what surrounds it.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	var fence *block
	var margin string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case strings.HasPrefix(trimmed, "```") && fence == nil:
			margin = line[:len(line)-len(trimmed)]
			fence = &block{page: page, language: strings.TrimPrefix(trimmed, "```")}
		case strings.HasPrefix(trimmed, "```"):
			found, fence = append(found, *fence), nil
		case fence != nil:
			fence.text += strings.TrimPrefix(line, margin) + "\n"
		case len(line)-len(trimmed) >= 4 && isCommand(trimmed):
			found = append(found, block{page: page, language: "sh", text: trimmed + "\n"})
		}
	}
	if fence != nil {
		t.Errorf("%s: a fence is not closed", page)
	}
	return found
}

func isCommand(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	switch word {
	case "make", "kubectl", "vpsie-autoscaler", "helm":
		return true
	}
	return false
}

// commands are the command lines of all pages, with continued lines joined and comments left out.
func commands(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.ReplaceAll(string(text), "\\\n", " ")
		file := filepath.Join(t.TempDir(), "page.md")
		if err := os.WriteFile(file, []byte(joined), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks(t, file) {
			if b.language != "sh" && b.language != "bash" {
				continue
			}
			for line := range strings.Lines(b.text) {
				line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
				if line = strings.TrimSpace(line); isCommand(line) {
					found[page] = append(found[page], line)
				}
			}
		}
	}
	return found
}

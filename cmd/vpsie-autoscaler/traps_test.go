package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Behind each row of docs/traps.md stands a test that exists.
func TestEveryTrapHasATest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "traps.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, known := 0, sources{}
	for line := range strings.Lines(string(text)) {
		tests := regexp.MustCompile("`([^` ]+\\.Test[^`]+)`").FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| trap |") {
			if rows++; len(tests) == 0 {
				t.Errorf("no test is named: %s", line)
			}
		}
		for _, test := range tests {
			if err := known.there(test[1]); err != nil {
				t.Errorf("%v: %s", err, line)
			}
		}
	}
	if rows < 50 {
		t.Errorf("docs/traps.md has %d rows only", rows)
	}
}

package vpsie

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var operation = regexp.MustCompile(`(?:const op = |op: |list(?:Some)?\(ctx, c, )"([A-Za-z]+)"`)

func TestOperationsAreThoseOfTheCode(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") || !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range operation.FindAllStringSubmatch(string(text), -1) {
			used = append(used, match[1])
		}
	}
	slices.Sort(used)
	if got := Operations(); !slices.Equal(slices.Compact(used), got) {
		t.Errorf("Operations() = %v, the code uses %v", got, used)
	}
}

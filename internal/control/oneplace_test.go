package control

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// One place creates machines, one way deletes them (ARCHITECTURE I2).
func TestOnePlaceCreatesMachines(t *testing.T) {
	want := map[string][]string{
		".CreateVM(":     {"internal/cloud/machine.go"},
		".DeleteVM(":     {"internal/cloud/machine.go"},
		".Cloud.Create(": {"internal/control/launch.go"},
		".Cloud.Delete(": {"internal/control/remove.go", "internal/control/stray.go"},
	}
	got := map[string][]string{}
	root := filepath.Join("..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for call := range want {
				if strings.Contains(string(text), call) {
					file, err := filepath.Rel(root, path)
					if err != nil {
						return err
					}
					got[call] = append(got[call], file)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for call, files := range want {
		if !slices.Equal(got[call], files) {
			t.Errorf("%s is called in %v, want %v only", call, got[call], files)
		}
	}
}

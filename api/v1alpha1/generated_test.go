package v1alpha1_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The generated files must be those of the types as they are: a field without its CRD is silently
// dropped by the API server, and one without its deep copy is shared between copies.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	generated := t.TempDir()
	generate := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/go.mod", "controller-gen",
		"object", "crd", "paths=./api/...", "output:object:dir="+generated, "output:crd:dir="+generated)
	generate.Dir = filepath.Join("..", "..")
	if output, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("running controller-gen: %v\n%s", err, output)
	}
	files, err := os.ReadDir(generated)
	if err != nil || len(files) != 3 {
		t.Fatalf("controller-gen made %v (%v), want two CRDs and the deep copies", files, err)
	}
	for _, file := range files {
		want, err := os.ReadFile(filepath.Join(generated, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		committed := file.Name()
		if filepath.Ext(committed) == ".yaml" {
			committed = filepath.Join("crds", committed)
		}
		got, err := os.ReadFile(committed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is out of date: run make generate (-generated +committed):\n%s", committed, diff)
		}
	}
}

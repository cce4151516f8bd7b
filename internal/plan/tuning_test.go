package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"testing"
)

// Whoever changes a number of tuning.go has to know what to run.
func TestTuningNamesWhatJustifiesIt(t *testing.T) {
	set := token.NewFileSet()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				known[f.Name.Name] = true
			}
		}
	}
	file, err := parser.ParseFile(set, "tuning.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\b(Benchmark|Test)[A-Z]\w+`)
	justified := false
	for _, s := range file.Decls[0].(*ast.GenDecl).Specs {
		spec := s.(*ast.ValueSpec)
		if spec.Doc != nil { // one without belongs to those above it
			names := named.FindAllString(spec.Doc.Text(), -1)
			justified = len(names) > 0
			for _, name := range names {
				if !known[name] {
					t.Errorf("%s names %s, which there is not", spec.Names[0].Name, name)
				}
			}
		}
		if !justified {
			t.Errorf("%s names no benchmark and no test", spec.Names[0].Name)
		}
	}
}

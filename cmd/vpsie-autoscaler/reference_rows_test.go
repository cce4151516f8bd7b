package main

import (
	"bufio"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryRowOfTheReferenceHasATest walks docs/reference row by row: behind each stands
// at least one test by name, in testdata/reference.txt, and each of these is there. A line
// is
//
//	ROW <- DIRECTORY.TestName DIRECTORY.TestName/case …
//
// where a case is a string of that test's file, with _ for a blank, or a file of its testdata.
func TestEveryRowOfTheReferenceHasATest(t *testing.T) {
	tests, known := rowTests(t), sources{}
	for _, p := range pages(t) {
		for _, table := range p.Tables {
			for _, row := range table.Rows {
				if len(tests[row.ID()]) == 0 {
					t.Errorf("docs/reference/%s: %q has no test: name one in testdata/reference.txt", p.File, row.ID())
				}
				for _, test := range tests[row.ID()] {
					if err := known.there(test); err != nil {
						t.Errorf("the test of %q: %v", row.ID(), err)
					}
				}
				delete(tests, row.ID())
			}
		}
	}
	for row := range tests {
		t.Errorf("testdata/reference.txt has %q, which docs/reference does not have", row)
	}
}

func rowTests(t *testing.T) map[string][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "reference.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := map[string][]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row, tests, ok := strings.Cut(line, " <- ")
		if !ok || rows[row] != nil {
			t.Fatalf("testdata/reference.txt: %q is no ROW <- TEST, or there twice", line)
		}
		rows[row] = strings.Fields(tests)
	}
	return rows
}

var testName = regexp.MustCompile(`^(.+)\.(Test[A-Za-z0-9_]*)(?:/(.+))?$`)

// sources are the parsed test files of each directory, by path.
type sources map[string]map[string]*ast.File

func (s sources) of(dir string) (map[string]*ast.File, error) {
	if s[dir] == nil {
		s[dir] = map[string]*ast.File{}
		paths, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if s[dir][path], err = parser.ParseFile(token.NewFileSet(), path, nil, 0); err != nil {
				return nil, err
			}
		}
	}
	return s[dir], nil
}

// there tells whether the sources have a test. They are parsed, not run, because some
// belong to another module.
func (s sources) there(name string) error {
	match := testName.FindStringSubmatch(name)
	if match == nil {
		return fmt.Errorf("%q is no DIRECTORY.TestName", name)
	}
	dir, function, part := filepath.Join(root, match[1]), match[2], match[3]
	files, err := s.of(dir)
	if err != nil {
		return err
	}
	for path, file := range files {
		declared := slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && f.Recv == nil && f.Name.Name == function
		})
		if !declared {
			continue
		}
		if part == "" || hasString(file, part) || hasTestdata(dir, part) {
			return nil
		}
		return fmt.Errorf("%s has no case %q", path, part)
	}
	return fmt.Errorf("%s has no %s", match[1], function)
}

func hasString(file *ast.File, part string) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			value, err := strconv.Unquote(literal.Value)
			found = found || err == nil && strings.ReplaceAll(value, " ", "_") == part
		}
		return true
	})
	return found
}

func hasTestdata(dir, part string) bool {
	_, err := os.Stat(filepath.Join(dir, "testdata", part))
	return err == nil
}

// contractPath is where the user's own reference may be; a checkout without it is as good.
var contractPath = filepath.Join(root, "..", "shared", "reference.md")

// relaxed are requirements of the contract that another field can meet, and the rules that hold them since.
var relaxed = map[string]string{
	"NodeGroup rule spec.datacenterID is required": "NodeGroup rule spec.datacenterID: datacenterID or datacenters must say where the nodes are; name one in datacenterID, or several in datacenters",
}

// TestEveryRowOfTheContractIsDocumented reads the user's own reference, when it is there
// or REFERENCE names it, and looks for each of its rows in docs/reference.
func TestEveryRowOfTheContractIsDocumented(t *testing.T) {
	path := contractPath
	if named := os.Getenv("REFERENCE"); named != "" {
		path = named
	}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skip("there is no " + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, p := range pages(t) {
		for _, table := range p.Tables {
			for _, row := range table.Rows {
				documented[row.ID()] = true
			}
		}
	}
	rows := contractRows(string(text))
	if len(rows) < 120 {
		t.Errorf("only %d rows were found in %s: it is read wrongly", len(rows), path)
	}
	for _, row := range rows {
		if !documented[cmp.Or(relaxed[row], row)] {
			t.Errorf("docs/reference has no %q", row)
		}
	}
}

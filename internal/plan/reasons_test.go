package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// What shows a zero for every reason, and the documentation, rely on complete lists.
func TestListsOfReasonsAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "plan.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			declared[kind.Name] = append(declared[kind.Name], value)
		}
		return true
	})
	for kind, listed := range map[string][]string{
		"LaunchReason":  words(LaunchReasons()),
		"RemovalReason": words(RemovalReasons()),
		"RefusalReason": words(RefusalReasons()),
	} {
		if !slices.Equal(declared[kind], listed) {
			t.Errorf("%s: declared are %v, listed %v", kind, declared[kind], listed)
		}
	}
}

// What a filter says is reported under its own word.
func TestReasonsOfFiltersAreReported(t *testing.T) {
	known := words(RefusalReasons())
	for _, r := range filter.Reasons() {
		if !slices.Contains(known, string(r)) {
			t.Errorf("%s is no refusal reason of a plan", r)
		}
	}
}

func words[T ~string](values []T) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

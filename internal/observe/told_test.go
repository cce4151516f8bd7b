package observe

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// code is the source of a package without its tests.
type code struct {
	files  []*ast.File
	consts map[string]string
}

func parse(t *testing.T, dir string) code {
	t.Helper()
	c := code{consts: map[string]string{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "told.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.files = append(c.files, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
				for i, name := range spec.Names {
					c.consts[name.Name] = c.text(spec.Values[i])
				}
			}
			return true
		})
	}
	return c
}

// text is a string literal or constant, empty for what only a run can tell.
func (c code) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.Ident:
		return c.consts[e.Name]
	}
	return ""
}

// name is the last name of what is called or declared elsewhere.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// calls visits the calls of a function or method by its last name.
func (c code) calls(function string, visit func(args []ast.Expr)) {
	for _, f := range c.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && name(call.Fun) == function {
				visit(call.Args)
			}
			return true
		})
	}
}

// strings are all string literals.
func (c code) strings() map[string]bool {
	all := map[string]bool{}
	for _, f := range c.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok {
				all[c.text(literal)] = true
			}
			return true
		})
	}
	return all
}

// Events documents the events that this package words, and no others.
func TestEveryEventIsDocumented(t *testing.T) {
	own := parse(t, ".")
	worded := map[string]bool{}
	for kind, function := range map[string]string{corev1.EventTypeNormal: "normal", corev1.EventTypeWarning: "warning"} {
		own.calls(function, func(args []ast.Expr) {
			if reason := own.text(args[0]); reason != "" {
				worded[kind+" "+reason] = true
			}
		})
	}
	control := parse(t, "../control").strings()
	documented := map[string]bool{}
	for _, e := range Events() {
		documented[e.Type+" "+e.Reason] = true
		if !worded[e.Type+" "+e.Reason] && !control[e.Reason] { // some take a condition's reason
			t.Errorf("Events has %s %s, which nothing says", e.Type, e.Reason)
		}
	}
	for e := range worded {
		if !documented[e] {
			t.Errorf("the event %s is not in Events", e)
		}
	}
	// Who else words events would go past this test.
	for _, dir := range []string{"../control", "../cloud", "../cluster"} {
		parse(t, dir).calls("Eventf", func([]ast.Expr) { t.Errorf("%s words an event of its own", dir) })
	}
}

// Conditions documents every reason that the code gives, by condition.
func TestEveryReasonIsDocumented(t *testing.T) {
	types := map[string]string{
		"NodeGroupReady": v1alpha1.NodeGroupReady, "NodeGroupScaling": v1alpha1.NodeGroupScaling, "NodeGroupError": v1alpha1.NodeGroupError,
		"NodeGroupAtMinCapacity": v1alpha1.NodeGroupAtMinCapacity, "NodeGroupAtMaxCapacity": v1alpha1.NodeGroupAtMaxCapacity,
		"NodeGroupReconciling": v1alpha1.NodeGroupReconciling, "NodeGroupStalled": v1alpha1.NodeGroupStalled,
		"NodeGroupLowBalance": v1alpha1.NodeGroupLowBalance, "NodeGroupSpotAvailable": v1alpha1.NodeGroupSpotAvailable, "NodeGroupRolloutPaused": v1alpha1.NodeGroupRolloutPaused, "VPSieNodeDrifted": v1alpha1.VPSieNodeDrifted,
		"VPSieNodeVPSReady": v1alpha1.VPSieNodeVPSReady, "VPSieNodeNetworkReady": v1alpha1.VPSieNodeNetworkReady, "VPSieNodeNodeJoined": v1alpha1.VPSieNodeNodeJoined,
		"VPSieNodeNodeReady": v1alpha1.VPSieNodeNodeReady, "VPSieNodeError": v1alpha1.VPSieNodeError,
	}
	documented := map[string][]string{}
	for _, c := range Conditions() {
		documented[c.On+" "+c.Type] = c.Reasons
	}
	given := map[string]bool{}
	check := func(constant, reason string) {
		given[reason] = true
		on := "VPSieNode"
		if strings.HasPrefix(constant, "NodeGroup") {
			on = "NodeGroup"
		}
		if reason != "" && !slices.Contains(documented[on+" "+types[constant]], reason) {
			t.Errorf("the reason %s of %s is not in Conditions", reason, constant)
		}
	}
	control, own, cloud := parse(t, "../control"), parse(t, "."), parse(t, "../cloud")
	control.calls("condition", func(args []ast.Expr) { check(name(args[1]), control.text(args[3])) })
	control.calls("trouble", func(args []ast.Expr) { check("VPSieNodeError", control.text(args[1])) })
	for function, event := range map[string]int{"fail": 1, "miss": 2} { // of an event, whose reason they take
		control.calls(function, func(args []ast.Expr) {
			if call, ok := args[event].(*ast.CallExpr); ok {
				check("VPSieNodeError", name(call.Fun))
			}
		})
	}
	for _, code := range []code{control, parse(t, "../cluster")} {
		for reason := range code.strings() { // those that pass through a variable
			given[reason] = true
		}
	}
	own.calls("set", func(args []ast.Expr) { check(name(args[0]), own.text(args[2])) })
	for _, reason := range faultsOf(control, cloud) {
		check("NodeGroupError", reason)
	}
	for condition, reasons := range documented {
		for _, reason := range reasons {
			if !given[reason] {
				t.Errorf("Conditions has %s of %s, which nothing gives", reason, condition)
			}
		}
	}
}

// faultsOf are the reasons of the cloud's errors and of wrong NodeGroups.
func faultsOf(packages ...code) []string {
	var reasons []string
	for _, c := range packages {
		for _, f := range c.files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					if name(n.Type) == "ConfigError" {
						first := n.Elts[0]
						if pair, ok := first.(*ast.KeyValueExpr); ok {
							first = pair.Value
						}
						reasons = append(reasons, c.text(first))
					}
				case *ast.FuncDecl:
					if n.Name.Name == "Fault" {
						ast.Inspect(n, func(n ast.Node) bool {
							if r, ok := n.(*ast.ReturnStmt); ok {
								reasons = append(reasons, c.text(r.Results[0]))
							}
							return true
						})
					}
				}
				return true
			})
		}
	}
	return reasons
}

// Errors documents texts that the code, or the API server for it, says.
func TestEveryErrorTextIsSaid(t *testing.T) {
	var all strings.Builder
	for _, pattern := range []string{"*.go", "../control/*.go", "../cloud/*.go", "../cluster/*.go", "../../vpsie/*.go", "../../api/v1alpha1/crds/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || path == "told.go" {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	for _, e := range Errors() {
		if !strings.Contains(all.String(), e.Text) {
			t.Errorf("Errors has %q, which nothing says", e.Text)
		}
	}
}

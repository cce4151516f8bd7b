package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// constant is a string constant with its comment.
type constant struct {
	name, value, doc string
	// about is what the constants declared together are about.
	about string
}

// constants reads those of a Go file, because their comments are the documentation.
func constants(root, file string) ([]constant, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("reading the constants of %s: %w", file, err)
	}
	var all []constant
	for _, d := range parsed.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			continue
		}
		for _, s := range decl.Specs {
			spec := s.(*ast.ValueSpec)
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				continue
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				return nil, err
			}
			doc := spec.Doc.Text()
			if doc == "" && len(decl.Specs) == 1 {
				doc = decl.Doc.Text()
			}
			c := constant{name: spec.Names[0].Name, value: value, about: strings.TrimSpace(decl.Doc.Text())}
			c.doc = strings.TrimPrefix(strings.Join(strings.Fields(doc), " "), c.name+" ")
			c.doc = strings.TrimSuffix(strings.TrimPrefix(c.doc, "is "), ".")
			all = append(all, c)
		}
	}
	return all, nil
}

// rows are the constants whose names begin so.
func rows(all []constant, kind string, prefix string) []Row {
	var out []Row
	for _, c := range all {
		if strings.HasPrefix(c.name, prefix) {
			out = append(out, Row{kind, c.value, []string{c.doc}})
		}
	}
	return out
}

package strict

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocuments(t *testing.T) {
	tests := map[string]struct {
		file string
		want []string // name and JSON of each
	}{
		"empty":                     {"", nil},
		"only comments":             {"# a\n\n---\n# b\n", nil},
		"one":                       {"a: 1\n", []string{`f {"a":1}`}},
		"one behind a marker":       {"---\na: 1\n", []string{`f {"a":1}`}},
		"comments before a marker":  {"# a\n---\na: 1\n", []string{`f {"a":1}`}},
		"two":                       {"a: 1\n---\nb: 2\n", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`}},
		"an empty one between":      {"a: 1\n---\n---\nb: 2\n", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`}},
		"content beside the marker": {"--- {a: 1}\n--- # b\nb: 2", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`}},
		"an end marker":             {"a: 1\n...\nb: 2\n", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`}},
		"a directive":               {"%YAML 1.1\n---\na: 1\n", []string{`f {"a":1}`}},
		"windows lines":             {"a: 1\r\n---\r\nb: 2\r\n", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`}},
		"dashes in a text":          {"a: |\n  x\n  ---\n  y\n----: 1\n", []string{`f {"----":1,"a":"x\n---\ny\n"}`}},
		"JSON":                      {` {"a": 1}`, []string{`f {"a": 1}`}},
		"several JSON":              {`{"a":1} {"b":2}`, []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`}},
		"flow style":                {`{a: 1}`, []string{`f {"a":1}`}},
		"a byte order mark":         {"\ufeffa: 1\n", []string{`f {"a":1}`}},
		"marks in the middle":       {"\ufeffa: 1\n\ufeff---\nb: 2\n\ufeffc: 3\n", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`, `f: document 3 {"c":3}`}},
		"marks between JSON":        {"\ufeff{\"a\":1}\ufeff{\"b\":2}\n\ufeff{\"c\":3}", []string{`f: document 1 {"a":1}`, `f: document 2 {"b":2}`, `f: document 3 {"c":3}`}},
		"UTF-16 of PowerShell":      {"\xff\xfea\x00:\x00 \x00\xe9\x00\r\x00\n\x00", []string{`f {"a":"é"}`}},
		"UTF-16, the other way":     {"\xfe\xff\x00a\x00:\x00 \x001", []string{`f {"a":1}`}},
		"a merge key":               {"x: &b {a: 1, c: 2}\nxx: {<<: *b}\n", []string{`f {"x":{"a":1,"c":2},"xx":{"a":1,"c":2}}`}},
		"a merge key, overridden":   {"x: &b {a: 1, c: \"2\"}\nxx:\n  <<: *b\n  a: 9\n", []string{`f {"x":{"a":1,"c":"2"},"xx":{"a":9,"c":"2"}}`}},
		"overridden before it":      {"x: &b {a: 1, c: on}\nxx:\n  a: 9\n  <<: *b\n", []string{`f {"x":{"a":1,"c":true},"xx":{"a":9,"c":true}}`}},
		"merged from several":       {"x: &b {a: 1}\nxx: &d {<<: *b, a: 2, c: 3}\nz:\n  <<: [*d, *b]\n  c: 4\n", []string{`f {"x":{"a":1},"xx":{"a":2,"c":3},"z":{"a":2,"c":4}}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, d := range Documents("f", []byte(test.file)) {
				text, err := d.JSON()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, d.Name+" "+string(text))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFaultyYAMLNamesTheLineOfTheFile(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"not closed":                  {"a: 1\n---\nb: 2\nc: [1\nd: 3\n", "f: document 2: reading YAML: yaml: line 4: "},
		"a key twice":                 {"a: 1\n---\nb: 2\nb: 3\n", `f: document 2: reading YAML: yaml: unmarshal errors:` + "\n" + `  line 4: key "b" already set in map`},
		"a key twice in a List":       {"items:\n- a: 1\n  a: 2\n- b: 1\nkind: List\n", `line 3: key "a" already set in map`},
		"a key twice beside a merge":  {"x: &b {a: 1}\nxx:\n  <<: *b\n  c: 1\n  c: 2\n", `line 5: key "c" already set in map`},
		"items twice":                 {"kind: List\nitems:\n- a: 1\n- b: 1\nitems:\n- c: 1\n", `key "items" already set in map`},
		"an alias to another item":    {"kind: List\nitems:\n- &x a: 1\n- *y\n", "unknown anchor 'y' referenced"},
		"JSON with a mistake":         {`{"a": 1,, "b": 2}`, "f: reading YAML: yaml: "},
		"two JSON, one with a hiccup": {`{"a": 1} {"b": }}`, "f: reading YAML: something follows the closing brace: yaml: "},
		"two in flow style":           {"{a: 1}\n{b: 2}\n", "something follows the closing brace"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var err error
			for _, d := range Documents("f", []byte(test.file)) {
				if _, failed := d.JSON(); failed != nil {
					err = failed
				}
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

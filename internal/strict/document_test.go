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

package strict

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// A list that is converted in pieces must come out as if it were converted whole.
func TestListsInPieces(t *testing.T) {
	item := "- kind: Pod\n  text: |\n    - no item\n\n    of the list\n  # a comment\n  quoted: \"a\n    - b\"\n\n# another\n- - 1\n  - 2\n"
	tests := map[string]struct {
		text   string
		pieces int // with pieces of a single item
	}{
		"as kubectl prints it":        {"apiVersion: v1\nitems:\n" + item + "kind: List\nmetadata:\n  resourceVersion: \"\"\n", 2},
		"items at the end":            {"apiVersion: v1\nkind: List\nitems:\n" + item, 2},
		"no newline at the end":       {"kind: List\nitems:\n- a\n- b", 2},
		"comment after the items":     {"kind: List\nitems:\n- a: 1\n- b: 2\n# the end\nmetadata: {}\n", 2},
		"one item only":               {"kind: List\nitems:\n- a: 1\n", 0},
		"indented items":              {"kind: List\nitems:\n  - a: 1\n  - b: 2\n", 0},
		"no items":                    {"kind: List\nitems: []\n", 0},
		"a quoted text at the margin": {"kind: List\nitems:\n- a: \"x\n- y\"\n- b: 2\n", 0},
		"an anchor for later items":   {"kind: List\nitems:\n- a: &x 1\n- b: *x\n", 0},
		"an anchor in the head":       {"a: &x 1\nitems:\n- a: 1\n- b: *x\n", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want, err := yaml.YAMLToJSONStrict([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			pieced := Document{text: []byte(test.text)}.listToJSON(1)
			if (pieced != nil) != (test.pieces > 0) {
				t.Fatalf("converted in pieces: %t, want %t", pieced != nil, test.pieces > 0)
			}
			if pieced != nil && string(pieced) != string(want) {
				t.Errorf("in pieces -want +got:\n%s", cmp.Diff(string(want), string(pieced)))
			}
			if _, pieces := splitList([]byte(test.text), 1); pieced != nil && len(pieces) != test.pieces {
				t.Errorf("%d pieces, want %d", len(pieces), test.pieces)
			}
			whole, err := Document{text: []byte(test.text)}.JSON()
			if err != nil || string(whole) != string(want) {
				t.Errorf("document (%v) -want +got:\n%s", err, cmp.Diff(string(want), string(whole)))
			}
		})
	}
}

func TestLongListsKeepTheirOrder(t *testing.T) {
	var b strings.Builder
	b.WriteString("kind: List\nitems:\n")
	for i := range 4000 {
		fmt.Fprintf(&b, "- n: %d\n  text: %s\n", i, strings.Repeat("some words ", 20))
	}
	if _, pieces := splitList([]byte(b.String()), chunkSize); len(pieces) < 3 {
		t.Fatalf("%d pieces, want several", len(pieces))
	}
	got, err := Document{text: []byte(b.String())}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want, err := yaml.YAMLToJSONStrict([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("the list in pieces differs from the list as a whole")
	}
}

func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{
		"a: 1\n---\nb: [1, 2]\n", "kind: List\nitems:\n- a: 1\n- b: \"x\n- y\"\nmetadata: {}\n", `{"a": 1} {"b": 2}`,
		"items:\n- &a x\n- *a\n", "%YAML 1.1\n---\n...\n", "x: 1\nitems:\n- a: |\n    - b\n\n- c\n#\n", "\nitems:\n- ? a\n- ? b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range Documents("f", data) {
			_, _ = d.JSON() // Whatever the text is, it must not panic.
			if d.json {
				continue
			}
			pieced := d.listToJSON(1)
			if pieced == nil {
				continue
			}
			whole, err := yaml.YAMLToJSONStrict(d.text)
			if err != nil {
				t.Fatalf("in pieces %s, whole: %v", pieced, err)
			}
			if string(pieced) != string(whole) {
				t.Fatalf("in pieces %s, whole %s", pieced, whole)
			}
		}
	})
}

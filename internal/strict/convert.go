package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"

	goyaml "go.yaml.in/yaml/v2"
	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/yaml"
)

// JSON is the document as JSON. A repeated key and text that is neither YAML nor
// JSON are errors, with the line of the file.
func (d Document) JSON() ([]byte, error) {
	if d.json {
		return d.text, nil
	}
	if converted := d.listToJSON(chunkSize); converted != nil {
		return converted, nil
	}
	converted, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		if text := withoutMerges(d.text); !bytes.Equal(text, d.text) {
			converted, err = yaml.YAMLToJSONStrict(text)
		}
	}
	if err == nil {
		err = endsThere(d.text)
	}
	if err != nil {
		// Once more, with the lines numbered as in the file.
		padded := append(bytes.Repeat([]byte("\n"), d.line), d.text...)
		if _, again := yaml.YAMLToJSONStrict(padded); again != nil {
			err = again
		}
		return nil, fmt.Errorf("%s: reading YAML: %w", d.Name, err)
	}
	return converted, nil
}

// endsThere refuses text behind a mapping in braces: the library reads no further
// than the closing one, and what follows would be left out without a word.
func endsThere(text []byte) error {
	if !bytes.Contains(text, []byte("{")) || bytes.ContainsAny(text[:bytes.IndexByte(text, '{')], ":") {
		return nil
	}
	d := goyaml.NewDecoder(bytes.NewReader(text))
	var value any
	if err := d.Decode(&value); err != nil {
		return err
	}
	if err := d.Decode(&value); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the closing brace: %w", err)
	}
	return nil
}

// chunkSize is how much of a list is converted in one piece, in bytes, unless an
// item is longer.
const chunkSize = 256 << 10

// listToJSON converts a long list as kubectl prints it, its items in pieces side by
// side: YAML is by far the slowest part of reading a dump. It is nil when the
// document is of another form, or a piece does not stand for itself, such as one
// with an alias; then the document has to be converted whole.
func (d Document) listToJSON(size int) []byte {
	head, items := splitList(d.text, size)
	if len(items) < 2 {
		return nil
	}
	rest, err := yaml.YAMLToJSONStrict(head)
	if err != nil {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(rest, &fields); err != nil || string(fields["items"]) != "null" {
		return nil
	}
	arrays, err := convertAll(items)
	if err != nil {
		return nil
	}
	fields["items"] = join(arrays)
	var b bytes.Buffer
	for i, key := range slices.Sorted(maps.Keys(fields)) {
		name, err := json.Marshal(key)
		if err != nil {
			return nil
		}
		b.WriteByte("{,"[min(i, 1)])
		b.Write(name)
		b.WriteByte(':')
		b.Write(fields[key])
	}
	b.WriteByte('}')
	return b.Bytes()
}

// splitList cuts the items of a top-level `items:` out of a document, into pieces
// of whole items. No line of an item but its first can begin with "- " unless it is
// in the middle of a quoted or bracketed value, and then the piece is not YAML.
func splitList(text []byte, size int) (head []byte, pieces [][]byte) {
	const key = "\nitems:\n- "
	at := bytes.Index(text, []byte(key))
	if at < 0 {
		return nil, nil
	}
	at += len(key) - len("- ")
	head = slices.Clone(text[:at])
	start := at
	for at < len(text) {
		switch line := text[at:]; {
		case bytes.HasPrefix(line, []byte("- ")):
			if at-start >= size {
				pieces = append(pieces, text[start:at])
				start = at
			}
		case line[0] != ' ' && line[0] != '\n' && line[0] != '#':
			return append(head, line...), append(pieces, text[start:at])
		}
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return head, append(pieces, text[start:])
}

func convertAll(pieces [][]byte) ([][]byte, error) {
	out := make([][]byte, len(pieces))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i, piece := range pieces {
		all.Go(func() (err error) {
			out[i], err = yaml.YAMLToJSONStrict(piece)
			if err == nil && !bytes.HasPrefix(out[i], []byte("[")) {
				return errors.New("not a list")
			}
			return err
		})
	}
	return out, all.Wait()
}

// join makes one array of several.
func join(arrays [][]byte) []byte {
	inner := make([][]byte, len(arrays))
	for i, a := range arrays {
		inner[i] = a[1 : len(a)-1]
	}
	return slices.Concat([]byte("["), bytes.Join(inner, []byte(",")), []byte("]"))
}

package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Document is one YAML or JSON document of a file.
type Document struct {
	// Name is the file's name, and the document's number where there are several.
	Name string
	// line is the number of lines of the file before it.
	line int
	text []byte
	json bool
}

// Documents splits a file into its documents; empty ones are left out.
func Documents(file string, data []byte) []Document {
	data = bytes.TrimPrefix(asUTF8(data), []byte(byteOrderMark))
	docs := jsonDocuments(data)
	if docs == nil {
		docs = yamlDocuments(data)
	}
	for i := range docs {
		docs[i].Name = file
		if len(docs) > 1 {
			docs[i].Name = fmt.Sprintf("%s: document %d", file, i+1)
		}
	}
	return docs
}

// jsonDocuments reads one JSON value after the other; nil when the file is not
// JSON throughout, which may still be YAML in flow style.
func jsonDocuments(data []byte) []Document {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return nil
	}
	var docs []Document
	// A byte order mark behind a newline or a brace is that of an appended file.
	for _, before := range []string{"\n", "}"} {
		data = bytes.ReplaceAll(data, []byte(before+byteOrderMark), []byte(before))
	}
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var value json.RawMessage
		switch err := d.Decode(&value); err {
		case nil:
			docs = append(docs, Document{text: value, json: true})
		case io.EOF:
			return docs
		default:
			return nil
		}
	}
}

// yamlDocuments splits at the markers `---` and `...`, and where a byte order mark
// says that another file was appended.
func yamlDocuments(data []byte) []Document {
	var docs []Document
	doc := Document{}
	blank := true     // nothing but comments and directives so far
	directed := false // a directive among them
	number, start := 0, 0
	end := func(at int) {
		if !blank {
			doc.text = data[start:at]
			docs = append(docs, doc)
		}
	}
	for at := 0; at < len(data); number++ {
		next := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line := data[at:next]
		if rest, marked := bytes.CutPrefix(line, []byte(byteOrderMark)); marked {
			end(at)
			doc, blank, directed, start = Document{line: number}, true, false, next-len(rest)
			line = rest
		}
		switch {
		case marks(line, "..."):
			end(at)
			doc, blank, start = Document{line: number + 1}, true, next
		case marks(line, "---"):
			end(at)
			if !blank || !directed {
				doc, start = Document{line: number}, next-len(line)
			}
			blank, directed = meaningless(line[3:]), false
		case blank && len(line) > 0 && line[0] == '%':
			directed = true
		default:
			blank = blank && meaningless(line)
		}
		at = next
	}
	end(len(data))
	return docs
}

func marks(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}

func meaningless(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#'
}

package vpsie

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// envelope is the frame of every v2 answer: {error, data, total} or {error, code, message}.
type envelope struct {
	Error   *flexBool       `json:"error"`
	Code    flexString      `json:"code"`
	Message json.RawMessage `json:"message"`
	Data    json.RawMessage `json:"data"`
	Total   json.RawMessage `json:"total"`
}

// answer is what came back for one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	env    envelope
	// framed tells that the body was an envelope; HTML from a gateway is not.
	framed bool
}

func newAnswer(status int, header http.Header, body []byte) answer {
	a := answer{status: status, header: header, body: body}
	a.framed = json.Unmarshal(body, &a.env) == nil && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	if !a.framed {
		a.env = envelope{}
	}
	return a
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// failed reports whether the server itself calls the answer a failure.
func (a answer) failed() bool { return a.env.Error != nil && bool(*a.env.Error) }

// isNothing reports whether data is null or false, the API's way to say that there is nothing.
func isNothing(data json.RawMessage) bool {
	text := string(bytes.TrimSpace(data))
	return text == "null" || text == "false"
}

// page is one decoded list answer.
type page[T any] struct {
	items []T
	total int // -1 when the answer does not say
}

// decodePage reads the list shapes in use: [...], [[...]], {rows: [...], count or total: n}; null and false are empty.
func decodePage[T any](env envelope) (page[T], error) {
	p := page[T]{total: -1}
	if len(env.Data) == 0 {
		return p, errors.New("the answer has no data")
	}
	total, err := decodeTotal(env.Total)
	if err != nil {
		return p, err
	}
	p.total = total
	if isNothing(env.Data) {
		return p, nil
	}
	data := bytes.TrimSpace(env.Data)
	if data[0] == '{' {
		var wrapped struct {
			Rows         json.RawMessage
			Count, Total json.RawMessage
		}
		if err := json.Unmarshal(data, &wrapped); err != nil || len(wrapped.Rows) == 0 {
			return p, errors.New("the answer holds an object where a list is expected")
		}
		data = bytes.TrimSpace(wrapped.Rows)
		for _, raw := range []json.RawMessage{wrapped.Count, wrapped.Total} {
			if n, err := decodeTotal(raw); err != nil {
				return p, err
			} else if n >= 0 {
				p.total = n
			}
		}
		if isNothing(data) {
			return p, nil
		}
	}
	p.items, err = decodeItems[T](data)
	return p, err
}

// maxItems bounds one answer's list: a page of ten million empty objects fits an answer, but not the memory.
const maxItems = 20_000

// decodeItems reads a list, with at most one level of lists in it, item by item.
func decodeItems[T any](data []byte) ([]T, error) {
	return appendItems[T](nil, data, 1)
}

func appendItems[T any](items []T, data []byte, nesting int) ([]T, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if start, err := dec.Token(); err != nil || start != json.Delim('[') {
		return nil, errors.New("the answer holds no list where one is expected")
	}
	for i := 0; dec.More(); i++ {
		if i >= maxItems || len(items) >= maxItems {
			return nil, fmt.Errorf("the answer's list has more than %d items", maxItems)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("reading item %d of the list: %w", i, withoutContent(err))
		}
		if raw[0] == '[' {
			if nesting == 0 {
				return nil, errors.New("the answer's list holds lists in lists")
			}
			var err error
			if items, err = appendItems(items, raw, nesting-1); err != nil {
				return nil, err
			}
			continue
		}
		var item T
		if err := json.Unmarshal(raw, &item); err != nil {
			return nil, fmt.Errorf("reading item %d of the list: %w", i, withoutContent(err))
		}
		items = append(items, item)
	}
	return items, nil
}

// decodeTotal reads 7, "7" and [{"count":7}]; -1 means that the answer does not say.
func decodeTotal(raw json.RawMessage) (int, error) {
	if len(raw) == 0 || isNothing(raw) {
		return -1, nil
	}
	var counts []struct{ Count flexInt }
	if json.Unmarshal(raw, &counts) == nil && len(counts) == 1 {
		return int(counts[0].Count), nil
	}
	var n flexInt
	if err := n.UnmarshalJSON(raw); err != nil || n < 0 {
		return -1, errors.New("the answer's total is not a number")
	}
	return int(n), nil
}

// withoutContent keeps of a decoding error what names the field, since encoding/json may quote values, and values in
// machine lists include passwords.
func withoutContent(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("field %q has the wrong type", t.Field)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errors.New("the JSON is broken")
	}
	return err
}

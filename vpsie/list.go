package vpsie

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// maxPages bounds a list whose server ignores the offset in a way that looks like progress.
const maxPages = 10_000

// errIncomplete marks a list of which the API gave less than it announced.
var errIncomplete = errors.New("fewer items than announced")

// IsIncomplete reports whether err says that a list has fewer items than the API announced. What came stands beside the
// error: it is there, but what it lacks may be there too.
func IsIncomplete(err error) bool { return errors.Is(err, errIncomplete) }

// needsList makes an answer without a list an error where "nothing" would decide that paid machines are gone.
func needsList(a answer) *Error {
	if a.status != http.StatusNoContent && len(bytes.TrimSpace(a.env.Data)) > 0 && !isNothing(a.env.Data) {
		return nil
	}
	return &Error{Class: Temporary, Status: a.status, Message: "the API answered without a list"}
}

// list reads a whole list. key identifies an item across pages; judge, where given, finds answers that are no list.
// Items that come and go while pages are read shift the rest, so a list that does not add up is read once more before
// that is an error, beside what came; see IsIncomplete.
func list[T any](ctx context.Context, c *Client, op, path string, key func(T) string, judge ...func(answer) *Error) ([]T, error) {
	k := call{op: op, method: http.MethodGet, path: path}
	if len(judge) > 0 {
		k.judge = judge[0]
	}
	all, err := listOnce(ctx, c, k, key)
	if errors.Is(err, errIncomplete) {
		return listOnce(ctx, c, k, key)
	}
	return all, err
}

// listSome reads a list of which each item is of use by itself: it is no error that some of them did not come.
func listSome[T any](ctx context.Context, c *Client, op, path string, key func(T) string) ([]T, error) {
	all, err := list(ctx, c, op, path, key)
	if IsIncomplete(err) && len(all) > 0 {
		return all, nil
	}
	return all, err
}

// listOnce first asks without paging, as every known client does. When the answer says that there is more it asks for
// all of it at once, and pages by record offset where the server gives less than that.
func listOnce[T any](ctx context.Context, c *Client, k call, key func(T) string) ([]T, error) {
	all := items[T]{key: key, seen: map[string]bool{}}
	first, _, err := readPage[T](ctx, c, k)
	if err != nil {
		return nil, err
	}
	all.add(first.items)
	if first.total <= len(first.items) {
		return all.list, nil
	}
	k.query = url.Values{"offset": {"0"}, "limit": {strconv.Itoa(first.total)}}
	for range maxPages {
		p, a, err := readPage[T](ctx, c, k)
		if err != nil {
			return nil, err
		}
		fresh := all.add(p.items)
		if p.total <= len(all.list) || k.query.Get("offset") == "0" && p.total <= len(p.items) {
			return all.list, nil
		}
		if fresh == 0 && k.query.Get("offset") != "0" {
			message := fmt.Sprintf("the list is incomplete: %d of %d came", len(all.list), p.total)
			return all.list, named(&Error{Class: Temporary, Status: a.status, Message: message, cause: errIncomplete}, k.op)
		}
		k.query = url.Values{"offset": {strconv.Itoa(max(len(all.list), 1))}, "limit": {strconv.Itoa(max(len(p.items), 100))}}
	}
	return nil, named(&Error{Class: Temporary, Message: "the list does not end"}, k.op)
}

// items collects a list's items, each once.
type items[T any] struct {
	key  func(T) string
	seen map[string]bool
	list []T
}

// add returns how many were new.
func (l *items[T]) add(more []T) int {
	before := len(l.list)
	for _, item := range more {
		id := l.key(item)
		if id == "" || !l.seen[id] {
			l.list = append(l.list, item)
		}
		l.seen[id] = true
	}
	return len(l.list) - before
}

func readPage[T any](ctx context.Context, c *Client, k call) (page[T], answer, error) {
	a, err := c.do(ctx, k)
	if err != nil {
		return page[T]{}, a, routeMissing(err)
	}
	if a.status == http.StatusNoContent {
		return page[T]{}, a, nil
	}
	p, err := decodePage[T](a.env)
	if err != nil {
		return p, a, named(unreadable(a, false, err), k.op)
	}
	return p, a, nil
}

// routeMissing turns "not found" of a list into a wrong request: a list is always there, so it is the route that is not,
// and nobody may take that for an empty list.
func routeMissing(err error) error {
	e := *asError(err)
	if e.Class != NotFound {
		return err
	}
	e.Class, e.Message = Invalid, "the API does not know this route; check the url"
	return &e
}

package vpsie

import (
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

// list reads a whole list. key identifies an item across pages. Items that come and go while pages are read shift the
// rest, so a list that does not add up is read once more before that is an error.
func list[T any](ctx context.Context, c *Client, op, path string, key func(T) string) ([]T, error) {
	all, err := listOnce(ctx, c, op, path, key)
	if errors.Is(err, errIncomplete) {
		return listOnce(ctx, c, op, path, key)
	}
	return all, err
}

// listOnce first asks without paging, as every known client does, and pages by record offset only when the answer says
// that there is more.
func listOnce[T any](ctx context.Context, c *Client, op, path string, key func(T) string) ([]T, error) {
	k := call{op: op, method: http.MethodGet, path: path}
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		p, a, err := readPage[T](ctx, c, k)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, item := range p.items {
			id := key(item)
			if id == "" || !seen[id] {
				all = append(all, item)
			}
			seen[id] = true
		}
		if p.total <= len(all) {
			return all, nil
		}
		if len(all) == before {
			message := fmt.Sprintf("the list is incomplete: %d of %d came", len(all), p.total)
			return nil, named(&Error{Class: Temporary, Status: a.status, Message: message, cause: errIncomplete}, op)
		}
		k.query = url.Values{"offset": {strconv.Itoa(len(all))}, "limit": {strconv.Itoa(max(len(p.items), 100))}}
	}
	return nil, named(&Error{Class: Temporary, Message: "the list does not end"}, op)
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

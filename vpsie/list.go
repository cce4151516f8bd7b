package vpsie

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// maxPages bounds a list whose server ignores the offset in a way that looks like progress.
const maxPages = 10_000

// list reads a whole list. It first asks without paging, as every known client does, and pages by record offset only
// when the answer says that there is more. key identifies an item across pages.
func list[T any](ctx context.Context, c *Client, op, path string, key func(T) string) ([]T, error) {
	k := call{op: op, method: http.MethodGet, path: path}
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		p, a, err := readPage[T](ctx, c, k)
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, item := range p.items {
			if id := key(item); id != "" && seen[id] {
				continue
			} else {
				seen[id] = true
			}
			all = append(all, item)
			fresh++
		}
		if p.total <= len(all) {
			return all, nil
		}
		if fresh == 0 {
			return nil, named(&Error{Class: Temporary, Status: a.status, Message: fmt.Sprintf("the list is incomplete: %d of %d came", len(all), p.total)}, op)
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

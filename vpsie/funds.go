package vpsie

import (
	"context"
	"encoding/json"
	"net/http"
)

// Funds is the state of the account's money, in millionths of a US dollar.
type Funds struct {
	// Current is what is left. It is meaningless for an account that is PostPaid.
	Current int64
	// PostPaid accounts are billed afterwards: an empty balance stops nothing.
	PostPaid bool
	// PerMonth is what the account's present products cost in a month of 720 hours; 0 when the API does not say.
	PerMonth int64
}

// Funds returns what the account has left. The error's class is NotFound where the API has no route for it.
func (c *Client) Funds(ctx context.Context) (Funds, error) {
	const op = "Funds"
	a, err := c.do(ctx, call{op: op, method: http.MethodGet, path: c.addr.routes.Usage})
	if err == nil {
		if b, ok := usageBalance(a.body); ok {
			return b, nil
		}
	} else if ClassOf(err) != NotFound {
		return Funds{}, err
	}
	a, err = c.do(ctx, call{op: op, method: http.MethodGet, path: c.addr.routes.Profile})
	if err != nil {
		return Funds{}, err
	}
	var profile struct {
		Balance *signedMicros `json:"current_balance"`
		Monthly signedMicros  `json:"monthly_charge"`
		Post    flexBool      `json:"is_post_paid"`
	}
	if json.Unmarshal(a.env.Data, &profile) != nil || profile.Balance == nil {
		return Funds{}, &Error{Op: op, Class: NotFound, Status: a.status, Message: "the API does not say what the account has left"}
	}
	return Funds{Current: int64(*profile.Balance), PostPaid: bool(profile.Post), PerMonth: max(0, int64(profile.Monthly))}, nil
}

// usageBalance reads the balance that stands beside the estimated usages.
func usageBalance(body []byte) (Funds, bool) {
	type account struct {
		Current *signedMicros `json:"current_balance"`
		Monthly signedMicros  `json:"monthly_charge"`
		Actual  signedMicros  `json:"actual_monthly_charge"`
		Post    flexBool      `json:"is_post_paid"`
	}
	var whole struct {
		Outer account         `json:"balanceData"`
		Data  json.RawMessage `json:"data"`
	}
	var inner struct {
		Account account `json:"balanceData"`
	}
	// What does not fit leaves the balance missing.
	_ = json.Unmarshal(body, &whole)
	_ = json.Unmarshal(whole.Data, &inner)
	for _, found := range []account{whole.Outer, inner.Account} {
		if found.Current != nil {
			return Funds{Current: int64(*found.Current), PostPaid: bool(found.Post), PerMonth: max(0, int64(found.Actual), int64(found.Monthly))}, true
		}
	}
	return Funds{}, false
}

// signedMicros is an amount that may be below zero, and that is 0 where it cannot be read.
type signedMicros int64

func (v *signedMicros) UnmarshalJSON(raw []byte) error {
	*v = 0
	text, err := scalarText(raw)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	if n, err := decimal(text, 6); err == nil {
		*v = signedMicros(n)
	}
	return nil
}

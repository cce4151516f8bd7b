package vpsie

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// call is one request to make.
type call struct {
	op          string
	method      string
	path        string
	query       url.Values
	contentType string
	body        []byte
	// mutation marks a call that must not be sent twice.
	mutation bool
	// judge finds failures in an answer that looks like success; nil where the envelope is enough.
	judge func(answer) *Error
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// do makes the call, with repetitions where they are safe.
func (c *Client) do(ctx context.Context, k call) (answer, error) {
	for attempt := 0; ; attempt++ {
		a, err := c.attempt(ctx, k)
		if err == nil {
			return a, nil
		}
		wait, again := c.retry(k, err, attempt)
		if !again {
			return answer{}, named(err, k.op)
		}
		if err := c.opts.Sleep(ctx, wait); err != nil {
			return answer{}, named(noAnswer(err), k.op)
		}
	}
}

// attempt makes the call once, or twice when the token turned out to be refused and could be replaced.
func (c *Client) attempt(ctx context.Context, k call) (answer, error) {
	for renewed := false; ; renewed = true {
		token, err := c.auth.token(ctx)
		if err != nil {
			return answer{}, err
		}
		a, failed := c.send(ctx, k, func(h http.Header) { c.auth.sign(h, token) })
		if failed == nil {
			return a, nil
		}
		if renewed || !isRefusedToken(failed) || !c.auth.discard(token) {
			return answer{}, failed
		}
	}
}

// isRefusedToken is true for 401 and for its words under a 2xx. It is false for 403, which a new token does not cure, and
// for a 5xx, whose words do not prove that nothing happened.
func isRefusedToken(e *Error) bool {
	return e.Class == Unauthorized && (e.Status == http.StatusUnauthorized || e.Status < 300)
}

// send puts one request on the wire and judges the answer.
func (c *Client) send(ctx context.Context, k call, sign func(http.Header)) (answer, *Error) {
	if err := c.limit.wait(ctx); err != nil {
		return answer{}, asError(err)
	}
	began := c.opts.Now()
	a, failed := c.exchangeOnce(ctx, k, sign)
	status := strconv.Itoa(a.status)
	switch {
	case failed == nil:
	case a.status == 0:
		status = "error"
	case a.ok():
		status = string(failed.Class)
	}
	c.opts.Observe(k.op, status, c.opts.Now().Sub(began))
	if failed != nil && failed.Status == http.StatusTooManyRequests {
		c.limit.pause(failed.RetryAfter)
	}
	return a, failed
}

func (c *Client) exchangeOnce(ctx context.Context, k call, sign func(http.Header)) (answer, *Error) {
	timed, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	req, err := c.request(timed, k)
	if err != nil {
		return answer{}, &Error{Class: Invalid, Message: "the request could not be built; check the url", cause: err}
	}
	sign(req.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, lost(ctx, err, k.mutation)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.opts.MaxAnswerBytes+1))
	if err != nil {
		return answer{}, lost(ctx, err, k.mutation)
	}
	a := newAnswer(resp.StatusCode, resp.Header, body)
	if int64(len(body)) > c.opts.MaxAnswerBytes {
		return a, unreadable(a, k.mutation, fmt.Errorf("the answer is longer than %d bytes", c.opts.MaxAnswerBytes))
	}
	if a.status == http.StatusNoContent {
		if k.judge != nil && !k.mutation {
			return a, k.judge(a)
		}
		return a, nil
	}
	if !a.ok() || !a.framed || a.failed() {
		return a, c.failure(a, k.mutation)
	}
	if k.judge != nil {
		return a, k.judge(a)
	}
	return a, nil
}

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	target := c.addr.origin + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var body io.Reader
	if k.body != nil {
		body = bytes.NewReader(k.body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", jsonType)
	req.Header.Set("User-Agent", c.opts.UserAgent)
	if k.body != nil {
		req.Header.Set("Content-Type", k.contentType)
	}
	return req, nil
}

func jsonBody(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

const maxAttempts = 4

// retry returns the wait before the call may be sent again, and whether it may.
func (c *Client) retry(k call, err error, attempt int) (time.Duration, bool) {
	e := asError(err)
	if k.mutation || attempt+1 >= maxAttempts || e.RetryAfter > maxPause {
		return 0, false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	case 0:
		if e.Class != Temporary || isContext(e.cause) {
			return 0, false
		}
	default:
		return 0, false
	}
	backoff := 250 * time.Millisecond << attempt
	// Half fixed, half random: the callers of one outage must not come back together.
	backoff = backoff/2 + time.Duration(c.opts.Jitter()*float64(backoff/2))
	return max(backoff, e.RetryAfter), true
}

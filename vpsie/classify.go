package vpsie

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func classOfStatus(status int) Class {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Unauthorized
	case status == http.StatusPaymentRequired:
		return Balance
	case status == http.StatusNotFound, status == http.StatusGone:
		return NotFound
	case status == http.StatusConflict, status == http.StatusLocked:
		return Conflict
	case status == http.StatusTooManyRequests:
		return Throttled
	case status == http.StatusRequestTimeout:
		return Temporary
	case status >= 300 && status < 500:
		return Invalid
	default:
		return Temporary
	}
}

// failure judges an answer that is not a success. mutation says whether an unknown outcome matters.
func (c *Client) failure(a answer, mutation bool) *Error {
	e := &Error{Status: a.status, RetryAfter: retryAfter(a.header, c.opts.Now())}
	message := a.says()
	if a.status == http.StatusTooManyRequests || a.status == http.StatusUnauthorized {
		e.Class = classOfStatus(a.status)
	} else {
		e.Class = cmp.Or(classOfMessage(message), classOfStatus(statusOf(a)))
	}
	e.unknownRoute = missesRoute(a, message)
	e.Message = c.clean(message)
	if e.Message == "" && e.Class != Unauthorized {
		e.Message = wordsFor(a)
	}
	if e.Class != Throttled {
		e.RetryAfter = min(e.RetryAfter, maxPause)
	}
	// Every other class is a refusal; what a gateway or a crashed handler says about the effect is worth nothing.
	e.ambiguous = mutation && e.Class == Temporary
	return e
}

// missesRoute tells an unknown route from an object that is not found: the API's words for the first name nothing.
func missesRoute(a answer, message string) bool {
	switch statusOf(a) {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	case http.StatusNotFound:
		return regexp.MustCompile(`(?i)^\W*(|not found|route not found|no such route|unknown route|cannot (post|get|put|delete)\b.*)\W*$`).MatchString(message)
	}
	return false
}

// statusOf returns the HTTP status, or the envelope's own code where a failure hides behind a 2xx.
func statusOf(a answer) int {
	if code, err := strconv.Atoi(string(a.env.Code)); a.ok() && err == nil && code >= 300 && code < 600 {
		return code
	}
	if a.ok() {
		return http.StatusInternalServerError
	}
	return a.status
}

func wordsFor(a answer) string {
	switch {
	case a.status >= 300 && a.status < 400:
		return "the API answered with a redirect, which is not followed; check the url"
	case !a.framed && a.ok():
		return "the answer is not one of the VPSie API; check the url"
	case a.failed():
		return "the API reported an error without a message"
	default:
		return "the API is not working or not reachable behind its gateway"
	}
}

// retryAfter reads both forms of the Retry-After header.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(v, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

const maxMessage = 200

// clean makes a server's message fit for a status condition: one short line, without the parts that differ from one time
// to the next, and without the secrets that an echo could contain.
func (c *Client) clean(message string) string {
	for _, secret := range c.secrets() {
		for _, echo := range echoes(secret) {
			message = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(echo)).ReplaceAllLiteralString(message, "(redacted)")
		}
	}
	message = confidential.ReplaceAllString(message, "(redacted)")
	message = strings.ToValidUTF8(strings.Join(strings.Fields(message), " "), "")
	message = varying.ReplaceAllString(message, "(id)")
	if runes := []rune(message); len(runes) > maxMessage {
		message = string(runes[:maxMessage]) + "…"
	}
	return message
}

// confidential matches what an echoed order would show: bootstrap tokens, and user data in base64.
var confidential = regexp.MustCompile(`\b[a-z0-9]{6}\.[a-z0-9]{16}\b|[A-Za-z0-9+/]{64,}=*`)

// varying matches UUIDs and other long hexadecimal or numeric marks, such as request numbers and time stamps.
var varying = regexp.MustCompile(`(?i)\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|[0-9]{10,}|\d{4}-\d\d-\d\d[t ][0-9:.z+-]+)`)

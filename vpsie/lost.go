package vpsie

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// lost judges a request that got no complete answer. Whether a mutation happened is unknown unless the request
// provably never left.
func lost(ctx context.Context, err error, mutation bool) *Error {
	if ctx.Err() != nil {
		e := noAnswer(ctx.Err())
		e.ambiguous = mutation
		return e
	}
	e := &Error{Class: Temporary, cause: err, ambiguous: mutation}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e.Class, e.Message, e.cause, e.ambiguous = Invalid, "the certificate of the API's host is not trusted; check the url", certificate, false
		return e
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		e.ambiguous = false
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		e.Message, e.ambiguous = "the name of the API's host cannot be resolved", false
		return e
	}
	e.Message = wordsForLoss(err)
	if errors.Is(err, context.DeadlineExceeded) {
		// The request's own time limit, not the caller's: the cause must not look like the caller's deadline.
		e.cause = errTimeout
	}
	return e
}

var errTimeout = errors.New("the request's time limit passed")

func wordsForLoss(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "the API did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the API's host refuses connections"
	default:
		return "the connection to the API broke"
	}
}

// noAnswer is the failure of a call whose context ended before anything was sent.
func noAnswer(err error) *Error {
	message := "the call was cancelled"
	if errors.Is(err, context.DeadlineExceeded) {
		message = "the API did not answer in time"
	}
	return &Error{Class: Temporary, Message: message, cause: err}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// unreadable is the failure to understand an answer.
func unreadable(a answer, mutation bool, why error) *Error {
	return &Error{Class: Temporary, Status: a.status, Message: why.Error(), ambiguous: mutation}
}

// asError returns the *Error in err. Everything below Client's methods makes its errors so; the rest is a bug that
// must not pass for knowledge.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Class: Temporary, Message: "the call ended in an unexpected way", cause: err, ambiguous: true}
}

// named returns err with the operation in it. It copies, since waiting callers of one token exchange share an error.
func named(err error, op string) error {
	e := *asError(err)
	e.Op = op
	return &e
}

// invalid is a request that is refused before it is sent.
func invalid(op, message string) error {
	return &Error{Op: op, Class: Invalid, Message: message}
}

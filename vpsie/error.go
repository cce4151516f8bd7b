package vpsie

import (
	"errors"
	"fmt"
	"time"
)

// Class says what the caller of a failed call must do.
type Class string

// The classes.
const (
	NotFound      Class = "NotFound"      // the object is not there: nothing to do, or create it
	OutOfStock    Class = "OutOfStock"    // the plan is sold out: take another plan or datacenter, come back much later
	Quota         Class = "Quota"         // the account's limit is reached: somebody must raise it
	Balance       Class = "Balance"       // the account has no money: somebody must pay
	Denied        Class = "Denied"        // the account is suspended, or the token lacks the right: somebody must act
	Throttled     Class = "Throttled"     // too many requests: wait for RetryAfter, then repeat
	Unauthorized  Class = "Unauthorized"  // credentials are wrong, expired, or the source address is blocked: somebody must act
	WrongPassword Class = "WrongPassword" // the account password is wrong or missing: somebody must act, do not repeat
	Conflict      Class = "Conflict"      // the object is busy or exists already: look again, then decide
	Invalid       Class = "Invalid"       // the request is wrong, or names an unknown datacenter, plan or image: change it
	Temporary     Class = "Temporary"     // the API or the way to it is broken: repeat later
)

// Error is the failure of one call. Its text is stable: the same failure has the same text each time, without request
// numbers, ports, identifiers or secrets, so that it can stand in a status condition.
type Error struct {
	// Op is the method of Client that failed.
	Op    string
	Class Class
	// Status is the HTTP status; 0 when there was no answer. Failures also come with 200.
	Status int
	// Message is the API's message, cleaned, or this package's own words when there is none.
	Message string
	// RetryAfter is how long the API asked to wait; 0 when it did not say.
	RetryAfter time.Duration

	ambiguous    bool
	unknownRoute bool // the API has no such route
	cause        error
}

func (e *Error) Error() string {
	text := e.Message
	if lead := headline(e.Class); lead != "" {
		text = lead
		if e.Message != "" {
			text += ": " + e.Message
		}
	}
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Status >= 300 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return text
}

// headline returns the words that users look up in the documentation.
func headline(c Class) string {
	switch c {
	case Unauthorized:
		return "VPSie API authentication failed"
	case Quota:
		return "Insufficient VPSie quota"
	case Balance:
		return "Insufficient VPSie balance"
	case Denied:
		return "VPSie API permission denied"
	case WrongPassword:
		return "VPSie refused the account password"
	case OutOfStock:
		return "Instance type not available"
	case Throttled:
		return "VPSie API rate limit reached"
	default:
		return ""
	}
}

// Unwrap gives the cause, among others context.Canceled and context.DeadlineExceeded. Its text is not stable.
func (e *Error) Unwrap() error { return e.cause }

// MayHaveHappened reports whether the call could have changed something although it failed: the answer was lost, late or
// unreadable, or a 5xx. It is false for calls that change nothing.
func (e *Error) MayHaveHappened() bool { return e.ambiguous }

// ClassOf returns the class of an error of this package anywhere in err's chain, else "".
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return ""
}

// IsNotFound reports whether err says that an object is not there. After DeleteVM it is no proof: a wrong url answers
// the same, so confirm with ListVMs and PendingVMs.
func IsNotFound(err error) bool { return ClassOf(err) == NotFound }

// MayHaveHappened reports whether err leaves open if the call took effect.
func MayHaveHappened(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.ambiguous
}

// Answered reports whether an error came from an answer of the API rather than from the way to it.
func Answered(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status != 0 && e.Status != 502 && e.Status != 503 && e.Status != 504
}

// RetryAfter returns the wait that the API asked for, else 0.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

package vpsie

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxPause bounds how long one Retry-After may silence the whole Client; a longer wish is left to the caller.
const maxPause = time.Minute

// limiter is the one gate that all requests of a Client pass, the token exchange included.
type limiter struct {
	bucket *rate.Limiter
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error

	mu          sync.Mutex
	pausedUntil time.Time
}

// wait returns when a request may be sent. It fails at once, without waiting, when ctx would end first.
func (l *limiter) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return noAnswer(err)
	}
	now := l.now()
	reservation := l.bucket.ReserveN(now, 1)
	delay := max(reservation.DelayFrom(now), l.pauseLeft(now))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
		reservation.CancelAt(now)
		return &Error{Class: Throttled, Message: "the request would have to wait past its deadline for the client's own rate limit", RetryAfter: delay}
	}
	if delay <= 0 {
		return nil
	}
	if err := l.sleep(ctx, delay); err != nil {
		reservation.CancelAt(l.now())
		return noAnswer(err)
	}
	return nil
}

func (l *limiter) pauseLeft(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pausedUntil.Sub(now)
}

// pause holds back every request for d, because the server's limit is the account's and not the one call's.
func (l *limiter) pause(d time.Duration) {
	until := l.now().Add(min(d, maxPause))
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.pausedUntil) {
		l.pausedUntil = until
	}
}

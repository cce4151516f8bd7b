package chaos

import (
	"io"
	"sync"
	"time"
)

// lagging is the stream of a watch, whose events arrive later than they were sent, or never.
type lagging struct {
	body io.ReadCloser
	// lag says how late what was sent at a moment is at present.
	lag   func() time.Duration
	late  func()
	parts chan part
	// heard, when set, gets what is read.
	heard *io.PipeWriter

	cut     chan struct{}
	cutOnce sync.Once
	rest    []byte
}

type part struct {
	sent time.Time
	data []byte
	err  error
}

func newLagging(body io.ReadCloser, lag func() time.Duration, late func()) *lagging {
	l := &lagging{body: body, lag: lag, late: late, parts: make(chan part, 1024), cut: make(chan struct{})}
	go l.pump()
	return l
}

func (l *lagging) pump() {
	for {
		data := make([]byte, 16<<10)
		n, err := l.body.Read(data)
		select {
		case l.parts <- part{time.Now(), data[:n], err}:
		case <-l.cut:
			return
		}
		if err != nil {
			return
		}
	}
}

// lagStep is how soon a change of the lag is noticed.
const lagStep = 20 * time.Millisecond

// Read gives what is due.
func (l *lagging) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		select {
		case <-l.cut:
			return 0, io.ErrUnexpectedEOF
		case next := <-l.parts:
			if !l.wait(next.sent) {
				return 0, io.ErrUnexpectedEOF
			}
			if len(next.data) == 0 && next.err != nil {
				return 0, next.err
			}
			l.rest = next.data
			if next.err != nil {
				l.end()
			}
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	if l.heard != nil {
		_, _ = l.heard.Write(p[:n]) // it fails when the stream has ended
	}
	return n, nil
}

// wait returns when what was sent then is due, or false when the stream is cut.
func (l *lagging) wait(sent time.Time) bool {
	for waited := false; ; waited = true {
		left := time.Until(sent.Add(l.lag()))
		if left <= 0 {
			if waited {
				l.late()
			}
			return true
		}
		t := time.NewTimer(min(left, lagStep))
		select {
		case <-l.cut:
			t.Stop()
			return false
		case <-t.C:
		}
	}
}

func (l *lagging) end() { l.cutOnce.Do(func() { close(l.cut) }) }

// Close ends the stream.
func (l *lagging) Close() error {
	l.end()
	return l.body.Close()
}

// withheld counts what was sent and has not been given.
func (l *lagging) withheld() int { return len(l.parts) }

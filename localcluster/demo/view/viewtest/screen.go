// Package viewtest is a terminal for tests: a pseudo-terminal, and the screen that a person would see on it.
package viewtest

import (
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// Screen is a terminal and what it shows.
type Screen struct {
	// TTY is the program's side.
	TTY *os.File

	keys   *os.File // the person's side
	before *term.State
	ended  chan struct{}

	mu       sync.Mutex
	emulator *vt.Emulator
	changed  chan struct{} // closed, and replaced, when something was drawn
}

// New opens a terminal of a size until the test ends.
func New(t testing.TB, width, height int) *Screen {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &Screen{TTY: tty, keys: keys, ended: make(chan struct{}), emulator: vt.NewEmulator(width, height), changed: make(chan struct{})}
	s.Resize(t, width, height)
	if s.before, err = term.GetState(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	answers := s.emulator.InputPipe().(io.Closer)
	go func() { _, _ = io.Copy(keys, s.emulator) }() // to what the program asks of its terminal
	go s.draw()
	t.Cleanup(func() {
		_ = tty.Close()
		_ = keys.Close()
		<-s.ended
		_ = answers.Close()
	})
	return s
}

func (s *Screen) draw() {
	defer close(s.ended)
	buffer := make([]byte, 1<<16)
	for {
		n, err := s.keys.Read(buffer)
		if err != nil {
			return
		}
		s.mu.Lock()
		_, _ = s.emulator.Write(buffer[:n])
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
	}
}

// Visible is what the screen shows, a line for each row.
func (s *Screen) Visible() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return trimmed(s.emulator.String())
}

// All is what has scrolled out at the top, and what the screen shows.
func (s *Screen) All() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all strings.Builder
	for i := range s.emulator.ScrollbackLen() {
		all.WriteString(s.emulator.Scrollback().Line(i).String() + "\n")
	}
	return trimmed(all.String() + s.emulator.String())
}

func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// Changed is closed when something is drawn from now on.
func (s *Screen) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Await waits until the visible text is as it should be. The limit is there for a test that fails.
func (s *Screen) Await(t testing.TB, what string, right func(visible string) bool) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		changed := s.Changed()
		if right(s.Visible()) {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("waiting for %s; the screen shows\n%s", what, s.Visible())
		}
	}
}

// Type presses keys.
func (s *Screen) Type(t testing.TB, keys string) {
	t.Helper()
	if _, err := s.keys.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// Resize gives the terminal another size, and tells this process, whose controlling terminal it is not.
func (s *Screen) Resize(t testing.TB, width, height int) {
	t.Helper()
	s.mu.Lock()
	s.emulator.Resize(width, height)
	s.mu.Unlock()
	if err := pty.Setsize(s.keys, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
}

// HangUp takes the terminal away from the program.
func (s *Screen) HangUp() { _ = s.keys.Close() }

// CheckRestored fails when the terminal is not as it was at first.
func (s *Screen) CheckRestored(t testing.TB) {
	t.Helper()
	s.Await(t, "the cursor", func(string) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.emulator.CursorHidden()
	})
	now, err := term.GetState(int(s.TTY.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(now, s.before) {
		t.Errorf("the terminal's modes are %+v, and were %+v", now, s.before)
	}
}

// Coloured tells whether anything on the screen has a colour.
func (s *Screen) Coloured() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for y := range s.emulator.Height() {
		for x := range s.emulator.Width() {
			if cell := s.emulator.CellAt(x, y); cell != nil && cell.Style.Fg != nil {
				return true
			}
		}
	}
	return false
}

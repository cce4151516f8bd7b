package view

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Suits tells whether a file is a terminal on which a panel can stay in place. kind is the environment's TERM.
func Suits(out *os.File, kind string) bool {
	if kind == "" || kind == "dumb" || !term.IsTerminal(int(out.Fd())) {
		return false
	}
	// A job in the background would be stopped when it changes the terminal's modes.
	foreground, err := unix.IoctlGetInt(int(out.Fd()), unix.TIOCGPGRP)
	return err != nil || foreground == unix.Getpgrp()
}

// Terminal is a terminal with a panel at its lower end.
type Terminal struct {
	program *tea.Program
	out     *screen
	end     func() error
}

// Open takes a terminal until Close. It shows the time since started, reads in for Ctrl-C when that is a terminal, too,
// and calls leave when somebody pressed it, or when the terminal is gone.
func Open(in, out *os.File, started time.Time, leave context.CancelCauseFunc) *Terminal {
	s := &screen{File: out, leave: leave, drawn: make(chan struct{})}
	options := []tea.ProgramOption{tea.WithOutput(s), tea.WithInput(nil), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}
	if term.IsTerminal(int(in.Fd())) {
		options = append(options, tea.WithInput(in))
	}
	program := tea.NewProgram(model{started: started, leave: leave}, options...)
	ended := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, err := program.Run()
		if err != nil {
			err = fmt.Errorf("drawing: %w", err)
			leave(err)
		}
		ended <- err
	}()
	select { // a line that comes before the first frame finds the program taking the whole screen for the panel
	case <-s.drawn:
	case <-over:
	}
	return &Terminal{program: program, out: s, end: sync.OnceValue(func() error {
		program.Send(closing{})
		return <-ended
	})}
}

// Show replaces what the panel says.
func (t *Terminal) Show(p Panel) { t.program.Send(p) }

// Write prints whole lines above the panel.
func (t *Terminal) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		for _, row := range wrap(plain(strings.TrimSuffix(line, "\n")), t.out.width()) {
			t.program.Send(tea.Println(row)())
		}
	}
	return len(lines), nil
}

// Close removes the panel, leaves the lines, and gives the terminal back as it was. It may be called again.
func (t *Terminal) Close() error { return t.end() }

// wrap breaks a line between words, and sets what follows below the text behind the time.
func wrap(line string, width int) []string {
	const indent = "          "
	if width <= 2*len(indent) {
		return []string{line}
	}
	limit := width - 1 // terminals differ in what comes after a row that fills them
	var rows []string
	row := ""
	for _, word := range strings.SplitAfter(line, " ") {
		if strings.TrimSpace(row) != "" && ansi.StringWidth(row+strings.TrimRight(word, " ")) > limit {
			rows = append(rows, strings.TrimRight(row, " "))
			row = indent
		}
		row += word
		for ansi.StringWidth(strings.TrimRight(row, " ")) > limit {
			rows = append(rows, ansi.Truncate(row, limit, ""))
			row = indent + ansi.TruncateLeft(row, limit, "")
		}
	}
	return append(rows, strings.TrimRight(row, " "))
}

// screen is the terminal as the program sees it.
type screen struct {
	*os.File
	leave context.CancelCauseFunc
	once  sync.Once
	drawn chan struct{} // closed with the first frame
}

// Write ends the story when nobody can read it any more.
func (s *screen) Write(p []byte) (int, error) {
	n, err := s.File.Write(p)
	if err != nil {
		s.leave(fmt.Errorf("telling the story: %w", err))
	}
	if err != nil || bytes.Contains(p, []byte(ansi.HideCursor)) { // a frame begins so
		s.once.Do(func() { close(s.drawn) })
	}
	return n, err
}

func (s *screen) width() int {
	width, _, err := term.GetSize(int(s.Fd()))
	if err != nil {
		return 0
	}
	return width
}

const (
	framesPerSecond = 20
	// chronicle is how many lines are left to the story above the panel, where the terminal has as many.
	chronicle = 6
)

type (
	model struct {
		panel         Panel
		started       time.Time
		width, height int
		over          bool
		leave         context.CancelCauseFunc
	}
	closing struct{}
	moment  struct{}
)

// Init starts the clock in the heading.
func (m model) Init() tea.Cmd {
	return tea.Tick(time.Second/10, func(time.Time) tea.Msg { return moment{} })
}

// Update takes news, keys and the terminal's size.
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case moment:
		return m, m.Init()
	case Panel:
		m.panel = message
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case tea.KeyPressMsg:
		if message.String() == "ctrl+c" {
			m.leave(errors.New("interrupted"))
		}
	case closing:
		m.over = true
		return m, tea.Quit
	}
	return m, nil
}

// View leaves nothing behind at the end.
func (m model) View() tea.View {
	if m.over {
		return tea.NewView("")
	}
	return tea.NewView(Draw(m.panel, time.Since(m.started), m.width, max(m.height-chronicle, m.height/2)))
}

package view

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view/viewtest"
)

func open(t *testing.T, s *viewtest.Screen) (*Terminal, context.Context) {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	ctx, leave := context.WithCancelCause(t.Context())
	terminal := Open(s.TTY, s.TTY, time.Now(), leave)
	t.Cleanup(func() { _ = terminal.Close() })
	return terminal, ctx
}

func TestLinesScrollAboveThePanelAndStay(t *testing.T) {
	s := viewtest.New(t, 60, 20)
	terminal, ctx := open(t, s)
	var want []string
	say := func(line string) {
		want = append(want, wrap(line, 60)...)
		if _, err := fmt.Fprintln(terminal, line); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 41 {
		say(fmt.Sprintf("[%5.1fs] line %d", float64(i), i))
		terminal.Show(Panel{Step: fmt.Sprintf("step %d", i), Nodes: repeated(Node{Name: "node"}, i%13)}) // grows and shrinks
	}
	say("[ 41.0s] a long line: " + strings.Repeat("many words ", 12))
	say("[ 42.0s] " + strings.Repeat("x", 120))
	s.Await(t, "the last panel, and the last lines above it", func(visible string) bool {
		above, panel, _ := strings.Cut(visible, "\n── ")
		rows := strings.Split(above, "\n") // how many depends on the frames that were left out while the panel shrank
		return strings.Contains(panel, "step 40 ──") && len(rows) > 3 && len(rows) <= len(want) && slices.Equal(rows, want[len(want)-len(rows):])
	})
	if err := terminal.Close(); err != nil {
		t.Error(err)
	}
	if err := terminal.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := fmt.Fprintln(s.TTY, "the end"); err != nil {
		t.Fatal(err)
	}
	s.Await(t, "the end", func(visible string) bool { return strings.HasSuffix(visible, "the end") })
	if got := strings.Split(s.All(), "\n"); !slices.Equal(got, append(want, "the end")) {
		t.Errorf("the terminal holds\n%s\nwant\n%s", s.All(), strings.Join(want, "\n"))
	}
	s.CheckRestored(t)
	if ctx.Err() != nil {
		t.Errorf("the story was left: %v", context.Cause(ctx))
	}
}

func TestPanelFollowsTheTerminalsSize(t *testing.T) {
	s := viewtest.New(t, 100, 30)
	terminal, _ := open(t, s)
	terminal.Show(Panel{Step: "x", Nodes: repeated(Node{Name: "node", Phase: "Ready", Type: "medium", Fill: &Fill{CPU: 50}}, 30)})
	ends := func(width int) func(string) bool {
		return func(visible string) bool {
			heading, _, _ := strings.Cut(visible, "\n")
			return strings.HasSuffix(heading, "──") && len([]rune(heading)) == width
		}
	}
	s.Await(t, "a heading of 100 columns", ends(100))
	s.Resize(t, 70, 16)
	s.Await(t, "a heading of 70 columns", ends(70))
	s.Await(t, "fewer nodes", func(visible string) bool { return strings.Contains(visible, "… and 26 more") })
	s.Resize(t, 120, 40)
	s.Await(t, "a heading of 120 columns", ends(120))
}

func TestCtrlCEndsTheStory(t *testing.T) {
	s := viewtest.New(t, 80, 24)
	terminal, ctx := open(t, s)
	s.Await(t, "the panel", func(visible string) bool { return strings.HasPrefix(visible, "── ") })
	s.Type(t, "x\r\x03")
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("the story goes on")
	}
	if cause := context.Cause(ctx).Error(); cause != "interrupted" {
		t.Errorf("the story was left: %s", cause)
	}
	if err := terminal.Close(); err != nil {
		t.Error(err)
	}
	s.Await(t, "nothing", func(visible string) bool { return visible == "" })
	s.CheckRestored(t)
}

func TestStoryEndsWithoutItsTerminal(t *testing.T) {
	s := viewtest.New(t, 80, 24)
	terminal, ctx := open(t, s)
	s.Await(t, "the panel", func(visible string) bool { return strings.HasPrefix(visible, "── ") })
	s.HangUp()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("the story goes on")
	}
	_ = terminal.Close() // returns
}

func TestNoColour(t *testing.T) {
	s := viewtest.New(t, 80, 24)
	terminal, _ := open(t, s)
	terminal.Show(Panel{Nodes: []Node{{Name: "n", Phase: "Ready", Mood: "good"}}})
	s.Await(t, "a coloured node", func(string) bool { return s.Coloured() })

	t.Setenv("NO_COLOR", "1")
	s = viewtest.New(t, 80, 24)
	terminal = Open(s.TTY, s.TTY, time.Now(), func(error) {})
	defer func() { _ = terminal.Close() }()
	terminal.Show(Panel{Nodes: []Node{{Name: "n", Phase: "Ready", Mood: "good"}}})
	s.Await(t, "the node", func(visible string) bool { return strings.Contains(visible, "Ready") })
	if s.Coloured() {
		t.Error("there are colours in spite of NO_COLOR")
	}
}

func TestSuits(t *testing.T) {
	s := viewtest.New(t, 80, 24)
	for kind, want := range map[string]bool{"xterm": true, "dumb": false, "": false} {
		if got := Suits(s.TTY, kind); got != want {
			t.Errorf("a terminal of the kind %q suits: %t, want %t", kind, got, want)
		}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = reader.Close(), writer.Close() }()
	if Suits(writer, "xterm") {
		t.Error("a pipe suits")
	}
}

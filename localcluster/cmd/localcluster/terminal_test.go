package main

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view/viewtest"
)

// onScreen starts the demo on a terminal of its own; its errors go elsewhere.
func onScreen(t *testing.T, dir string, s *viewtest.Screen, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	demo := invoke(t, dir, append([]string{"demo"}, args...)...)
	complaint := new(bytes.Buffer)
	demo.Env = append(demo.Env, "TMPDIR="+dir, "TERM=xterm-256color")
	demo.Stdin, demo.Stdout, demo.Stderr = s.TTY, s.TTY, complaint
	demo.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	return demo, complaint
}

func TestInterruptedDemoGivesTheTerminalBack(t *testing.T) {
	for name, args := range map[string][]string{"with a panel": nil, "with plain lines": {"--plain"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, s := t.TempDir(), viewtest.New(t, 100, 30)
			demo, complaint := onScreen(t, dir, s, args...)
			s.Await(t, "Kubernetes", func(visible string) bool { return strings.Contains(visible, "] Kubernetes is up: ") })
			if panel := strings.Contains(s.Visible(), "s ── starting Kubernetes"); panel != (args == nil) {
				t.Errorf("a panel is there: %t; the screen shows\n%s", panel, s.Visible())
			}
			s.Type(t, "\x03")
			if err := demo.Wait(); err == nil {
				t.Error("the interrupted demo succeeds")
			}
			if !strings.Contains(complaint.String(), "interrupt") || strings.Contains(complaint.String(), "the controller's last words") {
				t.Errorf("the interrupted demo says %q", complaint)
			}
			s.Await(t, "lines alone", func(visible string) bool { return !strings.Contains(visible, "──") })
			if !strings.Contains(s.All(), "] Kubernetes is up: ") {
				t.Errorf("the terminal has lost a line:\n%s", s.All())
			}
			s.CheckRestored(t)
			eventually(t, "every process to be gone", func() error { return nobodyUses(dir) })
			checkEmpty(t, dir)
		})
	}
}

// Package tools has the tests of the scripts beside it.
package tools

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds the waits, also those of the steps for each other.
const patience = 30 * time.Second

// steps are targets for tools/steps, each of which waits no longer than patience for a file.
const steps = `
WAIT = n=0; until [ -e $(1) ]; do n=$$((n + 1)); [ $$n -lt 600 ] || exit 1; sleep 0.05; done
quick:
	@echo quick says 1; touch quick.done
meets-other:
	@echo meets-other says 1; touch meets-other.here; $(call WAIT,other.here); echo meets-other says 2
other:
	@echo other says 1; touch other.here; $(call WAIT,meets-other.here); echo other says 2
after-other:
	@[ -e other.here ] && touch after-other.done
bad:
	@echo bad says why; exit 3
endless:
	@echo $$$$ > endless.pid; exec sleep 1000000
`

// folder has a copy of tools/steps and the targets; run makes a run of the script in it.
func folder(t *testing.T) (dir string, run func(args ...string) *exec.Cmd) {
	t.Helper()
	dir = t.TempDir()
	script, err := os.ReadFile("steps")
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "tools"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "tools", "steps"), script, 0o700)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, ".local"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "Makefile"), []byte(steps), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, func(args ...string) *exec.Cmd { return exec.Command(filepath.Join(dir, "tools", "steps"), args...) }
}

func TestStepsRunInTheirOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		args string
		// has are parts of the output, and done the files that are there at the end.
		has, done []string
		not       []string
		code      int
	}{
		"one after another":             {"quick bad", []string{"== quick\nquick says 1\n== quick: ok (", "bad says why"}, []string{"quick.done"}, nil, 2},
		"the first that fails ends all": {"bad quick / quick", []string{"bad says why"}, nil, []string{"quick.done"}, 2},
		"rows go on side by side": {
			"quick / meets-other / other after-other",
			[]string{"== meets-other\nmeets-other says 1\nmeets-other says 2\n== meets-other: ok (", "== other\nother says 1\nother says 2\n== other: ok (", "== after-other: ok ("},
			[]string{"quick.done", "after-other.done"}, nil, 0,
		},
		"a failure ends its row alone": {
			"/ bad quick / meets-other / other", []string{"== bad\nbad says why\n", "== bad: FAILED (", "== meets-other: ok (", "== FAILED: bad"}, []string{"other.here"}, []string{"quick.done"}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, run := folder(t)
			var output bytes.Buffer
			cmd := run(strings.Fields(tc.args)...)
			cmd.Stdout, cmd.Stderr = &output, &output
			err := cmd.Run()
			if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tc.code {
				t.Errorf("it ends with %d, want %d", code, tc.code)
			}
			for _, part := range tc.has {
				if !strings.Contains(output.String(), part) {
					t.Errorf("it does not say %q", part)
				}
			}
			for _, file := range tc.done {
				if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
					t.Error(err)
				}
			}
			for _, file := range tc.not {
				if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
					t.Errorf("%s is there", file)
				}
			}
			if t.Failed() {
				t.Logf("it says\n%s", output.String())
			}
		})
	}
}

// Who ends the script ends what it has begun.
func TestStepsEndTogether(t *testing.T) {
	dir, run := folder(t)
	cmd := run("/", "endless", "/", "quick")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	pid := filepath.Join(dir, "endless.pid")
	eventually(t, "the step to begin", func() bool { text, err := os.ReadFile(pid); return err == nil && bytes.HasSuffix(text, []byte("\n")) })
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the script goes on")
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("it ends with %d, want 130", code)
	}
	eventually(t, "the step to end", func() bool { return exec.Command("kill", "-0", strings.TrimSpace(string(text))).Run() != nil })
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for tick := time.Tick(10 * time.Millisecond); !is(); {
		select {
		case <-deadline:
			t.Fatalf("waiting for %s", what)
		case <-tick:
		}
	}
}

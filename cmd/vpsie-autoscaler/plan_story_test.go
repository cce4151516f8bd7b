package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"
)

// TestPlanStories runs the stories of testdata/plan, and those of testdata/cases, each of
// one thing that real clusters hold around their pods: `file NAME` writes a file, `plan`
// runs the command with its input as arguments, a line each, and prints the exit
// status, stdout and stderr. Run with -rewrite to write the outcomes anew.
func TestPlanStories(t *testing.T) {
	for _, stories := range []string{"testdata/plan", "testdata/cases"} {
		t.Run(filepath.Base(stories), func(t *testing.T) { runPlanStories(t, stories) })
	}
}

func runPlanStories(t *testing.T, stories string) {
	datadriven.Walk(t, stories, func(t *testing.T, path string) {
		dir := t.TempDir()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "file":
				name := filepath.Join(dir, d.CmdArgs[0].Key)
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(d.Input+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return ""
			case "plan":
				return planIn(t, dir, strings.Fields(d.Input))
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

// planIn runs the command in the directory; `<NAME` in args is its stdin.
func planIn(t *testing.T, dir string, args []string) string {
	t.Helper()
	t.Chdir(dir)
	var stdin bytes.Buffer
	full := []string{"plan", "--now=2025-10-12T12:00:00Z"}
	for _, arg := range args {
		name, isInput := strings.CutPrefix(arg, "<")
		if !isInput {
			full = append(full, arg)
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		stdin.Write(text)
	}
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), full, &stdin, &stdout, &stderr)
	if status == 0 {
		replays(t, full, &stdin)
	}
	out := fmt.Sprintf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	return withoutTimes(out)
}

// replays holds the plan against that for its record: the same, byte for byte.
func replays(t *testing.T, args []string, stdin *bytes.Buffer) {
	t.Helper()
	for _, arg := range args {
		for _, other := range []string{"--add", "--set", "--price", "--without", "--drain", "--replay", "-o", "--output", "-f=-", "--detailed"} {
			if strings.HasPrefix(arg, other) || arg == "-" || arg == "--help" {
				return
			}
		}
	}
	file := filepath.Join(t.TempDir(), "record.json")
	again := func(args ...string) (string, string) {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), args, stdin, &stdout, &stderr); status != 0 {
			t.Fatalf("%v: exit status %d: %s", args, status, &stderr)
		}
		return withoutTimes(stdout.String()), stderr.String()
	}
	want, _ := again(append(args, "-o", "json")...)
	again(append([]string{"record", "--file", file}, args[1:]...)...)
	got, told := again("plan", "--replay", file, "-o", "json")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the plan of %v, -made +replayed:\n%s", args, diff)
	}
	if !strings.Contains(told, "the plan is the one of then") {
		t.Errorf("the plan of %v, replayed: %s", args, told)
	}
}

// withoutTimes blots out what differs from run to run.
func withoutTimes(out string) string {
	out = regexp.MustCompile(`Millis"?: [0-9.e+-]+`).ReplaceAllStringFunc(out, func(s string) string {
		name, _, _ := strings.Cut(s, ":")
		return name + ": 0"
	})
	return regexp.MustCompile(`Read in .* ms, planned in .* ms`).ReplaceAllString(out, "Read in 0 ms, planned in 0 ms")
}

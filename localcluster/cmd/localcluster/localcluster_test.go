package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand makes this test binary the command instead of running tests.
const asCommand = "LOCALCLUSTER_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestUpKillDown(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(func() { _, _ = run(t, dir, "down") })

	out := mustRun(t, dir, "up")
	if !strings.Contains(out, "METRICS_URL=") || !strings.Contains(out, "kubectl apply") {
		t.Errorf("up does not say how to go on:\n%s", out)
	}
	env := readEnv(t, dir)
	for _, url := range []string{env["METRICS_URL"], env["VPSIE_ADMIN_URL"] + "/ledger"} {
		if err := get(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if out := mustRun(t, dir, "up"); !strings.Contains(out, "runs already") {
		t.Errorf("a second up says:\n%s", out)
	}

	killed := controllerPID(t, env)
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	mustRun(t, dir, "up-controller")
	if again := controllerPID(t, env); again == killed {
		t.Errorf("the controller's pid file still says %d", killed)
	}
	if err := get(env["METRICS_URL"]); err != nil {
		t.Errorf("the new controller's metrics: %v", err)
	}

	supervisor, err := findSupervisor(t.Context(), &paths{dir: dir})
	if err != nil || supervisor == nil {
		t.Fatalf("findSupervisor returned %v, %v", supervisor, err)
	}
	if err := syscall.Kill(supervisor.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed supervisor's children to be gone", func() error { return nobodyUses(dir) })
	if out, err := run(t, dir, "up-controller"); err == nil || !strings.Contains(out, "nothing runs in") {
		t.Errorf("up-controller without a supervisor returned %v:\n%s", err, out)
	}
	mustRun(t, dir, "up")
	mustRun(t, dir, "down")
	checkClean(t, dir)
	mustRun(t, dir, "down") // of nothing is no error
}

func TestInterruptedUpLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	up := invoke(t, dir, "up")
	output, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	up.Stderr = &complaint
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil { // the first line: Kubernetes is up
		t.Fatal(err)
	}
	if err := up.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := up.Wait(); err == nil || !strings.Contains(complaint.String(), "interrupted") {
		t.Errorf("the interrupted up returned %v and said %q", err, complaint.String())
	}
	checkClean(t, dir)
}

func TestUpThatFailsSaysWhy(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	out, err := run(t, dir, "up", "--bin="+bin)
	if err == nil || !strings.Contains(out, "build.sh makes it") {
		t.Errorf("up without binaries returned %v:\n%s", err, out)
	}
	checkClean(t, dir)
}

func TestDemoEndsWithItsBalance(t *testing.T) {
	dir := t.TempDir()
	demo := invoke(t, dir, "demo")
	demo.Env = append(demo.Env, "TMPDIR="+dir)
	out, err := demo.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	want := regexp.MustCompile(`^demo: pods=(\d+) running=(\d+) vpsCreated=(\d+) vpsDeleted=(\d+) vpsLeft=0 leaked=0 seconds=\d+$`)
	match := want.FindStringSubmatch(lines[len(lines)-1])
	if match == nil || match[1] != match[2] || match[3] != match[4] {
		t.Errorf("the last line is %q, want %s", lines[len(lines)-1], want)
	}
	checkEmpty(t, dir)
}

func invoke(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	bin, err := filepath.Abs("../../../.local/bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], append([]string{"--bin=" + bin, "--dir=" + dir}, args...)...)
	cmd.Env = append(os.Environ(), asCommand+"=yes")
	return cmd
}

func run(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	out, err := invoke(t, dir, args...).CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := run(t, dir, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

func readEnv(t *testing.T, dir string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[key] = value
	}
	for _, key := range []string{"KUBECONFIG", "VPSIE_URL", "VPSIE_ADMIN_URL", "CONTROLLER_PIDFILE", "METRICS_URL"} {
		if env[key] == "" {
			t.Errorf("the env file does not have %s:\n%s", key, content)
		}
	}
	return env
}

func controllerPID(t *testing.T, env map[string]string) int {
	t.Helper()
	content, err := os.ReadFile(env["CONTROLLER_PIDFILE"])
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func get(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	return nil
}

// checkClean looks for processes and files of a stack in dir. Logs may stay.
func checkClean(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "every process to be gone", func() error { return nobodyUses(dir) })
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if name := entry.Name(); name != "logs" && name != "supervisor.lock" {
			t.Errorf("%s is left in the directory", name)
		}
	}
}

// nobodyUses returns an error that names a process whose command line mentions dir.
func nobodyUses(dir string) error {
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, file := range commands {
		content, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(content), dir) {
			return fmt.Errorf("%s is %s", filepath.Dir(file), strings.ReplaceAll(string(content), "\x00", " "))
		}
	}
	return nil
}

// eventually asks until the answer is nil. The limit is there for a test that fails.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waiting for %s: %v", what, err)
		case <-tick.C:
		}
	}
}

func TestDemoWhoseReaderLeavesCleansUp(t *testing.T) {
	dir := t.TempDir()
	demo := invoke(t, dir, "demo")
	demo.Env = append(demo.Env, "TMPDIR="+dir)
	output, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := output.Close(); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err == nil {
		t.Error("the demo succeeds without a reader")
	}
	checkEmpty(t, dir)
}

// checkEmpty looks for files in a demo's temporary directory and for its processes.
func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("the demo leaves %v behind (%v)", left, err)
	}
	if err := nobodyUses(dir); err != nil {
		t.Error(err)
	}
}

package localcluster

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ownerLog makes this test binary the owner in TestChildDiesWithItsOwner instead of running tests.
const ownerLog = "LOCALCLUSTER_TEST_OWNER_LOG"

func TestMain(m *testing.M) {
	if log := os.Getenv(ownerLog); log != "" {
		own(log)
	}
	os.Exit(m.Run())
}

// own starts a child that outlives any patience, prints its id and waits to be killed.
func own(log string) {
	child, err := StartProcess("child", log, nil, "sh", "-c", "sleep 600")
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strconv.Itoa(child.PID()) + "\n")
	<-child.Done()
	os.Exit(1)
}

func TestEarlyDeathQuotesTheLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := StartProcess("teapot", log, []string{"WHAT=short and stout"}, "sh", "-c", "echo first; echo $WHAT >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	for _, want := range []string{"running teapot", "exit status 3", log, "first", "short and stout"} {
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not contain %q", err, want)
		}
	}
	p.Kill() // of what has ended already must return, and must not reach whoever has the id now
}

func TestKillReachesTheWholeGroup(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := StartProcess("parent", log, nil, "sh", "-c", "sleep 600 & echo $!; wait")
	if err != nil {
		t.Fatal(err)
	}
	grandchild := 0
	eventually(t, "the grandchild's id in the log", func() error {
		grandchild, err = strconv.Atoi(strings.TrimSpace(Tail(log, 1)))
		return err
	})
	p.Kill()
	eventually(t, "the grandchild's death", func() error { return gone(grandchild) })
}

func TestChildDiesWithItsOwner(t *testing.T) {
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerLog+"="+filepath.Join(t.TempDir(), "log"))
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := gone(child); err == nil {
		t.Fatalf("the child %d has gone before its owner", child)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // its error is the kill
	eventually(t, "the death of the killed owner's child", func() error { return gone(child) })
}

// gone returns nil when no process has the id, or only a zombie that nobody has reaped yet.
func gone(pid int) error {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return nil
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "Z") {
		return nil
	}
	return errors.New("it is still there")
}

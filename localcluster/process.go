package localcluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// Process is a child that writes its output to a log file and dies with its owner.
type Process struct {
	name string
	log  string
	pid  int
	done chan struct{}
	err  error // valid once done is closed
}

// CacheGuard has client-go end a controller, in whose environment it is, when that writes to what its caches hold.
const CacheGuard = "KUBE_CACHE_MUTATION_DETECTOR=true"

// StartProcess runs a command with its output appended to the file log. Extra environment variables come as KEY=value.
func StartProcess(name, log string, env []string, path string, args ...string) (*Process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the caller chooses where its logs are
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	cmd := exec.Command(path, args...) //nolint:noctx // it lives until Kill, Terminate or its owner's end
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = ownGroup()

	p := &Process{name: name, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel's "parent died" is the death of the thread that started the child. A goroutine that stays locked
		// to its thread until the child is gone keeps that thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		defer func() { _ = output.Close() }()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// PID is the process id of the child.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Kill ends the child and its group at once, and returns when it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Terminate asks the child to end by itself, and returns when it is gone.
func (p *Process) Terminate() { p.end(syscall.SIGTERM) }

func (p *Process) end(signal syscall.Signal) {
	select {
	case <-p.done: // the id may belong to somebody else by now
		return
	default:
	}
	_ = syscall.Kill(-p.pid, signal)
	<-p.done
}

// Err says how the child ended and quotes the end of its log; nil while it runs.
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("running %s: it ended early (%w); the end of %s:\n%s", p.name, err, p.log, Tail(p.log, 15))
}

// Tail returns the last lines of a text file, each indented, or why it cannot be read.
func Tail(file string, lines int) string {
	content, err := readEnd(file, 64<<10)
	if err != nil {
		return "    " + err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return "    " + strings.Join(all, "\n    ")
}

func readEnd(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file) //nolint:gosec // the caller names a log of its own
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(max(0, info.Size()-limit), io.SeekStart); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return bytes.ToValidUTF8(content, []byte("?")), err
}

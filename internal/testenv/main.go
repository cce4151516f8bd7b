package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
)

// Main starts an environment, hands it to use, runs the tests and stops it. The result is for
// os.Exit, as in
//
//	func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }
func Main(m *testing.M, use func(*Env)) int {
	return mainOn(m, 1, func(all []*Env) { use(all[0]) })
}

// MainOnSeveral is Main with so many environments, for parallel tests that each need one to themselves.
func MainOnSeveral(m *testing.M, count int, use func(*Pool)) int {
	return mainOn(m, count, func(all []*Env) { use(newPool(all)) })
}

// A Pool is environments of which each serves one test at a time.
type Pool struct{ free chan *Env }

func newPool(all []*Env) *Pool {
	p := &Pool{free: make(chan *Env, len(all))}
	for _, e := range all {
		p.free <- e
	}
	return p
}

// Take waits for a free environment. The test has it until it ends, and must leave nothing in it.
func (p *Pool) Take(t testing.TB) *Env {
	t.Helper()
	e := <-p.free
	t.Cleanup(func() { p.free <- e })
	return e
}

func mainOn(m *testing.M, count int, use func([]*Env)) (code int) {
	all, err := startSeveral(count)
	stop := func() error {
		var stopped error
		for _, e := range all {
			if e != nil {
				stopped = errors.Join(stopped, e.Stop())
			}
		}
		return stopped
	}
	if err == nil {
		stopOnSignal(stop)
		use(all)
		code = m.Run()
	}
	if err := errors.Join(err, stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// startSeveral starts environments side by side. Those that failed are nil.
func startSeveral(count int) ([]*Env, error) {
	all, errs := make([]*Env, count), make([]error, count)
	var started sync.WaitGroup
	for i := range all {
		started.Go(func() { all[i], errs[i] = Start() })
	}
	started.Wait()
	return all, errors.Join(errs...)
}

func stopOnSignal(stop func() error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}()
}

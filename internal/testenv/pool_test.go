package testenv

import "testing"

// An environment serves one test at a time: whoever finds none free waits until a test ends that has one.
func TestPoolLendsEachEnvironmentToOneTestAtATime(t *testing.T) {
	first, second := &Env{}, &Env{}
	p := newPool([]*Env{first, second})
	waits := make(chan *Env, 1)
	t.Run("borrower", func(inner *testing.T) {
		a, b := p.Take(inner), p.Take(inner)
		if a == b || a != first && a != second || b != first && b != second {
			inner.Fatalf("it lends %p and %p, want %p and %p", a, b, first, second)
		}
		go func() { waits <- p.Take(t) }()
		if len(p.free) > 0 || len(waits) > 0 {
			inner.Error("it lends what a test has")
		}
	})
	if e := <-waits; e != first && e != second {
		t.Errorf("it lends %p", e)
	}
	if n := len(p.free); n != 1 {
		t.Errorf("%d environments are free, want 1", n)
	}
}

package control

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// restarts counts the restarts that VPSie was asked for.
func (w *world) restarts() int {
	n := 0
	for _, r := range w.fake.Ledger().Requests {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/vm/restart") {
			n++
		}
	}
	return n
}

func newRestartWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, vpsietest.Knobs{})
	o := w.deps.Options
	o.RestartTimeout = 5 * time.Minute
	w.start(o)
	return w
}

// A VPS that hangs is restarted before it is replaced; one that hangs again on the same day is replaced.
func TestBrokenNodeIsRestartedBeforeItIsReplaced(t *testing.T) {
	w := newRestartWorld(t)
	g := w.group("hangs", 1, 2)
	m := w.ready(g, 1)[0]
	w.behindTheBack(m, "hang")
	w.setReady(m.Name, false)
	w.after(w.deps.Options.UnreadyTimeout-time.Minute, time.Minute)
	if n := w.restarts(); n != 0 {
		t.Fatalf("%d restarts before the limit", n)
	}
	w.until(10*time.Second, "the restart", func() error {
		if w.restarts() == 0 || w.heard("Restarting "+m.Name, "replaced unless the node is ready within 5m") != 1 {
			return errNotYet
		}
		return nil
	})
	w.until(time.Second, "the node to be ready again", func() error {
		w.reload(m)
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady); c.Status != "True" {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
		return nil
	})
	w.after(2*w.deps.Options.RestartTimeout, time.Minute)
	if w.heard("Repairing") > 0 || len(w.fake.Ledger().VMs) != 1 {
		t.Fatalf("a VPS that the restart mended was replaced: %q", w.events)
	}
	w.behindTheBack(m, "hang")
	w.setReady(m.Name, false)
	w.until(time.Minute, "the replacement", func() error {
		if w.heard("Repairing "+m.Name) == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.restarts(); n != 1 {
		t.Errorf("%d restarts on one day, want 1", n)
	}
}

// A restart that does not help delays the replacement by its time, and one that VPSie refuses by none.
func TestRestartThatDoesNotHelpEndsInAReplacement(t *testing.T) {
	w := newRestartWorld(t)
	g := w.group("dead", 1, 2)
	m := w.ready(g, 1)[0]
	w.setReady(m.Name, false) // and nothing makes it ready again
	w.must(w.fake.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm/restart", Status: http.StatusBadGateway}))
	w.until(10*time.Second, "the restart", func() error {
		if w.restarts() == 0 {
			return errNotYet
		}
		return nil
	})
	w.after(w.deps.Options.RestartTimeout-30*time.Second, 10*time.Second)
	if w.heard("Repairing") > 0 {
		t.Fatal("replaced before the restart had its time")
	}
	w.until(10*time.Second, "the replacement", func() error {
		if w.heard("Repairing "+m.Name) == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.restarts(); n != 1 {
		t.Errorf("%d restarts, want 1", n)
	}
	next := w.ready(g, 1)[0]
	w.must(w.fake.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm/restart", Status: http.StatusConflict}))
	w.setReady(next.Name, false)
	w.until(10*time.Second, "the replacement of a VPS that VPSie does not restart", func() error {
		if w.heard("Repairing "+next.Name, "not been ready for 10m") == 0 {
			return errNotYet
		}
		return nil
	})
}

package control

import (
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A pause that is shorter than a second, after a drain that failed, does not mean that the
// node is drained: the VPS stays, with the pods on it.
func TestAShortPauseIsNoEnd(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	o := w.deps.Options
	o.DrainTimeout, o.DrainRetry, o.PollInterval = time.Minute, time.Millisecond, 10*time.Millisecond
	w.start(o)
	m := w.ready(w.group("short-pause", 1, 2), 1)[0]
	held := w.pod("held", m.Name)
	w.budget("held", 0)
	w.dismiss(m)
	w.until(30*time.Second, "three drains to be given up", func() error {
		if w.heard("DrainFailed "+m.Name, "default/held") < 3 {
			return errNotYet
		}
		return nil
	})
	if w.gone(held) || w.gone(m) || w.billOf(m).DeletedAt != nil || m.Status.Phase != v1alpha1.PhaseTerminating {
		t.Errorf("after failed drains the machine is %s: %+v", m.Status.Phase, m.Status.Conditions)
	}
	for _, c := range m.Status.Conditions {
		if strings.Contains(c.Message, "1 pods") {
			t.Errorf("condition %s says %q", c.Type, c.Message)
		}
	}
	if w.heard("Terminating "+m.Name, "Draining node "+m.Name, "VPS ") != 1 {
		t.Error("the way out was not told once")
	}
}

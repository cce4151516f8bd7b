package control

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Machines that were decided on and could not be ordered yet are not ordered while their NodeGroup is paused, and those of others
// do not wait for them.
func TestAPauseHoldsWhatIsNotOrderedYet(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.must(w.fake.SetFaults(busy))
	g := w.group("held-back", 2, 2)
	w.until(time.Second, "two orders to be refused for now", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Status.LastError == "" {
				return errNotYet
			}
		}
		if len(w.vpsieNodes()) < 2 {
			return errNotYet
		}
		return nil
	})
	w.patch(g, pausePatch)
	w.must(w.fake.SetFaults())
	w.after(2*time.Minute, 5*time.Second)
	w.ready(w.group("goes-on", 1, 1), 1)
	if n := w.ordered(); n != 1 {
		t.Errorf("%d VPSes were bought, want that of the other NodeGroup alone", n)
	}
	held := machinesOf(w.vpsieNodes(), g.Name)
	if len(held) != 2 {
		t.Errorf("%d machines wait, want 2", len(held))
	}
	for _, m := range held {
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c.Reason != reasonNotOrdered || !strings.Contains(c.Message, "held-back is paused") {
			t.Errorf("%s says %+v", m.Name, c)
		}
	}
	w.patch(g, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationPause+`":null}}}`)
	w.ready(g, 2)
}

// What may have been ordered already keeps saying so during a pause: whoever deletes it must wait for its VPS to show.
func TestAPauseLeavesAnOrderInDoubt(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{GapMillis: 120_000})
	w.must(w.fake.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Status: http.StatusServiceUnavailable, Effect: "after"}))
	g := w.group("in-doubt", 2, 2)
	w.until(time.Second, "two orders without a clear answer", func() error {
		if w.ordered() < 2 {
			return errNotYet
		}
		return nil
	})
	w.patch(g, pausePatch)
	w.until(time.Second, "the orders to be up to be made again", func() error {
		for _, m := range w.vpsieNodes() {
			if m.Status.Phase != v1alpha1.PhasePending {
				return errors.New(string(m.Status.Phase))
			}
		}
		return nil
	})
	w.after(20*time.Second, 2*time.Second)
	for _, m := range w.vpsieNodes() {
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c.Reason != reasonOrdering {
			t.Errorf("%s says %+v", m.Name, c)
		}
	}
	if n := w.ordered(); n != 2 {
		t.Errorf("%d VPSes were bought, want the two from before the pause", n)
	}
}

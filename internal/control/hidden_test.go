package control

import (
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestVPSThatNoListHasShownSinceTheStartIsDeleted: the controller has just started, and VPSie's list lags. It lacks a VPS that a
// VPSieNode names, which is therefore not gone.
func TestVPSThatNoListHasShownSinceTheStartIsDeleted(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("hidden", 1, 1)
	m := w.ready(g, 1)[0]
	w.patch(g, `{"spec":{"minNodes":0}}`)
	w.must(w.fake.PatchKnobs([]byte(`{"hiddenRows":1}`)))
	w.restart()
	w.dismiss(m)
	w.until(time.Second, "the machine to be gone", func() error {
		if !w.gone(m) {
			return errNotYet
		}
		return nil
	})
	if left := w.bills(); len(left) > 0 {
		t.Errorf("the VPSieNode went and left %+v", left)
	}
}

// TestMachineOutlivesAListThatLagsAfterAStart: the sweep takes no machine for lost either, though its node is not ready.
func TestMachineOutlivesAListThatLagsAfterAStart(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("lagging", 1, 1), 1)[0]
	w.must(w.fake.PatchKnobs([]byte(`{"hiddenRows":1}`)))
	w.setReady(m.Name, false)
	w.restart()
	w.after(time.Minute, 5*time.Second)
	if w.gone(m) || m.DeletionTimestamp != nil {
		t.Error("the machine was taken for lost")
	}
}

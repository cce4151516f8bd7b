package control

import (
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A machine that did not join stays as long as it was told to, so that its log can be read. Another one is bought
// meanwhile; then it goes as any failed machine.
func TestMachineThatDidNotJoinStaysForItsLog(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{NeverJoin: 1})
	options := w.deps.Options
	options.KeepFailed = time.Hour
	w.start(options)
	g := w.group("kept", 1, 2)
	var first *v1alpha1.VPSieNode
	w.until(time.Minute, "the join to fail", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Status.Phase == v1alpha1.PhaseFailed {
				first = m
				return nil
			}
		}
		return errNotYet
	})
	until := first.Status.ProvisionedAt.Add(w.deps.Options.JoinTimeout + time.Hour)
	if w.heard("JoinFailed "+first.Name, "The VPS stays until "+until.UTC().Format("15:04:05")) == 0 {
		t.Error("no event says until when the VPS stays")
	}
	w.until(time.Second, "its successor to be Ready", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Status.Phase == v1alpha1.PhaseReady {
				return nil
			}
		}
		return errNotYet
	})
	w.after(until.Sub(w.clock.Now())-time.Minute, time.Minute)
	if w.reload(first); !first.DeletionTimestamp.IsZero() {
		t.Error("it was deleted before its time")
	}
	if n := len(w.fake.Ledger().VMs); n != 2 {
		t.Errorf("%d VPSes were bought, want the kept one and its successor", n)
	}
	w.until(time.Minute, "the kept machine to go", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Name == first.Name {
				return errNotYet
			}
		}
		return nil
	})
}

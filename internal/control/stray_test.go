package control

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// force deletes an object without what its finalizer is for.
func (w *world) force(o client.Object) {
	w.Helper()
	w.patch(o, `{"metadata":{"finalizers":null}}`)
	w.must(client.IgnoreNotFound(w.admin.Delete(w.Context(), o)))
}

// A VPS whose VPSieNode is gone without a drain, as when somebody takes the finalizer off, is not deleted under the pods of
// its node: it gets its VPSieNode back, which is as it was.
func TestAStrayVPSWhoseNodeWorksGetsItsVPSieNodeBack(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("web", 1, 2, func(g *v1alpha1.NodeGroup) { g.Spec.OfferingIDs = []string{medium, small} })
	m := w.ready(g, 1)[0]
	p := w.pod("works", m.Name)
	w.force(m)
	w.after(w.deps.Options.SweepGrace+5*time.Minute, time.Minute)
	back := slices.IndexFunc(w.vpsieNodes(), func(is *v1alpha1.VPSieNode) bool {
		return is.Name == m.Name && is.Spec.VPSieInstanceID == m.Spec.VPSieInstanceID && is.Spec.InstanceType == m.Spec.InstanceType &&
			is.Spec.DatacenterID == m.Spec.DatacenterID && is.Status.Phase == v1alpha1.PhaseReady
	})
	if back < 0 {
		t.Errorf("VPSieNode %s of VPS %d is not back: there are %+v", m.Name, m.Spec.VPSieInstanceID, w.vpsieNodes())
	}
	w.billOf(m)
	w.reload(p)
}

// Where the NodeGroup is gone as well, as when the autoscaler serves another namespace by now, the VPS stays until its node
// has no pods that a drain would move.
func TestAStrayVPSStaysWhileItsNodeHasPods(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("web", 1, 1)
	m := w.ready(g, 1)[0]
	p := w.pod("works", m.Name)
	w.pod("daemon", m.Name, ownedBy("DaemonSet"))
	w.force(g)
	w.force(m)
	w.after(w.deps.Options.SweepGrace+10*time.Minute, time.Minute)
	w.billOf(m)
	w.must(w.admin.Delete(w.Context(), &corev1.Pod{ObjectMeta: p.ObjectMeta}, client.GracePeriodSeconds(0)))
	w.until(time.Minute, "the end of the VPS", func() error {
		if left := w.bills(); len(left) > 0 {
			return fmt.Errorf("%d are left", len(left))
		}
		return nil
	})
}

package control

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A decision is acted on only when the VPSieNodes are those that it was made from: to buy, as
// far as how many there are and which are on their way or leaving; to remove, all of them.
func TestDecisionsNeedAFreshSight(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	machine := func(name string, phase v1alpha1.VPSieNodePhase) *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: name, Finalizers: []string{v1alpha1.Finalizer}}}
		m.Spec.InstanceType, m.Spec.NodeGroupName, m.Spec.DatacenterID, m.Spec.VPSieInstanceID = small, "web", "dc-us-east-1", 5
		w.must(w.admin.Create(t.Context(), m))
		if phase != "" {
			m.Status.Phase = phase
			w.must(w.admin.Status().Update(t.Context(), m))
		}
		return m
	}
	end := func(m *v1alpha1.VPSieNode) {
		m.Finalizers = nil
		w.must(w.admin.Update(t.Context(), m))
		w.must(w.admin.Delete(t.Context(), m))
	}
	ready, coming := machine("ready", v1alpha1.PhaseReady), machine("coming", v1alpha1.PhaseProvisioning)
	leaving := machine("leaving", v1alpha1.PhaseReady)
	unseen := func(m *v1alpha1.VPSieNode) func() { return func() { end(m) } }
	for _, tc := range []struct {
		name            string
		change          func() (undo func())
		launch, removal bool // whether such a decision may be acted on
	}{
		{"nothing has changed", func() func() { return func() {} }, true, true},
		{"another is on its way", func() func() { return unseen(machine("new", "")) }, false, false},
		{"another is ready already", func() func() { return unseen(machine("fast", v1alpha1.PhaseReady)) }, false, false},
		{"one is protected", func() func() {
			ready.Annotations = map[string]string{v1alpha1.AnnotationDoNotDelete: "true"}
			w.must(w.admin.Update(t.Context(), ready))
			return func() {
				ready.Annotations = nil
				w.must(w.admin.Update(t.Context(), ready))
			}
		}, true, false},
		{"one that is ready starts to leave", func() func() {
			w.must(w.admin.Delete(t.Context(), leaving))
			return func() {}
		}, true, false},
		{"one that was on its way starts to leave", func() func() {
			w.must(w.admin.Delete(t.Context(), coming))
			return func() {}
		}, false, false},
		{"one is gone and another has come", func() func() {
			w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(ready), ready))
			end(ready)
			machine("next", "")
			return func() {}
		}, false, false},
	} {
		var seen v1alpha1.VPSieNodeList
		w.must(w.admin.List(t.Context(), &seen))
		o := &cluster.Objects{}
		for i := range seen.Items {
			o.VPSieNodes = append(o.VPSieNodes, &seen.Items[i])
		}
		undo := tc.change()
		for kind, want := range map[*plan.Plan]bool{{Launches: make([]plan.Launch, 1)}: tc.launch, {Removals: make([]plan.Removal, 1)}: tc.removal} {
			if fresh, err := w.round.precheck.sightIsFresh(t.Context(), o, kind); err != nil || fresh != want {
				t.Errorf("%s: a decision with %d removals may be acted on: %t (%v), want %t", tc.name, len(kind.Removals), fresh, err, want)
			}
		}
		undo()
	}
}

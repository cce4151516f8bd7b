package control

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A Node that bears a NodeGroup's label and has no VPSieNode could not be removed. It stands for none of the group's
// machines, and no decision takes it away, over and over and in vain.
func TestANodeWithoutVPSieNodeIsNobodys(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "by-hand", Labels: map[string]string{v1alpha1.LabelNodeGroup: "web"}}}
	w.must(w.admin.Create(w.Context(), n))
	n.Status.Allocatable = corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("4Gi"), "pods": resource.MustParse("110")}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	w.must(w.admin.Status().Update(w.Context(), n))
	n.Spec.Taints = nil // the API server gives every new node one
	w.must(w.admin.Update(w.Context(), n))
	g := w.group("web", 1, 1, shrinking, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleDownPolicy.UnneededTime = new(int32(0)) })

	w.ready(g, 1)
	w.after(10*time.Second, time.Second)
	if _, err := w.round.Reconcile(w.Context(), reconcile.Request{}); err != nil {
		t.Error(err)
	}
	if w.heard("ScalingDown web") > 0 {
		t.Errorf("events of %q", w.events)
	}
	w.must(w.admin.Get(w.Context(), client.ObjectKeyFromObject(n), n))
}

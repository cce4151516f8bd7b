package control

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A round starts when what it decides by may have changed, and not when a machine only tells how it is getting on.
func TestNewsOfAMachine(t *testing.T) {
	set := func(m *v1alpha1.VPSieNode, kind, reason, message string) {
		meta.SetStatusCondition(&m.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: reason, Message: message})
	}
	machine := func() *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady}}
		set(m, v1alpha1.VPSieNodeError, "DeleteFailed", "500")
		set(m, v1alpha1.VPSieNodeVPSReady, "Deleting", "")
		return m
	}
	for name, tc := range map[string]struct {
		change func(m *v1alpha1.VPSieNode)
		news   bool
	}{
		"nothing":              {func(*v1alpha1.VPSieNode) {}, false},
		"another phase":        {func(m *v1alpha1.VPSieNode) { m.Status.Phase = v1alpha1.PhaseDeleting }, true},
		"protected":            {func(m *v1alpha1.VPSieNode) { m.Annotations = map[string]string{v1alpha1.AnnotationDoNotDelete: "true"} }, true},
		"dismissed":            {func(m *v1alpha1.VPSieNode) { m.DeletionTimestamp = new(metav1.Now()) }, true},
		"another trouble":      {func(m *v1alpha1.VPSieNode) { set(m, v1alpha1.VPSieNodeError, "AuthenticationFailed", "") }, true},
		"the same trouble":     {func(m *v1alpha1.VPSieNode) { set(m, v1alpha1.VPSieNodeError, "DeleteFailed", "502") }, false},
		"how it is getting on": {func(m *v1alpha1.VPSieNode) { set(m, v1alpha1.VPSieNodeVPSReady, "NotDeleted", "") }, false},
	} {
		after := machine()
		tc.change(after)
		if news := !equality.Semantic.DeepEqual(machineNews(machine()), machineNews(after)); news != tc.news {
			t.Errorf("%s: news is %t", name, news)
		}
	}
}

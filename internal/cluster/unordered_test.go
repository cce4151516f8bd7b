package cluster

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A machine is given up for nothing only while it is sure that no VPS has been ordered for it.
func TestMachinesThatAreSurelyNotOrdered(t *testing.T) {
	says := func(reason string) func(*v1alpha1.VPSieNode) {
		return func(m *v1alpha1.VPSieNode) {
			m.Status.Conditions = []metav1.Condition{{Type: v1alpha1.VPSieNodeVPSReady, Status: metav1.ConditionFalse, Reason: reason}}
		}
	}
	for name, tc := range map[string]struct {
		changes []func(*v1alpha1.VPSieNode)
		want    bool
	}{
		"decided on":                       {nil, true},
		"written down only":                {[]func(*v1alpha1.VPSieNode){func(m *v1alpha1.VPSieNode) { m.Status = v1alpha1.VPSieNodeStatus{} }}, true},
		"waits for its turn":               {[]func(*v1alpha1.VPSieNode){says(ReasonNotOrdered)}, true},
		"was refused, and waits":           {[]func(*v1alpha1.VPSieNode){says(ReasonNotOrdered), orderedOnce}, true},
		"is being ordered":                 {[]func(*v1alpha1.VPSieNode){says(ReasonOrdering)}, false},
		"was announced, and says nothing":  {[]func(*v1alpha1.VPSieNode){orderedOnce}, false},
		"is provisioned":                   {[]func(*v1alpha1.VPSieNode){func(m *v1alpha1.VPSieNode) { m.Status.Phase = v1alpha1.PhaseProvisioning }}, false},
		"waited, and goes on":              {[]func(*v1alpha1.VPSieNode){says(ReasonNotOrdered), func(m *v1alpha1.VPSieNode) { m.Status.Phase = v1alpha1.PhaseProvisioning }}, false},
		"has a VPS":                        {[]func(*v1alpha1.VPSieNode){func(m *v1alpha1.VPSieNode) { m.Spec.VPSieInstanceID = 7 }}, false},
		"was made by a person":             {[]func(*v1alpha1.VPSieNode){func(m *v1alpha1.VPSieNode) { m.Annotations = nil }}, false},
		"is of a file that a person wrote": {[]func(*v1alpha1.VPSieNode){func(m *v1alpha1.VPSieNode) { m.UID = "" }}, false},
	} {
		m := &v1alpha1.VPSieNode{
			ObjectMeta: metav1.ObjectMeta{Name: "m", UID: "u", Annotations: map[string]string{v1alpha1.AnnotationLaunchReason: "PendingPods"}},
			Status:     v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhasePending},
		}
		for _, change := range tc.changes {
			change(m)
		}
		if got := IsUnordered(m); got != tc.want {
			t.Errorf("a machine that %s: surely not ordered is %t, want %t", name, got, tc.want)
		}
	}
}

func orderedOnce(m *v1alpha1.VPSieNode) { m.Status.OrderedAt = new(metav1.Now()) }

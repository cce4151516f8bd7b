package chaos

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// An order is in doubt while its VPS is there and its VPSieNode does not say that it was taken.
func TestDoubtful(t *testing.T) {
	const own = "vpsie-autoscaler/chaos-0/a0/m/u1"
	machine := func(id int64, reason string) v1alpha1.VPSieNode {
		m := v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m", UID: "u1"}, Spec: v1alpha1.VPSieNodeSpec{VPSieInstanceID: id}}
		m.Status.Conditions = []metav1.Condition{{Type: v1alpha1.VPSieNodeVPSReady, Reason: reason}}
		return m
	}
	for name, tc := range map[string]struct {
		bill    vpsietest.Bill
		machine v1alpha1.VPSieNode
		want    bool
	}{
		"no answer":                    {vps(1, "m", own, 1, 0), machine(0, cluster.ReasonOrdering), true},
		"taken":                        {vps(1, "m", own, 1, 0), machine(0, "Ordered"), false},
		"found in the list":            {vps(1, "m", own, 1, 0), machine(1, cluster.ReasonOrdering), false},
		"it came to nothing":           {vps(1, "m", own, 1, 9), machine(0, cluster.ReasonOrdering), false},
		"the VPS is another cluster's": {vps(1, "m", "", 1, 0), machine(0, cluster.ReasonOrdering), false},
	} {
		s := &scene{bills: []vpsietest.Bill{tc.bill}, machines: []v1alpha1.VPSieNode{tc.machine}}
		if got := s.doubtful(); got != tc.want {
			t.Errorf("%s: doubtful is %t", name, got)
		}
	}
}

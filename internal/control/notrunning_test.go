package control

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// A VPS that VPSie suspended, for a bill perhaps, is told apart from one that
// somebody stopped.
func TestASuspendedVPSIsNoStoppedOne(t *testing.T) {
	for want, vm := range map[string]*vpsie.VM{
		"VPSSuspended VPS 7 is suspended at VPSie, which the autoscaler did not ask for": {ID: 7, Active: true, Suspended: true},
		"VPSStopped VPS 7 is stopped at VPSie, which the autoscaler did not ask for":     {ID: 7, Active: true},
	} {
		status, reason, message := notRunning(vm)
		if got := reason + " " + message; got != want || status != metav1.ConditionFalse {
			t.Errorf("%s %s, want %s", status, got, want)
		}
	}
}

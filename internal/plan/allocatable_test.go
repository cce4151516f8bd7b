package plan

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestEstimateAllocatable(t *testing.T) {
	got := EstimateAllocatable(2, 4096, 80)
	for name, want := range map[corev1.ResourceName]string{
		corev1.ResourceCPU: "1900m", corev1.ResourceMemory: "3812832051", corev1.ResourcePods: "110", corev1.ResourceEphemeralStorage: "72Gi",
	} {
		if q := got[name]; q.Cmp(resource.MustParse(want)) != 0 {
			t.Errorf("%s is %s, want %s", name, q.String(), want)
		}
	}
	for name, q := range EstimateAllocatable(0, 0, 0) {
		if q.Sign() < 0 {
			t.Errorf("%s of nothing is %s", name, q.String())
		}
	}
}

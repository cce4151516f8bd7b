package localcluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestSizeOfANode(t *testing.T) {
	machine := vpsietest.Machine{CPU: 2, MemoryMB: 4000, DiskGB: 80}
	want := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("1900m"),
		corev1.ResourceMemory:           resource.MustParse("3545Mi"), // 4000 - 255 - 200
		corev1.ResourceEphemeralStorage: resource.MustParse("72Gi"),
		corev1.ResourcePods:             resource.MustParse("110"),
	}
	if diff := cmp.Diff(want, allocatable(machine)); diff != "" {
		t.Errorf("allocatable (-want +got):\n%s", diff)
	}
	want = corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("2"),
		corev1.ResourceMemory:           resource.MustParse("4000Mi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("80Gi"),
		corev1.ResourcePods:             resource.MustParse("110"),
	}
	if diff := cmp.Diff(want, capacity(machine)); diff != "" {
		t.Errorf("capacity (-want +got):\n%s", diff)
	}
}

// A plan must not count on more than the nodes offer that come.
func TestNodesOfferWhatThePlannerEstimates(t *testing.T) {
	for _, p := range vpsietest.DefaultCatalogue().Plans {
		offered := allocatable(vpsietest.Machine{CPU: p.CPU, MemoryMB: p.MemoryMB, DiskGB: p.DiskGB})
		for name, estimate := range plan.EstimateAllocatable(p.CPU, p.MemoryMB, p.DiskGB) {
			surplus := offered[name]
			surplus.Sub(estimate)
			if surplus.Sign() < 0 || surplus.Value() > 1024 {
				t.Errorf("%s: a node offers %v of %s more than the planner estimates", p.Nickname, surplus.Value(), name)
			}
		}
	}
}

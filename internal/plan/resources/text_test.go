package resources_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// Amounts are printed as users write them, bytes of huge pages as well.
func TestAmountsAreReadable(t *testing.T) {
	d := &resources.Dimensions{Names: []corev1.ResourceName{"cpu", "memory", "ephemeral-storage", "pods", "hugepages-2Mi", "example.com/gpu"}}
	for i, want := range map[int]string{0: "1500m", 1: "1Gi", 4: "1Gi", 5: "3"} {
		amount := map[int]int64{0: 1500, 1: 1 << 30, 4: 1 << 30, 5: 3}[i]
		if got := d.Text(i, amount); got != want {
			t.Errorf("%s: got %s, want %s", d.Names[i], got, want)
		}
	}
}

package plan

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// EstimateAllocatable is what a node of the given size offers to pods while no
// node of it has been seen: cpu less 100m; memory, whose MB are MiB, less 255Mi
// and 5 %; 110 pods; 90 % of the disk, whose GB are GiB. Amounts never go below 0.
func EstimateAllocatable(cpuCores int, memoryMB, diskGB int) corev1.ResourceList {
	const mebi, gibi = int64(1) << 20, int64(1) << 30
	cpu := max(int64(cpuCores)*1000-100, 0)
	memory := max(int64(memoryMB)*mebi*95/100-255*mebi, 0)
	disk := max(int64(diskGB)*gibi/10*9, 0)
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(cpu, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(memory, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(disk, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(110, resource.DecimalSI),
	}
}

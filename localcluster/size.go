package localcluster

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const (
	mebibyte = int64(1) << 20
	gibibyte = int64(1) << 30
)

// What a node keeps for itself: 100m of CPU, 255 Mi and 5 % of memory, 10 % of the disk. The planner estimates the
// allocatable of a machine that it has not seen yet in the same way, so that its plans fit the nodes that come.
const (
	reservedMilliCPU  = 100
	reservedMemory    = 255 * mebibyte
	reservedMemoryPct = 5
	usableDiskPct     = 90
	maxPods           = 110
)

func capacity(machine vpsietest.Machine) corev1.ResourceList {
	return resources(int64(machine.CPU)*1000, memory(machine), int64(machine.DiskGB)*gibibyte)
}

func allocatable(machine vpsietest.Machine) corev1.ResourceList {
	memory, disk := memory(machine), int64(machine.DiskGB)*gibibyte
	return resources(int64(machine.CPU)*1000-reservedMilliCPU, memory-reservedMemory-memory*reservedMemoryPct/100, disk*usableDiskPct/100)
}

// memory is what the machine's own kernel sees, which is less than the plan says where plans share memory.
func memory(machine vpsietest.Machine) int64 {
	return int64(cmp.Or(machine.GuestMemoryMB, machine.MemoryMB)) * mebibyte
}

func resources(milliCPU, memory, disk int64) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(memory, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(disk, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(maxPods, resource.DecimalSI),
	}
}

package plan

import (
	"maps"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Kubelet is what a NodeGroup sets of its nodes' kubelets. The zero value sets nothing.
type Kubelet struct {
	// MaxPods is how many pods a node takes; 0 leaves it to the image.
	MaxPods int32
	// KubeReserved and SystemReserved are kept from pods. A resource that neither names is
	// left to the image.
	KubeReserved, SystemReserved corev1.ResourceList
	// EvictionHard are amounts or percentages by signal, such as memory.available.
	EvictionHard map[string]string
}

// What a kubelet does by itself, and what images reserve as far as that is not known.
const (
	defaultPods           = 110
	assumedMilliCPU       = 100
	assumedMemory   int64 = 155 << 20
	evictsOnMemory        = "memory.available"
	evictsOnDisk          = "nodefs.available"
)

// defaultEvictions are the kubelet's own. They are all off once one is set.
func defaultEvictions() map[string]string {
	return map[string]string{evictsOnMemory: "100Mi", evictsOnDisk: "10%", "nodefs.inodesFree": "5%", "imagefs.available": "15%", "imagefs.inodesFree": "5%"}
}

// Evictions are all thresholds of a kubelet with these settings: the kubelet's own, and
// EvictionHard in their place.
func (k *Kubelet) Evictions() map[string]string {
	all := defaultEvictions()
	maps.Copy(all, k.EvictionHard)
	return all
}

// Allocatable is what a node of the capacity offers to pods, as its kubelet works it out:
// the capacity less what is reserved and less the hard eviction thresholds. Where nothing
// says what is reserved, that is 100m of cpu and 155Mi of memory. Amounts never go below 0.
func (k *Kubelet) Allocatable(capacity corev1.ResourceList) corev1.ResourceList {
	evictions := k.Evictions()
	memory, disk := capacity[corev1.ResourceMemory], capacity[corev1.ResourceEphemeralStorage]
	list := corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(max(capacity.Cpu().MilliValue()-k.reserved(corev1.ResourceCPU, assumedMilliCPU), 0), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(max(memory.Value()-k.reserved(corev1.ResourceMemory, assumedMemory)-threshold(evictions[evictsOnMemory], memory.Value()), 0), resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(max(disk.Value()-k.reserved(corev1.ResourceEphemeralStorage, 0)-threshold(evictions[evictsOnDisk], disk.Value()), 0), resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(defaultPods, resource.DecimalSI),
	}
	if k.MaxPods > 0 {
		list[corev1.ResourcePods] = *resource.NewQuantity(int64(k.MaxPods), resource.DecimalSI)
	}
	return list
}

// reserved is how much of the resource is kept from pods: thousandths of a core, or bytes.
func (k *Kubelet) reserved(name corev1.ResourceName, assumed int64) int64 {
	total, named := int64(0), false
	for _, list := range []corev1.ResourceList{k.KubeReserved, k.SystemReserved} {
		q, set := list[name]
		switch {
		case !set:
			continue
		case name == corev1.ResourceCPU:
			total += q.MilliValue()
		default:
			total += q.Value()
		}
		named = true
	}
	if !named {
		return assumed
	}
	return total
}

// threshold is an eviction threshold in bytes. What cannot be read, which the API server
// refuses, is none.
func threshold(text string, capacity int64) int64 {
	if part, isPart := strings.CutSuffix(text, "%"); isPart {
		percent, err := strconv.ParseFloat(part, 64)
		if err != nil || percent >= 100 { // which the kubelet takes for none
			return 0
		}
		return int64(float64(capacity) * percent / 100)
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	return q.Value()
}

// EstimateAllocatable is what a node of the given size offers to pods while no
// node of it has been seen: cpu less 100m; memory, whose MB are MiB, less 255Mi
// and 5 %; 110 pods; 90 % of the disk, whose GB are GiB. Amounts never go below 0.
func EstimateAllocatable(cpuCores int, memoryMB, diskGB int) corev1.ResourceList {
	return (&Kubelet{}).Allocatable(guestSees(cpuCores, memoryMB, diskGB))
}

// guestSees is the capacity that a machine of the size shows its kubelet: the kernel takes
// some 5 % of the memory.
func guestSees(cpuCores int, memoryMB, diskGB int) corev1.ResourceList {
	const mebi, gibi = int64(1) << 20, int64(1) << 30
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(int64(cpuCores), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(int64(memoryMB)*mebi*95/100, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(int64(diskGB)*gibi, resource.BinarySI),
	}
}

// Estimate is what a node of the offer offers with these settings, while no node of it has
// been seen: by its estimated or given allocatable, of which the rest of its capacity follows.
func (k *Kubelet) Estimate(o *Offer) corev1.ResourceList {
	memory, disk := o.Allocatable[corev1.ResourceMemory], o.Capacity[corev1.ResourceEphemeralStorage]
	return k.Allocatable(corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(o.Allocatable.Cpu().MilliValue()+assumedMilliCPU, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(memory.Value()+assumedMemory+threshold(defaultEvictions()[evictsOnMemory], 0), resource.BinarySI),
		corev1.ResourceEphemeralStorage: disk,
	})
}

// allocatable is what a new node of the group and offer offers to pods.
func (g *Group) allocatable(o *Offer) corev1.ResourceList {
	if list, own := g.Allocatable[o.Key()]; own {
		return list
	}
	return o.Allocatable
}

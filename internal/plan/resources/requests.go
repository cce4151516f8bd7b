package resources

import (
	"encoding/binary"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelpers "k8s.io/component-helpers/resource"
)

// Requests is what a pod asks for, in whole units as kube-scheduler counts them:
// milli-cores, bytes, bytes, and pieces.
type Requests struct {
	CPU, Memory, Storage int64
	// Scalars are all further resources with an amount above 0, by name.
	Scalars []Scalar
}

// Scalar is an amount of a resource other than cpu, memory and ephemeral storage.
type Scalar struct {
	Name   corev1.ResourceName
	Amount int64
}

// Of reads what a pod requests, as kube-scheduler does: a pod without a node asks for what its
// spec says; a bound one holds the largest of spec, allocation and actual resources.
func Of(pod *corev1.Pod) Requests {
	if r, ok := plainRequests(pod); ok {
		return r
	}
	list := resourcehelpers.PodRequests(pod, resourcehelpers.PodResourcesOptions{
		UseStatusResources: pod.Spec.NodeName != "",
		InPlacePodLevelResourcesVerticalScalingEnabled: true,
		UseDRANodeAllocatableResourceClaimStatus:       pod.Spec.NodeName != "",
	})
	var r Requests
	for name, quantity := range list {
		r.add(name, quantity)
	}
	r.sort()
	return r
}

// plainRequests sums the containers of a pod to which none of the finer rules
// applies: most pods, and an order of magnitude faster than the general way.
func plainRequests(pod *corev1.Pod) (Requests, bool) {
	spec := &pod.Spec
	if len(spec.InitContainers) > 0 || spec.Overhead != nil || spec.Resources != nil || len(spec.ResourceClaims) > 0 {
		return Requests{}, false
	}
	if spec.NodeName != "" {
		if pod.Status.Resources != nil || pod.Status.AllocatedResources != nil {
			return Requests{}, false
		}
		for i := range pod.Status.ContainerStatuses {
			if s := &pod.Status.ContainerStatuses[i]; s.Resources != nil || s.AllocatedResources != nil {
				return Requests{}, false
			}
		}
	}
	var r Requests
	if len(spec.Containers) == 1 {
		for name, quantity := range spec.Containers[0].Resources.Requests {
			r.add(name, quantity)
		}
		r.sort()
		return r, true
	}
	// Quantities are summed before they are rounded to whole units.
	var cpu, memory, storage resource.Quantity
	for i := range spec.Containers {
		for name, quantity := range spec.Containers[i].Resources.Requests {
			switch name {
			case corev1.ResourceCPU:
				cpu.Add(quantity)
			case corev1.ResourceMemory:
				memory.Add(quantity)
			case corev1.ResourceEphemeralStorage:
				storage.Add(quantity)
			default:
				r.add(name, quantity)
			}
		}
	}
	r.CPU, r.Memory, r.Storage = cpu.MilliValue(), memory.Value(), storage.Value()
	r.sort()
	return r, true
}

func (r *Requests) add(name corev1.ResourceName, quantity resource.Quantity) {
	switch name {
	case corev1.ResourceCPU:
		r.CPU += quantity.MilliValue()
	case corev1.ResourceMemory:
		r.Memory += quantity.Value()
	case corev1.ResourceEphemeralStorage:
		r.Storage += quantity.Value()
	case corev1.ResourcePods:
	default:
		amount := quantity.Value()
		if amount <= 0 {
			return
		}
		i := slices.IndexFunc(r.Scalars, func(s Scalar) bool { return s.Name == name })
		if i < 0 {
			r.Scalars = append(r.Scalars, Scalar{Name: name, Amount: amount})
			return
		}
		r.Scalars[i].Amount += amount
	}
}

func (r *Requests) sort() {
	slices.SortFunc(r.Scalars, func(a, b Scalar) int { return strings.Compare(string(a.Name), string(b.Name)) })
}

// Add adds what another pod asks for.
func (r *Requests) Add(o *Requests) {
	r.CPU, r.Memory, r.Storage = r.CPU+o.CPU, r.Memory+o.Memory, r.Storage+o.Storage
	for _, s := range o.Scalars {
		i := slices.IndexFunc(r.Scalars, func(have Scalar) bool { return have.Name == s.Name })
		if i < 0 {
			r.Scalars = append(r.Scalars, s)
			continue
		}
		r.Scalars[i].Amount += s.Amount
	}
	r.sort()
}

// AtLeast is the larger of each amount.
func (r *Requests) AtLeast(o *Requests) Requests {
	most := Requests{CPU: max(r.CPU, o.CPU), Memory: max(r.Memory, o.Memory), Storage: max(r.Storage, o.Storage), Scalars: slices.Clone(r.Scalars)}
	for _, s := range o.Scalars {
		i := slices.IndexFunc(most.Scalars, func(have Scalar) bool { return have.Name == s.Name })
		if i < 0 {
			most.Scalars = append(most.Scalars, s)
			continue
		}
		most.Scalars[i].Amount = max(most.Scalars[i].Amount, s.Amount)
	}
	most.sort()
	return most
}

// Equal says whether all amounts are the same.
func (r *Requests) Equal(o *Requests) bool {
	return r.CPU == o.CPU && r.Memory == o.Memory && r.Storage == o.Storage && slices.Equal(r.Scalars, o.Scalars)
}

// ScalarKey spells out the scalars, for use as the key of a map; empty for most pods.
func (r *Requests) ScalarKey() string {
	if len(r.Scalars) == 0 {
		return ""
	}
	var b []byte
	for _, s := range r.Scalars {
		b = binary.AppendUvarint(b, uint64(len(s.Name)))
		b = append(b, s.Name...)
		b = binary.AppendVarint(b, s.Amount)
	}
	return string(b)
}

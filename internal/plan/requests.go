package plan

import (
	"encoding/binary"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelpers "k8s.io/component-helpers/resource"
)

// requests is what a pod asks for, in whole units as kube-scheduler counts them:
// milli-cores, bytes, bytes, and pieces.
type requests struct {
	cpu, memory, storage int64
	// scalars are all further resources with an amount above 0, by name.
	scalars []scalar
}

type scalar struct {
	name   corev1.ResourceName
	amount int64
}

// requestsOf follows kube-scheduler: a pod without a node asks for what its spec
// says; a bound one holds the largest of spec, allocation and actual resources.
func requestsOf(pod *corev1.Pod) requests {
	if r, ok := plainRequests(pod); ok {
		return r
	}
	list := resourcehelpers.PodRequests(pod, resourcehelpers.PodResourcesOptions{
		UseStatusResources: pod.Spec.NodeName != "",
		InPlacePodLevelResourcesVerticalScalingEnabled: true,
		UseDRANodeAllocatableResourceClaimStatus:       pod.Spec.NodeName != "",
	})
	var r requests
	for name, quantity := range list {
		r.add(name, quantity)
	}
	r.sort()
	return r
}

// plainRequests sums the containers of a pod to which none of the finer rules
// applies: most pods, and an order of magnitude faster than the general way.
func plainRequests(pod *corev1.Pod) (requests, bool) {
	spec := &pod.Spec
	if len(spec.InitContainers) > 0 || spec.Overhead != nil || spec.Resources != nil || len(spec.ResourceClaims) > 0 {
		return requests{}, false
	}
	if spec.NodeName != "" {
		if pod.Status.Resources != nil || pod.Status.AllocatedResources != nil {
			return requests{}, false
		}
		for i := range pod.Status.ContainerStatuses {
			if s := &pod.Status.ContainerStatuses[i]; s.Resources != nil || s.AllocatedResources != nil {
				return requests{}, false
			}
		}
	}
	var r requests
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
	r.cpu, r.memory, r.storage = cpu.MilliValue(), memory.Value(), storage.Value()
	r.sort()
	return r, true
}

func (r *requests) add(name corev1.ResourceName, quantity resource.Quantity) {
	switch name {
	case corev1.ResourceCPU:
		r.cpu += quantity.MilliValue()
	case corev1.ResourceMemory:
		r.memory += quantity.Value()
	case corev1.ResourceEphemeralStorage:
		r.storage += quantity.Value()
	case corev1.ResourcePods:
	default:
		amount := quantity.Value()
		if amount <= 0 {
			return
		}
		i := slices.IndexFunc(r.scalars, func(s scalar) bool { return s.name == name })
		if i < 0 {
			r.scalars = append(r.scalars, scalar{name: name, amount: amount})
			return
		}
		r.scalars[i].amount += amount
	}
}

func (r *requests) sort() {
	slices.SortFunc(r.scalars, func(a, b scalar) int { return strings.Compare(string(a.name), string(b.name)) })
}

// atLeast is the larger of each amount.
func (r *requests) atLeast(o *requests) requests {
	most := requests{cpu: max(r.cpu, o.cpu), memory: max(r.memory, o.memory), storage: max(r.storage, o.storage), scalars: slices.Clone(r.scalars)}
	for _, s := range o.scalars {
		i := slices.IndexFunc(most.scalars, func(have scalar) bool { return have.name == s.name })
		if i < 0 {
			most.scalars = append(most.scalars, s)
			continue
		}
		most.scalars[i].amount = max(most.scalars[i].amount, s.amount)
	}
	most.sort()
	return most
}

func (r *requests) same(o *requests) bool {
	return r.cpu == o.cpu && r.memory == o.memory && r.storage == o.storage && slices.Equal(r.scalars, o.scalars)
}

// scalarKey spells out the scalars; empty for most pods.
func (r *requests) scalarKey() string {
	if len(r.scalars) == 0 {
		return ""
	}
	var b rulesBuilder
	for _, s := range r.scalars {
		b.text('r', string(s.name))
		b.buf = binary.AppendVarint(b.buf, s.amount)
	}
	return string(b.buf)
}

package explain

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelpers "k8s.io/component-helpers/resource"
)

// Use is how much of a resource the pods' requests take.
type Use struct {
	Used resource.Quantity `json:"used"`
	Of   resource.Quantity `json:"of"`
}

// Percent is the share used, rounded down.
func (u Use) Percent() int64 {
	if u.Of.IsZero() {
		return 0
	}
	return int64(u.share() * 100)
}

func (u Use) share() float64 {
	if u.Of.IsZero() {
		return 0
	}
	return u.Used.AsApproximateFloat64() / u.Of.AsApproximateFloat64()
}

func (u *Use) add(v Use) {
	u.Used.Add(v.Used)
	u.Of.Add(v.Of)
}

// Load is what is used of the two resources that thresholds look at.
type Load struct {
	CPU    Use `json:"cpu"`
	Memory Use `json:"memory"`
}

// loadOf adds up what the pods on the node ask for.
func loadOf(node *corev1.Node, pods []*corev1.Pod) Load {
	l := Load{CPU: Use{Of: node.Status.Allocatable.Cpu().DeepCopy()}, Memory: Use{Of: node.Status.Allocatable.Memory().DeepCopy()}}
	for _, pod := range pods {
		if pod.Spec.NodeName != node.Name || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		requests := resourcehelpers.PodRequests(pod, resourcehelpers.PodResourcesOptions{UseStatusResources: true})
		l.CPU.Used.Add(*requests.Cpu())
		l.Memory.Used.Add(*requests.Memory())
	}
	return l
}

func (l *Load) add(m Load) {
	l.CPU.add(m.CPU)
	l.Memory.add(m.Memory)
}

// idle is the part of the node that nothing asks for, neither of its cpu nor of its
// memory: what is left of the resource that is used more.
func (l Load) idle() float64 { return max(1-max(l.CPU.share(), l.Memory.share()), 0) }

func (l Load) String() string {
	return fmt.Sprintf("cpu %s, memory %s", share(l.CPU, cores), share(l.Memory, gib))
}

func cores(q resource.Quantity) string { return fmt.Sprintf("%.1f", q.AsApproximateFloat64()) }

func gib(q resource.Quantity) string { return fmt.Sprintf("%.1fGi", q.AsApproximateFloat64()/(1<<30)) }

func share(u Use, text func(resource.Quantity) string) string {
	if u.Of.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%s of %s (%d%%)", text(u.Used), text(u.Of), u.Percent())
}

package explain

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Use is how much of a resource the pods' requests take, without those of DaemonSet and
// static pods, which count neither as used nor as there.
type Use struct {
	Used resource.Quantity `json:"used"`
	Of   resource.Quantity `json:"of"`
	// daemons is what DaemonSet and static pods request.
	daemons resource.Quantity
}

// Percent is the share used, as the planner's reasons give it.
func (u Use) Percent() int64 {
	if u.Of.Format == resource.DecimalSI { // cores
		return plan.Percent(u.Used.MilliValue(), u.Of.MilliValue())
	}
	return plan.Percent(u.Used.Value(), u.Of.Value())
}

func (u Use) share() float64 {
	if u.Of.Sign() <= 0 {
		return 0
	}
	return u.Used.AsApproximateFloat64() / u.Of.AsApproximateFloat64()
}

// busy is the share that any pod asks for.
func (u Use) busy() float64 {
	u.Used.Add(u.daemons)
	u.Of.Add(u.daemons)
	return u.share()
}

func (u *Use) add(v Use) {
	u.Used.Add(v.Used)
	u.Of.Add(v.Of)
	u.daemons.Add(v.daemons)
}

// Load is what is used of the two resources that thresholds look at.
type Load struct {
	CPU    Use `json:"cpu"`
	Memory Use `json:"memory"`
}

// loadOf is the load of the node, as the planner reckons it.
func (s *Scene) loadOf(node *corev1.Node) Load {
	var bound []*plan.Pod
	for _, pod := range s.Pods {
		if pod.Spec.NodeName == node.Name {
			bound = append(bound, plan.NewPod(pod))
		}
	}
	l := plan.LoadOf(node, bound, &s.Rounds.Options)
	milli := func(n int64) resource.Quantity { return *resource.NewMilliQuantity(n, resource.DecimalSI) }
	bytes := func(n int64) resource.Quantity { return *resource.NewQuantity(n, resource.BinarySI) }
	return Load{
		CPU:    Use{milli(l.UsedCPU), milli(l.RoomCPU), milli(l.OverheadCPU)},
		Memory: Use{bytes(l.UsedMemory), bytes(l.RoomMemory), bytes(l.OverheadMemory)},
	}
}

func (l *Load) add(m Load) {
	l.CPU.add(m.CPU)
	l.Memory.add(m.Memory)
}

// idle is the part of the node that nothing asks for, neither of its cpu nor of its
// memory: what is left of the resource that is used more.
func (l Load) idle() float64 { return max(1-max(l.CPU.busy(), l.Memory.busy()), 0) }

func (l Load) String() string {
	return fmt.Sprintf("cpu %s, memory %s", share(l.CPU, cores), share(l.Memory, gib))
}

func cores(q resource.Quantity) string { return fmt.Sprintf("%.1f", q.AsApproximateFloat64()) }

func gib(q resource.Quantity) string { return fmt.Sprintf("%.1fGi", q.AsApproximateFloat64()/(1<<30)) }

func share(u Use, text func(resource.Quantity) string) string {
	if u.Of.Sign() <= 0 {
		return "-"
	}
	return fmt.Sprintf("%s of %s (%d%%)", text(u.Used), text(u.Of), u.Percent())
}

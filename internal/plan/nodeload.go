package plan

import corev1 "k8s.io/api/core/v1"

// part is what a bound pod is in the load of its node.
type part uint8

const (
	// partNone pods are being deleted: their room is taken, and they ask for none.
	partNone part = iota
	// partOverhead pods end with the node; they count neither as used nor as room.
	partOverhead
	// partYields pods are expendable: they hold no node and ask for no head-room.
	partYields
	// partRequested pods count with their requests.
	partRequested
)

// part is what the pod is in its node's load; stays says that it belongs to the node.
// A DaemonSet's pod of low priority yields like any other: kube-scheduler evicts it.
func (p *Pod) part(o *Options, stays bool) part {
	return partOf(stays, p.leaves(), isMirrorPod(p.meta), p.expendable(o))
}

func partOf(stays, leaves, mirrors, expendable bool) part {
	switch {
	case leaves && !stays:
		return partNone
	case expendable && !mirrors:
		return partYields
	case stays:
		return partOverhead
	}
	return partRequested
}

// NodeLoad is what scale-down and scale-up thresholds look at on one node: cpu in
// milli-cores and memory in bytes.
type NodeLoad struct {
	// Used is what the pods request that count; Room is what is there for them, which is
	// the node's allocatable without Overhead.
	UsedCPU, UsedMemory int64
	RoomCPU, RoomMemory int64
	// Overhead is what DaemonSet and static pods request.
	OverheadCPU, OverheadMemory int64
}

// LoadOf works out the load of a node from the requests of the pods bound to it, as the
// thresholds see it.
func LoadOf(node *corev1.Node, bound []*Pod, o *Options) NodeLoad {
	var requested, overhead amount
	for _, p := range bound {
		if p.stage != stageBound {
			continue
		}
		switch p.part(o, p.stays()) {
		case partOverhead:
			overhead.addRequests(&p.requests)
		case partRequested:
			requested.addRequests(&p.requests)
		}
	}
	allocatable := node.Status.Allocatable
	return NodeLoad{
		UsedCPU: requested.cpu, UsedMemory: requested.memory,
		RoomCPU:     allocatable.Cpu().MilliValue() - overhead.cpu,
		RoomMemory:  allocatable.Memory().Value() - overhead.memory,
		OverheadCPU: overhead.cpu, OverheadMemory: overhead.memory,
	}
}

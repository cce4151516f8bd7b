package control

import (
	"iter"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// charge adds up what the machines have cost since the last time.
func (r *recorder) charge(o *cluster.Objects, state *plan.State) {
	if r.Spend == nil || !r.Spend.Due(state.Now) {
		return
	}
	nodes := make(map[string]*corev1.Node, len(o.Nodes))
	for _, n := range o.Nodes {
		nodes[n.Name] = n
	}
	shares := sharesOf(nodes, state.AllPods())
	var charges []observe.Charge
	for _, m := range o.VPSieNodes {
		if c, paid := chargeOf(m); paid {
			c.Shares = shares[cluster.NodeNameOf(m)]
			charges = append(charges, c)
		}
	}
	r.Spend.Add(state.Now, charges)
}

// chargeOf says what a machine costs; false when no VPS is known to be paid for.
func chargeOf(m *v1alpha1.VPSieNode) (observe.Charge, bool) {
	since := m.CreationTimestamp.Time
	if m.Status.OrderedAt != nil {
		since = m.Status.OrderedAt.Time
	}
	price := cluster.LastPrice(m)
	return observe.Charge{Group: m.Spec.NodeGroupName, Offering: m.Spec.InstanceType, Since: since, Price: price}, price > 0 && !cluster.Unanswered(m)
}

// sharesOf are, by node and namespace, the parts that pods ask for: half of it goes by cpu,
// half by memory.
func sharesOf(nodes map[string]*corev1.Node, pods iter.Seq[*plan.Pod]) map[string]map[string]float64 {
	shares := make(map[string]map[string]float64, len(nodes))
	for p := range pods {
		name, cpu, memory := p.Held()
		node := nodes[name]
		if node == nil {
			continue
		}
		if shares[name] == nil {
			shares[name] = map[string]float64{}
		}
		shares[name][p.Meta().Namespace] += part(cpu, node.Status.Allocatable.Cpu().MilliValue())/2 + part(memory, node.Status.Allocatable.Memory().Value())/2
	}
	return shares
}

func part(of, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(of) / float64(whole)
}

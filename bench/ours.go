package main

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// planner is the planner's side: what the controller holds before a round.
type planner struct {
	in     *input
	groups []*plan.Group
	offers []*plan.Offer
	nodes  []*plan.Node
}

// pool is the one NodeGroup, which buys in all zones.
const pool = "pool"

// newPlanner makes every zone a datacenter of one NodeGroup, which may buy all machines.
func newPlanner(in *input) *planner {
	p := &planner{in: in, groups: in.groups, offers: in.offers}
	if len(in.zones) > 0 {
		g := &plan.Group{
			Name: pool, Max: 1 << 20, AllowMixed: true,
			ScaleUp:   plan.ScaleUp{Enabled: true, CPU: 100, Memory: 100},
			ScaleDown: plan.ScaleDown{Enabled: true, CPU: 50, Memory: 50},
		}
		for _, zone := range in.zones {
			place := plan.Datacenter{ID: zone}
			for i := range in.machines {
				o := offer(&in.machines[i], zone)
				p.offers = append(p.offers, o)
				place.Offers = append(place.Offers, o.InstanceType)
			}
			g.Datacenters = append(g.Datacenters, place)
		}
		p.groups = append(p.groups, g)
	}
	for _, n := range in.nodes {
		p.nodes = append(p.nodes, &plan.Node{
			Name: n.name, Machine: n.name, Group: pool, InstanceType: n.machine.name, DatacenterID: n.zone, State: plan.Ready,
			Object: &corev1.Node{
				ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: n.labels()},
				Status:     corev1.NodeStatus{Capacity: n.machine.allocatable, Allocatable: n.machine.allocatable},
			},
		})
	}
	return p
}

func offer(m *machine, zone string) *plan.Offer {
	return &plan.Offer{
		InstanceType: m.name, DatacenterID: zone, Price: m.price, Allocatable: m.allocatable, Available: true, Stock: -1,
	}
}

// labels are those of the planner's nodes; Karpenter's come on top.
func (n *node) labels() map[string]string {
	labels := plan.NodeLabels(&plan.Group{Name: pool, Datacenters: []plan.Datacenter{{ID: n.zone}}}, offer(n.machine, n.zone))
	labels[corev1.LabelHostname] = n.name
	return labels
}

// run measures one decision, which both buys and removes.
func (p *planner) run() (outcome, spent) {
	read := stopwatch()
	s := &plan.State{
		Groups: p.groups, Offers: p.offers, Nodes: p.nodes, Pods: make([]*plan.Pod, len(p.in.pods)),
		Options: plan.Options{ExpendablePriorityCutoff: -10, IgnoreTimers: true},
	}
	for i, pod := range p.in.pods {
		s.Pods[i] = plan.NewPod(pod)
	}
	made := plan.Decide(s)
	took := read()
	return outcome{
		bought: len(made.Launches), gone: len(made.Removals), unplaced: len(made.Unplaced),
		price: plan.Money(made.Cost.After - made.Cost.Before), bound: plan.Money(made.Cost.LowerBound - made.Cost.Before),
	}, took
}

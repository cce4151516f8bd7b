package plan

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// carriedOut is the state after the plan: machines bought are on their way, with
// the pods they are meant for; removed nodes are gone and their pods where the plan
// moved them. Pending pods still wait for kube-scheduler.
func carriedOut(s State, p *Plan) State {
	s.Nodes = slices.Clone(s.Nodes)
	meant := map[string][]string{}
	for _, l := range p.Launches {
		n := &Node{Name: "vpsie-" + l.Name, Group: l.Group, InstanceType: l.InstanceType, DatacenterID: l.DatacenterID, State: Ordered, Planned: l.Pods}
		s.Nodes = append(s.Nodes, n)
	}
	for _, pl := range p.Placements {
		meant[pl.Node] = append(meant[pl.Node], pl.Pod)
	}
	for i, n := range s.Nodes {
		if n.State == Ordered && len(meant[n.Name]) > 0 {
			n = new(*n)
			n.Planned = meant[n.Name]
			s.Nodes[i] = n
		}
	}
	offers := slices.Clone(s.Offers)
	for i, o := range offers {
		bought := count(p.Launches, func(l Launch) bool { return l.InstanceType == o.InstanceType && l.DatacenterID == o.DatacenterID })
		if o.Stock >= 0 && bought > 0 {
			offers[i] = new(*o)
			offers[i].Stock -= bought
		}
	}
	s.Offers = offers
	s.Groups = slices.Clone(s.Groups)
	for i, g := range s.Groups {
		s.Groups[i] = new(*g)
		s.Groups[i].Datacenters = slices.Clone(g.Datacenters)
		for j, d := range g.Datacenters {
			if d.Limit != nil { // of what may be on its way where nothing has joined yet
				left := new(*d.Limit)
				left.Left -= count(p.Launches, func(l Launch) bool { return l.Group == g.Name && l.DatacenterID == d.ID })
				s.Groups[i].Datacenters[j].Limit = left
			}
		}
	}
	moved, gone := map[string]string{}, map[string]bool{}
	for _, r := range p.Removals {
		gone[r.Node] = true
		for _, m := range r.Moves {
			moved[m.Pod] = m.To
		}
	}
	s.Nodes = slices.DeleteFunc(s.Nodes, func(n *Node) bool { return gone[n.Name] })
	var pods []*Pod
	for _, pod := range s.Pods {
		to, moves := moved[pod.name()]
		switch {
		case moves:
			object := pod.Object().DeepCopy()
			object.Spec.NodeName = to
			pods = append(pods, NewPod(object))
		case !gone[pod.Object().Spec.NodeName]:
			pods = append(pods, pod)
		}
	}
	s.Pods = pods
	return s
}

// placed puts the pods of the plan's placements on their nodes, as kube-scheduler
// will, when the nodes are Ready.
func placed(s State, p *Plan) State {
	ready := map[string]bool{}
	for _, n := range s.Nodes {
		ready[n.Name] = n.State == Ready
	}
	where := map[string]string{}
	for _, pl := range p.Placements {
		if ready[pl.Node] {
			where[pl.Pod] = pl.Node
		}
	}
	s.Pods = slices.Clone(s.Pods)
	for i, pod := range s.Pods {
		if node, ok := where[pod.name()]; ok {
			object := pod.Object().DeepCopy()
			object.Spec.NodeName = node
			object.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "x", Controller: new(true)}}
			object.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}
			s.Pods[i] = NewPod(object)
		}
	}
	return s
}

func TestCarryingOutAPlanLeavesNothingToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s *story
		told := ""
		sociable := rapid.Bool().Draw(t, "sociable")
		if sociable {
			s, told = drawSociable(t)
		} else {
			s, told = drawStory(t)
		}
		s.state.Options.IgnoreTimers = rapid.Bool().Draw(t, "ignore timers")
		first := Decide(&s.state)
		after := placed(carriedOut(s.state, first), first)
		if rapid.Bool().Draw(t, "not ordered yet") {
			for _, n := range after.Nodes {
				if strings.HasPrefix(n.Name, "vpsie-") {
					n.Unordered = true
				}
			}
		}
		second := Decide(&after)
		if len(first.Unplaced) > 0 && (len(first.Removals) > 0 || sociable) {
			// What goes makes room under maxNodes, or in the spreads, for pods that had none;
			// and of pods that crowd each other out, others may win the next time.
			return
		}
		// A pending pod holds the node that it fits; once it runs there it may move,
		// and others after it.
		held := slices.ContainsFunc(first.Kept, func(k Kept) bool {
			return strings.HasPrefix(k.Message, "pending pod") || strings.Contains(k.Message, "the constraints of pod")
		})
		// So do pods of nodes that are being removed, for which room is set aside.
		held = held || slices.ContainsFunc(s.state.Nodes, func(n *Node) bool {
			leaving := n.State == Terminating || slices.ContainsFunc(s.state.Groups, func(g *Group) bool { return g.Deleting && g.Name == n.Group })
			return leaving && slices.ContainsFunc(s.state.Pods, func(p *Pod) bool { return p.Object().Spec.NodeName == n.Name })
		})
		if len(second.Launches) > 0 || len(second.Removals) > 0 && !held {
			t.Fatalf("planning again buys or removes more:\nfirst\n%s\nsecond\n%s\n%s", tell(first, s.state.Now), tell(second, s.state.Now), told)
		}
	})
}

package plan

import (
	"testing"

	"pgregory.net/rapid"
)

// TestNoRoomIsReliedOnTwice adds up what every node that is there holds in the end,
// and what a pod that preempts nobody found there.
func TestNoRoomIsReliedOnTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawStory(t)
		p := Decide(&s.state)
		pods, put := map[string]*Pod{}, map[string][]*Pod{}
		for _, pod := range s.state.Pods {
			pods[pod.name()] = pod
		}
		for _, pl := range p.Placements {
			put[pl.Node] = append(put[pl.Node], pods[pl.Pod])
		}
		for _, r := range p.Removals {
			for _, m := range r.Moves {
				put[m.To] = append(put[m.To], pods[m.Pod])
			}
		}
		for _, n := range s.state.Nodes {
			var bound, lasting int64 // milli-cores of all pods bound, and of those that nobody evicts
			for _, pod := range s.state.Pods {
				if pod.stage != stageBound || pod.Object().Spec.NodeName != n.Name {
					continue
				}
				bound += pod.requests.CPU
				if pod.priority >= s.state.Options.ExpendablePriorityCutoff || pod.leaves() {
					lasting += pod.requests.CPU
				}
			}
			var all, patient int64
			for _, pod := range put[n.Name] {
				all += pod.requests.CPU
				if !pod.preempts || pod.priority < s.state.Options.ExpendablePriorityCutoff {
					patient += pod.requests.CPU
				}
			}
			room := roomOf(s, n)
			if all > 0 && lasting+all > room {
				t.Fatalf("%s has %d and is to hold %d and %d\n%s\n%s", n.Name, room, lasting, all, told, tell(p, s.state.Now))
			}
			if patient > 0 && bound+patient > room {
				t.Fatalf("%s has %d, of which %d are taken, and %d are to wait there\n%s\n%s", n.Name, room, bound, patient, told, tell(p, s.state.Now))
			}
		}
	})
}

// roomOf is what a node offers, in milli-cores.
func roomOf(s *story, n *Node) int64 {
	if n.Object != nil {
		return n.Object.Status.Allocatable.Cpu().MilliValue()
	}
	for _, o := range s.state.Offers {
		if o.InstanceType == n.InstanceType {
			return o.Allocatable.Cpu().MilliValue()
		}
	}
	return 0
}

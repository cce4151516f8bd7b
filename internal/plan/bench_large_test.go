package plan

import (
	"fmt"
	"testing"
)

// BenchmarkOnePending decides for one pod that fits no node of a large cluster in which nothing else is to do.
func BenchmarkOnePending(b *testing.B) {
	for _, nodes := range []int{500, 1700, 5000} {
		b.Run(fmt.Sprintf("nodes=%d/pods=%d", nodes, nodes*30), func(b *testing.B) {
			s := fullState(nodes, 30)
			s.Pods = append(s.Pods, NewPod(benchPod("default", "pending", 15000, 64, nil)))
			s = byNode(s) // as the controller has them
			b.ReportAllocs()
			for b.Loop() {
				if p := Decide(s); len(p.Launches) != 1 {
					b.Fatalf("%d launches, want 1", len(p.Launches))
				}
			}
		})
	}
}

// fullState is a cluster whose nodes are too full for any of them to go, and too empty for head-room.
func fullState(nodes, podsPerNode int) *State {
	s := removalState(nodes, podsPerNode)
	s.Options.IgnoreTimers = false
	for _, g := range s.Groups {
		g.ScaleUp.CPU, g.ScaleUp.Memory = 100, 100
		g.ScaleDown.CPU, g.ScaleDown.Memory = 10, 10
	}
	return s
}

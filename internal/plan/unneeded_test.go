package plan

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Of several equal nodes the same ones must stay chosen from round to round, or no
// timer ever elapses.
func TestUnneededNodesStayTheSameUntilTheirTimersElapse(t *testing.T) {
	size := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	s := &State{Now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), Groups: []*Group{{
		Name: "g", Min: 2, Max: 10, DatacenterID: "d", Offers: []string{"small"},
		ScaleUp: ScaleUp{Enabled: true, CPU: 100, Memory: 100},
		// Long enough that rounds fall between its start and its end.
		ScaleDown: ScaleDown{Enabled: true, CPU: 50, Memory: 50, UnneededTime: time.Minute},
	}}}
	s.Offers = []*Offer{{InstanceType: "small", DatacenterID: "d", Price: 12_000_000, Capacity: size, Allocatable: size, Available: true, Stock: -1}}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.Nodes = append(s.Nodes, &Node{
			Name: name, Machine: name, Group: "g", InstanceType: "small", DatacenterID: "d", State: Ready,
			Object: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
				Allocatable: size, Capacity: size,
				Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
			}},
		})
	}
	var chosen []string
	for round := range 7 {
		p := Decide(s)
		switch {
		case round == 0:
			if chosen = p.Unneeded; len(chosen) != 3 {
				t.Fatalf("unneeded: %v, want three of five", chosen)
			}
		case !slices.Equal(chosen, p.Unneeded):
			t.Fatalf("round %d: unneeded %v, at first %v", round, p.Unneeded, chosen)
		}
		for _, n := range s.Nodes {
			if slices.Contains(p.Unneeded, n.Name) && n.UnneededSince.IsZero() {
				n.UnneededSince = s.Now
			}
		}
		if want := s.Now.Sub(s.Nodes[0].UnneededSince) >= time.Minute && round > 0; want != (len(p.Removals) == 3) {
			t.Fatalf("round %d: %d removals", round, len(p.Removals))
		}
		s.Now = s.Now.Add(10 * time.Second)
	}
}

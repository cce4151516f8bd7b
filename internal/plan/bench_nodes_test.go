package plan

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// emptyNodes are nodes with room for 50 pods of a core each.
func emptyNodes(n int) *State {
	offer := &Offer{InstanceType: "large", DatacenterID: "dc1", Price: 10 * moneyUnit, Allocatable: EstimateAllocatable(51, 64*1024, 100), Available: true, Stock: -1}
	g := mixedGroup("web", []*Offer{offer})
	s := &State{Offers: []*Offer{offer}, Groups: []*Group{g}}
	for i := range n {
		name := fmt.Sprintf("node-%05d", i)
		labels := NodeLabels(g, offer)
		labels[corev1.LabelHostname] = name
		s.Nodes = append(s.Nodes, &Node{Name: name, Group: "web", InstanceType: "large", DatacenterID: "dc1", State: Ready,
			Object: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Status: corev1.NodeStatus{Allocatable: offer.Allocatable}}})
	}
	return s
}

// BenchmarkOntoNodes puts pending pods on nodes that are there. The sizes say how
// time and memory grow with the one and with the other.
func BenchmarkOntoNodes(b *testing.B) {
	for _, size := range []struct{ nodes, pods int }{{100, 5000}, {1000, 5000}, {1000, 50000}, {5000, 50000}} {
		b.Run(fmt.Sprintf("nodes=%d/pods=%d", size.nodes, size.pods), func(b *testing.B) {
			var objects []*corev1.Pod
			for i := range size.pods {
				app := i / 100
				objects = append(objects, benchPod("default", fmt.Sprintf("p-%05d", i), int64(100+100*(app%10)), int64(128*(1+app%7)), map[string]string{"app": fmt.Sprint(app)}))
			}
			report(b, func() *State {
				s := emptyNodes(size.nodes)
				s.Pods = newPods(objects)
				return s
			})
		})
	}
}

// BenchmarkSpreadOntoNodes does the same for Deployments that spread by hostname.
func BenchmarkSpreadOntoNodes(b *testing.B) {
	for _, size := range []struct{ nodes, pods int }{{100, 2000}, {1000, 2000}, {1000, 20000}} {
		b.Run(fmt.Sprintf("nodes=%d/pods=%d", size.nodes, size.pods), func(b *testing.B) {
			var objects []*corev1.Pod
			for i := range size.pods {
				app := fmt.Sprintf("app-%d", i/100)
				pod := benchPod("default", fmt.Sprintf("p-%05d", i), 500, 512, map[string]string{"app": app})
				pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
					MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: labelSelector("app=" + app),
				}}
				objects = append(objects, pod)
			}
			report(b, func() *State {
				s := emptyNodes(size.nodes)
				s.Pods = newPods(objects)
				return s
			})
		})
	}
}

package filter

import (
	"math"
	"testing"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// Whatever comes and goes, and in whatever order, constraints count domains and pods as if all of them were counted anew.
func TestSpreadsCountNodesAndPodsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, kinds, nodes := zonesToSpreadOver(t)
		there := make([]bool, len(nodes))
		pods := [2][3]int32{} // by kind and zone
		for range rapid.IntRange(1, 40).Draw(t, "changes") {
			i, k := rapid.IntRange(0, len(nodes)-1).Draw(t, "node"), rapid.IntRange(0, 1).Draw(t, "kind")
			switch zone := i % len(pods[k]); rapid.IntRange(0, 2).Draw(t, "change") {
			case 0:
				there[i] = !there[i]
				f.AddNode(nodes[i], map[bool]int32{true: 1, false: -1}[there[i]])
			case 1:
				pods[k][zone]++
				f.Count(kinds[k], nodes[i], 1, false)
			case 2:
				if pods[k][zone] > 0 {
					pods[k][zone]--
					f.Count(kinds[k], nodes[i], -1, false)
				}
			}
			for k, kind := range kinds {
				s := kind.Class.spreads[0]
				domains, least := counted(there, pods[k])
				if s.OpenDomains() != domains || s.least() != least {
					t.Fatalf("kind %d: %d domains of at least %d pods, want %d of %d; nodes %v, pods %v", k, s.OpenDomains(), s.least(), domains, least, there, pods[k])
				}
			}
		}
	})
}

// zonesToSpreadOver are two kinds of pods that spread by zone, and five nodes in three zones.
func zonesToSpreadOver(t *rapid.T) (*Filters, []*Kind, []*NodeInfo) {
	f := New(&Objects{})
	var kinds []*Kind
	for _, app := range []string{"a", "b"} {
		pod := spreadPod(app)
		f.Read(unique.Make(KeyOf(pod)), pod)
	}
	f.AllRead()
	for _, app := range []string{"a", "b"} {
		pod := spreadPod(app)
		kinds = append(kinds, f.Kind(f.Known(unique.Make(KeyOf(pod))), &pod.ObjectMeta))
	}
	if f.EligibleSets() != 1 {
		t.Fatalf("%d sets of nodes, want one that both constraints share", f.EligibleSets())
	}
	var nodes []*NodeInfo
	for i := range 5 {
		n := &NodeInfo{Exists: true, Labels: map[string]string{corev1.LabelTopologyZone: []string{"z1", "z2", "z3"}[i%3]}}
		n.NodeClass = f.NodeClassOf(n.Labels, nil, false)
		f.Locate(n)
		nodes = append(nodes, n)
	}
	return f, kinds, nodes
}

func spreadPod(app string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: app, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}},
		}}},
	}
}

// counted is how many zones have a node, and the fewest pods of one of them.
func counted(there []bool, pods [3]int32) (domains, least int32) {
	least = math.MaxInt32
	for zone, n := range pods {
		open := false
		for i := zone; i < len(there); i += len(pods) {
			open = open || there[i]
		}
		if open {
			domains, least = domains+1, min(least, n)
		}
	}
	if domains == 0 {
		least = 0
	}
	return domains, least
}

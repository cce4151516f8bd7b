package control

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
)

// A node wakes the machine that names it or that it looks like, all that wait when it looks like none, and none that has
// another node.
func TestNodeWakesItsMachine(t *testing.T) {
	api := newMemory(func(_, _ client.Object) {})
	for name, change := range map[string]func(*v1alpha1.VPSieNode){
		"a":      func(*v1alpha1.VPSieNode) {},
		"b":      func(m *v1alpha1.VPSieNode) { m.Spec.IPAddress = "198.51.100.7" },
		"c":      func(m *v1alpha1.VPSieNode) { m.Spec.NodeName = "theirs" },
		"person": func(m *v1alpha1.VPSieNode) { m.Annotations, m.Spec.NodeName = nil, "y" },
		"joined": func(m *v1alpha1.VPSieNode) { m.Status.NodeName = "old" },
	} {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{
			Namespace: "kube-system", Name: name, Annotations: map[string]string{v1alpha1.AnnotationLaunchReason: "PendingPods"},
		}}
		change(m)
		status := m.Status
		if err := api.Create(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		m.Status = status
		if err := api.Status().Update(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	r := newMachines(&Deps{Client: api, Cloud: cloud.New(cloud.Options{ClusterID: "c1"}), Options: Options{Namespace: "kube-system"}})
	for name, tc := range map[string]struct {
		node, address string
		want          []string
	}{
		"its name":                  {"a", "", []string{"a"}},
		"its name in other letters": {"A", "", []string{"a"}},
		"its address":               {"x", "198.51.100.7", []string{"b"}},
		"a person named it":         {"theirs", "", []string{"c"}},
		"a person named it for a VPS that nobody has seen": {"y", "198.51.100.7", []string{"b", "person"}},
		"it has joined":      {"old", "198.51.100.7", []string{"joined"}},
		"it looks like none": {"x", "198.51.100.8", []string{"a", "b", "c", "person"}},
	} {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: tc.node, CreationTimestamp: metav1.NewTime(time.Now().Add(time.Hour))}}
		if tc.address != "" {
			n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: tc.address}}
		}
		var got []string
		for _, request := range r.ofNode(t.Context(), n) {
			got = append(got, request.Name)
		}
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%s: node %s wakes %v, want %v", name, tc.node, got, tc.want)
		}
	}
}

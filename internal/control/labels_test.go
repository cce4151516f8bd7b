package control

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// The planner, the user data, the join and the VPSieNode agree on a machine's labels,
// whatever the cloud calls its datacenters and types: else a pod that selects one of them
// is refused for ever, or a node is bought that it cannot use.
func TestEveryoneMeansTheSameLabels(t *testing.T) {
	const datacenter, instanceType = "US East (New York)", "Small (2 CPU)"
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: v1alpha1.NodeGroupSpec{
		MaxNodes: 3, DatacenterID: datacenter, OfferingIDs: []string{instanceType},
		Labels: map[string]string{"team": "web", corev1.LabelTopologyRegion: "americas"},
	}}
	offer := &plan.Offer{InstanceType: instanceType, DatacenterID: datacenter, Available: true, Stock: -1}
	state := cluster.NewBuilder().State(&cluster.Objects{NodeGroups: []*v1alpha1.NodeGroup{g}},
		map[string]cluster.Market{"web": {Offers: []*plan.Offer{offer}}}, metav1.Now().Time, plan.Options{})
	planned := plan.NodeLabels(state.Groups[0], state.Offers[0])

	m := machineFor(g, plan.Launch{Group: "web", InstanceType: instanceType, DatacenterID: datacenter})
	labels := nodeLabels(m, g, g.Spec.NodeLabels())
	text, err := cloud.UserData{Labels: labels}.Render("{{range $k, $v := .Labels}}{{$k}}={{$v}}\n{{end}}")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range labels {
		if planned[key] != value {
			t.Errorf("label %s: the planner expects %q, the join sets %q", key, planned[key], value)
		}
		if !strings.Contains(text, key+"="+value+"\n") {
			t.Errorf("label %s=%s is not in the user data: %s", key, value, text)
		}
	}
	for _, key := range []string{v1alpha1.LabelInstanceType, v1alpha1.LabelDatacenter} {
		if m.Labels[key] != labels[key] {
			t.Errorf("label %s of the VPSieNode is %q, of the node %q", key, m.Labels[key], labels[key])
		}
	}
	// A node of a dump without VPSieNodes is recognised by these labels.
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: labels}}
	state = cluster.NewBuilder().State(&cluster.Objects{NodeGroups: []*v1alpha1.NodeGroup{g}, Nodes: []*corev1.Node{node}}, nil, metav1.Now().Time, plan.Options{})
	if n := state.Nodes[0]; n.InstanceType != instanceType || n.DatacenterID != datacenter || n.Group != "web" {
		t.Errorf("the node is of type %q in %q of group %q", n.InstanceType, n.DatacenterID, n.Group)
	}
}

package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// One plan.Node for each pair of machine and node, for each machine alone, and for
// each node alone; what it is called, whose it is and where.
func TestMachinesAndNodesAreJoined(t *testing.T) {
	const ready = ", status: {conditions: [{type: Ready, status: 'True'}]}}"
	machine := func(meta, spec, phase string) string {
		return "{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {" + meta + "}, spec: {instanceType: small, nodeGroupName: web, datacenterID: dc" + spec + "}, status: {phase: " + phase + "}}"
	}
	node := func(meta string) string { return "{apiVersion: v1, kind: Node, metadata: {" + meta + "}" + ready }
	since := time.Date(2025, 10, 12, 10, 0, 0, 0, time.UTC)
	ours := plan.Node{Name: "m", Machine: "m", Group: "web", InstanceType: "small", DatacenterID: "dc", State: plan.Ordered}
	tests := map[string]struct {
		text string
		want func(n *plan.Node)
		of   string // name of the registered node
	}{
		"a machine alone":           {machine("name: m", "", "Pending"), func(*plan.Node) {}, ""},
		"joined under its own name": {machine("name: m", "", "Ready") + "\n---\n" + node("name: m"), func(n *plan.Node) { n.State = plan.Ready }, "m"},
		"joined as its spec says":   {machine("name: m", ", nodeName: n1", "Ready") + "\n---\n" + node("name: n1"), func(n *plan.Node) { n.Name, n.State = "n1", plan.Ready }, "n1"},
		"as its status says":        {machine("name: m", ", nodeName: other", "Ready, nodeName: n1") + "\n---\n" + node("name: n1"), func(n *plan.Node) { n.Name, n.State = "n1", plan.Ready }, "n1"},
		"still joining":             {machine("name: m", ", nodeName: n1", "Joining") + "\n---\n" + node("name: n1"), func(*plan.Node) {}, "n1"},
		"ready, and not let in yet": {machine("name: m, annotations: {autoscaler.vpsie.com/do-not-delete: 'true'}", ", nodeName: n1", "Ready") + "\n---\n" +
			"{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [{key: node.kubernetes.io/not-ready, effect: NoSchedule}]}" + ready, func(n *plan.Node) { n.Name, n.DoNotDelete = "n1", true }, "n1"},
		"ready, and unreachable a moment ago": {machine("name: m", "", "Ready") + "\n---\n" +
			"{apiVersion: v1, kind: Node, metadata: {name: m}, spec: {taints: [{key: node.kubernetes.io/unreachable, effect: NoExecute}]}" + ready, func(*plan.Node) {}, "m"},
		"unneeded":                      {machine("name: m, annotations: {autoscaler.vpsie.com/unneeded-since: '2025-10-12T10:00:00Z'}", "", "Pending"), func(n *plan.Node) { n.UnneededSince = since }, ""},
		"kept by its machine":           {machine("name: m, annotations: {autoscaler.vpsie.com/do-not-delete: 'true'}", "", "Pending"), func(n *plan.Node) { n.DoNotDelete = true }, ""},
		"kept by its node":              {machine("name: m", "", "Ready") + "\n---\n" + node("name: m, annotations: {autoscaler.vpsie.com/do-not-delete: 'true'}"), func(n *plan.Node) { n.State, n.DoNotDelete = plan.Ready, true }, "m"},
		"not kept":                      {machine("name: m, annotations: {autoscaler.vpsie.com/do-not-delete: 'false'}", "", "Pending"), func(*plan.Node) {}, ""},
		"ready since":                   {machine("name: m", "", "Ready") + "\n---\n{apiVersion: v1, kind: Node, metadata: {name: m}, status: {conditions: [{type: Ready, status: 'True', lastTransitionTime: '2025-10-12T10:00:00Z'}]}}", func(n *plan.Node) { n.State, n.ReadySince = plan.Ready, since }, "m"},
		"ready since, says its machine": {machine("name: m", "", "Ready, readyAt: '2025-10-12T10:00:00Z'") + "\n---\n" + node("name: m"), func(n *plan.Node) { n.State, n.ReadySince = plan.Ready, since }, "m"},
		"nobody's":                      {node("name: n1"), func(n *plan.Node) { *n = plan.Node{Name: "n1", State: plan.Ready} }, "n1"},
		"nobody's, of a known type": {node("name: n1, labels: {node.kubernetes.io/instance-type: big, topology.kubernetes.io/region: r}"), func(n *plan.Node) {
			*n = plan.Node{Name: "n1", InstanceType: "big", DatacenterID: "r", State: plan.Ready}
		}, "n1"},
		"by labels, in its group's dc": {node("name: n1, labels: {autoscaler.vpsie.com/nodegroup: web, node.kubernetes.io/instance-type: small, topology.kubernetes.io/region: r}"), func(n *plan.Node) { n.Name, n.Machine, n.State = "n1", "", plan.Ready }, "n1"},
		"by our own labels":            {node("name: n1, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small, node.kubernetes.io/instance-type: other, autoscaler.vpsie.com/datacenter: here}"), func(n *plan.Node) { n.Name, n.Machine, n.State, n.DatacenterID = "n1", "", plan.Ready, "here" }, "n1"},
		"by labels, being deleted":     {node("name: n1, deletionTimestamp: '2025-10-12T10:00:00Z', labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small}"), func(n *plan.Node) { n.Name, n.Machine, n.State = "n1", "", plan.Terminating }, "n1"},
		"by labels, kept":              {node("name: n1, annotations: {autoscaler.vpsie.com/do-not-delete: 'true'}, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small}"), func(n *plan.Node) { n.Name, n.Machine, n.State, n.DoNotDelete = "n1", "", plan.Ready, true }, "n1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			nodes := NewBuilder().nodesOf(readText(t, aGroup+"---\n"+test.text).Objects)
			if len(nodes) != 1 {
				t.Fatalf("%d nodes, want 1", len(nodes))
			}
			want := ours
			test.want(&want)
			if diff := cmp.Diff(&want, nodes[0], cmpopts.IgnoreFields(plan.Node{}, "Object")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var of string
			if o := nodes[0].Object; o != nil {
				of = o.Name
			}
			if of != test.of {
				t.Errorf("it is node %q, want %q", of, test.of)
			}
		})
	}
}

// In a cluster a label alone makes a node no group's, as no VPSieNode is there by which it could be removed.
func TestLiveNodesAreOfGroupsByTheirVPSieNodes(t *testing.T) {
	o := readText(t, aGroup+"---\n"+"{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {autoscaler.vpsie.com/nodegroup: web}}, status: {conditions: [{type: Ready, status: 'True'}]}}").Objects
	for live, want := range map[bool]string{false: "web", true: ""} {
		o.Live = live
		if got := NewBuilder().nodesOf(o)[0].Group; got != want {
			t.Errorf("live %t: it is of group %q, want %q", live, got, want)
		}
		told := slices.Contains(Gaps(o), "taken as nobody's, for want of a VPSieNode: nodes n1 of web")
		if told != live {
			t.Errorf("live %t: the gaps are %q", live, Gaps(o))
		}
	}
}

func TestANodeIsReadyWhenItSaysSo(t *testing.T) {
	conditions := func(list ...corev1.NodeCondition) *corev1.Node {
		return &corev1.Node{Status: corev1.NodeStatus{Conditions: list}}
	}
	pressure := corev1.NodeCondition{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue}
	for name, test := range map[string]struct {
		node *corev1.Node
		want bool
	}{
		"ready":          {conditions(pressure, corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue}), true},
		"not ready":      {conditions(pressure, corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse}), false},
		"unknown":        {conditions(corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}), false},
		"says not a bit": {conditions(pressure), false},
	} {
		if got := IsReady(test.node); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

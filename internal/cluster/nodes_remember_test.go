package cluster

import (
	"testing"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// What is remembered of a machine ends with the object: a newer one, or another Node, is looked at anew, and what a State
// adds to its nodes does not come back in the next.
func TestRememberedNodesFollowTheirObjects(t *testing.T) {
	b, o := NewBuilder().Remember(), readText(t, aGroup+`---
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: VPSieNode
metadata: {name: one, namespace: kube-system}
spec: {nodeGroupName: web, instanceType: small, datacenterID: dc1}
status: {phase: Ready, nodeName: one}
---
apiVersion: v1
kind: Node
metadata: {name: one}
status: {conditions: [{type: Ready, status: "True"}]}
`).Objects
	b.nodesOf(o)[0].Planned = []string{"default/web"}
	again := b.nodesOf(o)[0]
	if again.State != plan.Ready || again.Planned != nil {
		t.Fatalf("the same objects make a node in %s with planned %v, want Ready without any", again.State, again.Planned)
	}
	changed := o.VPSieNodes[0].DeepCopy()
	changed.Status.Phase = v1alpha1.PhaseFailed
	o.VPSieNodes[0] = changed
	if n := b.nodesOf(o)[0]; n.State != plan.Failed {
		t.Errorf("a machine that has failed is %s", n.State)
	}
	o.VPSieNodes[0].Status.Phase = v1alpha1.PhaseReady
	o.VPSieNodes[0] = o.VPSieNodes[0].DeepCopy()
	b.nodesOf(o)
	node := o.Nodes[0].DeepCopy()
	node.Status.Conditions = nil
	o.Nodes[0] = node
	if n := b.nodesOf(o)[0]; n.State != plan.NotReady {
		t.Errorf("a machine whose Node is not ready is %s", n.State)
	}
}

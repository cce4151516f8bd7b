package v1alpha1_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

func TestPhases(t *testing.T) {
	c := env.Client(t, nil)
	node := example(t, "vpsienode.yaml", "phases")
	if err := c.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	set := func(phase string) error {
		fields{"status.phase": phase}.apply(t, node)
		return c.Status().Update(t.Context(), node.DeepCopy(), client.DryRunAll)
	}
	reference := []string{"Pending", "Provisioning", "Provisioned", "Joining", "Ready", "Terminating", "Deleting", "Failed"}
	for i, phase := range reference {
		checkRefusal(t, set(phase))
		if got := v1alpha1.Phases(); len(got) != len(reference) || string(got[i]) != phase {
			t.Errorf("Phases() = %v, want %v", got, reference)
		}
	}
	for _, phase := range []string{"Running", "ready", ""} {
		checkRefusal(t, set(phase), "status.phase", "Unsupported value")
	}
}

func TestNodeStatuses(t *testing.T) {
	c := env.Client(t, nil)
	group := example(t, "nodegroup.yaml", "statuses")
	if err := c.Create(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	set := func(status string) error {
		fields{"status": map[string]any{"nodes": []any{map[string]any{"nodeName": "n", "status": status}}}}.apply(t, group)
		return c.Status().Update(t.Context(), group.DeepCopy(), client.DryRunAll)
	}
	for _, status := range []string{"Pending", "Provisioning", "Ready", "Terminating", "Failed"} {
		checkRefusal(t, set(status))
	}
	for _, status := range []string{"Joining", "ready", ""} {
		checkRefusal(t, set(status), "status.nodes[0].status", "Unsupported value")
	}
}

func TestConditions(t *testing.T) {
	c := env.Client(t, nil)
	for file, types := range map[string][]string{
		"nodegroup.yaml": {"Ready", "Scaling", "Error", "AtMinCapacity", "AtMaxCapacity"},
		"vpsienode.yaml": {"VPSReady", "NodeJoined", "NodeReady", "Error"},
	} {
		object := example(t, file, "conditions")
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		set := func(conditionType, status string) error {
			condition := map[string]any{
				"type": conditionType, "status": status, "reason": "Because", "message": "", "lastTransitionTime": "2025-10-12T10:00:00Z",
			}
			fields{"status": map[string]any{"conditions": []any{condition}}}.apply(t, object)
			return c.Status().Update(t.Context(), object.DeepCopy(), client.DryRunAll)
		}
		for _, conditionType := range types {
			for _, status := range []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown} {
				checkRefusal(t, set(conditionType, string(status)))
			}
		}
		checkRefusal(t, set(types[0], "Maybe"), "status.conditions[0].status", "Unsupported value")
	}
}

// Whoever writes the spec cannot write the status with it.
func TestStatusIsASubresource(t *testing.T) {
	c := env.Client(t, nil)
	group := example(t, "nodegroup.yaml", "subresource")
	if err := c.Create(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	var got v1alpha1.NodeGroup
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(group), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status.CurrentNodes != 0 || got.Status.Nodes != nil {
		t.Errorf("status after create = %+v, want none", got.Status)
	}
	got.Status.CurrentNodes, got.Spec.MinNodes = 5, 4
	if err := c.Status().Update(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status.CurrentNodes != 5 || got.Spec.MinNodes != 3 {
		t.Errorf("after a status update: currentNodes %d, minNodes %d; want 5 and 3", got.Status.CurrentNodes, got.Spec.MinNodes)
	}
}

package v1alpha1_test

import (
	"context"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The rules of the reference's "VPSieNode Validation".
func TestVPSieNodeValidation(t *testing.T) {
	tests := map[string]struct {
		change fields
		refuse []string
	}{
		"vpsieInstanceID 1":          {change: fields{"spec.vpsieInstanceID": int64(1)}},
		"vpsieInstanceID 0":          {change: fields{"spec.vpsieInstanceID": int64(0)}, refuse: []string{"spec.vpsieInstanceID"}},
		"vpsieInstanceID -1":         {change: fields{"spec.vpsieInstanceID": int64(-1)}, refuse: []string{"spec.vpsieInstanceID"}},
		"vpsieInstanceID above 2^31": {change: fields{"spec.vpsieInstanceID": int64(1) << 40}},
		"instanceType one letter":    {change: fields{"spec.instanceType": "s"}},
		"instanceType empty":         {change: fields{"spec.instanceType": ""}, refuse: []string{"spec.instanceType"}},
		"instanceType absent":        {change: fields{"spec.instanceType": absent}, refuse: []string{"spec.instanceType", "Required"}},
		"nodeGroupName one letter":   {change: fields{"spec.nodeGroupName": "g"}},
		"nodeGroupName empty":        {change: fields{"spec.nodeGroupName": ""}, refuse: []string{"spec.nodeGroupName"}},
		"nodeGroupName absent":       {change: fields{"spec.nodeGroupName": absent}, refuse: []string{"spec.nodeGroupName", "Required"}},
		"datacenterID one letter":    {change: fields{"spec.datacenterID": "d"}},
		"datacenterID empty":         {change: fields{"spec.datacenterID": ""}, refuse: []string{"spec.datacenterID"}},
		"datacenterID absent":        {change: fields{"spec.datacenterID": absent}, refuse: []string{"spec.datacenterID", "Required"}},
		"only the required fields":   {change: fields{"spec.nodeName": absent, "spec.ipAddress": absent, "spec.ipv6Address": absent}},
		"spec absent":                {change: fields{"spec": absent}, refuse: []string{"spec", "Required"}},
	}
	// The autoscaler's own user, so that admission has no say in it.
	c := autoscaler(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			node := example(t, "vpsienode.yaml", "validated")
			test.change.apply(t, node)
			checkRefusal(t, c.Create(t.Context(), node, client.DryRunAll), test.refuse...)
		})
	}
}

func TestInstanceIDIsSetOnce(t *testing.T) {
	c := autoscaler(t)
	node := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{
		InstanceType: "small-2cpu-4gb", NodeGroupName: "production-workers", DatacenterID: "dc-us-east-1",
	}}
	node.Name, node.Namespace = "set-once", "kube-system"
	if err := c.Create(t.Context(), node); err != nil {
		t.Fatalf("creating it without an id: %v", err)
	}
	update := func(id int64, ip string) error {
		changed := node.DeepCopy()
		changed.Spec.VPSieInstanceID, changed.Spec.IPAddress = id, ip
		err := c.Update(t.Context(), changed)
		if err == nil {
			node = changed
		}
		return err
	}
	const immutable = "vpsieInstanceID is immutable once set"
	checkRefusal(t, update(0, "192.0.2.1"))
	checkRefusal(t, update(1001, "192.0.2.2"))
	checkRefusal(t, update(1001, "192.0.2.3"))
	checkRefusal(t, update(1002, "192.0.2.4"), "spec.vpsieInstanceID", immutable)
	checkRefusal(t, update(0, "192.0.2.5"), "spec.vpsieInstanceID", immutable)
}

// What a VPSieNode says of its VPS is true for its whole life: nothing follows an edit, and
// the node's labels, its price and the NodeGroup's count would be wrong from then on.
func TestWhatTheVPSIsNeverChanges(t *testing.T) {
	c := autoscaler(t)
	node := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{
		VPSieInstanceID: 424242, InstanceType: "small-2cpu-4gb", NodeGroupName: "production-workers", DatacenterID: "dc-us-east-1",
	}}
	node.Name, node.Namespace = "never-changes", "kube-system"
	if err := c.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Delete(context.WithoutCancel(t.Context()), node) })
	for field, change := range map[string]func(*v1alpha1.VPSieNodeSpec){
		"instanceType":  func(s *v1alpha1.VPSieNodeSpec) { s.InstanceType = "large-8cpu-16gb" },
		"nodeGroupName": func(s *v1alpha1.VPSieNodeSpec) { s.NodeGroupName = "another" },
		"datacenterID":  func(s *v1alpha1.VPSieNodeSpec) { s.DatacenterID = "dc-eu-west-1" },
	} {
		changed := node.DeepCopy()
		change(&changed.Spec)
		checkRefusal(t, c.Update(t.Context(), changed), "spec."+field, field+" is immutable", "create another one")
	}
	// What the autoscaler itself writes.
	joined := node.DeepCopy()
	joined.Spec.NodeName, joined.Spec.IPAddress, joined.Spec.IPv6Address = "never-changes", "192.0.2.10", "2001:db8::1"
	checkRefusal(t, c.Update(t.Context(), joined))
	var named v1alpha1.VPSieNodeList
	for field, value := range map[string]string{"spec.vpsieInstanceID": "424242", "spec.nodeName": "never-changes"} {
		if err := c.List(t.Context(), &named, client.MatchingFields{field: value}); err != nil || len(named.Items) != 1 {
			t.Errorf("selecting by %s finds %d VPSieNodes (%v), want 1", field, len(named.Items), err)
		}
	}
}

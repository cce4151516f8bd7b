package main

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestMetricsTellOfLeaks(t *testing.T) {
	b := live(t)
	objects, gone, vpses := b.value(t, "vpsie_autoscaler_leaks_found_total", "kind=object"), b.value(t, "vpsie_autoscaler_machine_failures_total", "reason=gone"), b.value(t, "vpsie_autoscaler_leaks_found_total", "kind=vps")
	g := b.group(t, "leaks", 2, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	m := b.machines(t, g, 1)[0]
	var system corev1.Namespace
	if err := b.client.Get(t.Context(), client.ObjectKey{Name: metav1.NamespaceSystem}, &system); err != nil {
		t.Fatal(err)
	}
	stray := fmt.Sprintf("vpsie-autoscaler/%s/gone/vpsie-gone-aaaaa/00000000-0000-4000-8000-000000000000", system.UID)
	if _, err := b.cloud.AddVM(vpsietest.VMSpec{Hostname: "stray", Plan: small, Datacenter: "dc-us-east-1", Notes: stray}); err != nil {
		t.Fatal(err)
	}
	b.shows(t, equal(vpses+1), "vpsie_autoscaler_leaks_found_total", "kind=vps")
	for _, bill := range b.cloud.Ledger().VMs {
		if strings.EqualFold(bill.Hostname, m.Name) {
			if err := b.cloud.Act(bill.Identifier, "destroy"); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.shows(t, equal(objects+1), "vpsie_autoscaler_leaks_found_total", "kind=object")
	b.shows(t, equal(gone+1), "vpsie_autoscaler_machine_failures_total", "reason=gone")
}

// A Node whose VPS is gone, and that no VPSieNode stands for, goes; a ready one, one
// of another cloud and one that has its VPS stay.
func TestMetricsTellOfNodesWithoutVPS(t *testing.T) {
	b := live(t)
	found := b.value(t, "vpsie_autoscaler_leaks_found_total", "kind=node")
	vm, err := b.cloud.AddVM(vpsietest.VMSpec{Hostname: "kept-by-hand", Plan: small, Datacenter: "dc-us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	node := func(name, providerID string, status corev1.ConditionStatus) *corev1.Node {
		n := &corev1.Node{ObjectMeta: objectMeta(name), Spec: corev1.NodeSpec{ProviderID: providerID}}
		n.Labels = map[string]string{v1alpha1.LabelNodeGroup: "nobody"}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
		b.create(t, n)
		t.Cleanup(func() { b.remove(t, n) })
		return n
	}
	stay := []*corev1.Node{
		node("lives", "vpsie://00000000-0000-4000-8000-000000000001", corev1.ConditionTrue),
		node("elsewhere", "other://00000000-0000-4000-8000-000000000002", corev1.ConditionFalse),
		node("has-its-vps", "vpsie://"+vm.Identifier, corev1.ConditionFalse),
	}
	for i := range 2 { // by the second all others have had their time as well
		node(fmt.Sprintf("orphan-%d", i), fmt.Sprintf("vpsie://00000000-0000-4000-8000-00000000001%d", i), corev1.ConditionUnknown)
		b.shows(t, equal(found+float64(i)+1), "vpsie_autoscaler_leaks_found_total", "kind=node")
	}
	for _, n := range stay {
		if err := b.client.Get(t.Context(), client.ObjectKeyFromObject(n), n); err != nil {
			t.Errorf("node %s: %v", n.Name, err)
		}
	}
}

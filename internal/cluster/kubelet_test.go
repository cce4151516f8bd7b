package cluster

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func amounts(cpu, memory, disk, pods string) corev1.ResourceList {
	return corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory), "ephemeral-storage": resource.MustParse(disk), "pods": resource.MustParse(pods)}
}

// The size of a NodeGroup's new nodes follows its kubelet's settings: estimated, then by the capacity that any node of
// the type shows, then as nodes with the same settings show it. No other group learns from such nodes.
func TestKubeletSettingsAndTheSizeOfNodes(t *testing.T) {
	group := func(name string, k *v1alpha1.Kubelet) *v1alpha1.NodeGroup {
		g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: name}}
		g.Spec.DatacenterID, g.Spec.OfferingIDs, g.Spec.MaxNodes, g.Spec.Kubelet = "dc", []string{"small"}, 3, k
		return g
	}
	set := group("set", &v1alpha1.Kubelet{
		MaxPods: new(int32(20)), KubeReserved: v1alpha1.Reserved{"cpu": resource.MustParse("200m"), "memory": resource.MustParse("300Mi")},
		SystemReserved: v1alpha1.Reserved{"cpu": resource.MustParse("100m")}, EvictionHard: map[string]v1alpha1.EvictionThreshold{"memory.available": "200Mi"},
	})
	plain := group("plain", nil)
	offer := &plan.Offer{
		InstanceType: "small", DatacenterID: "dc", Allocatable: plan.EstimateAllocatable(2, 4000, 100),
		Capacity: corev1.ResourceList{"cpu": resource.MustParse("2"), "memory": resource.MustParse("4000Mi"), "ephemeral-storage": resource.MustParse("100Gi")},
	}
	market := Market{Offers: []*plan.Offer{offer}}
	b := NewBuilder()
	node := func(name string, g *v1alpha1.NodeGroup, capacity, allocatable corev1.ResourceList) (*v1alpha1.VPSieNode, *corev1.Node) {
		m := &v1alpha1.VPSieNode{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{v1alpha1.AnnotationKubelet: KubeletText(g)}},
			Spec:       v1alpha1.VPSieNodeSpec{NodeGroupName: g.Name, InstanceType: "small", DatacenterID: "dc"},
			Status:     v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady},
		}
		return m, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: allocatable, Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		}}
	}
	o := &Objects{NodeGroups: []*v1alpha1.NodeGroup{set, plain}}
	see := func(what string, wantSet, wantPlain corev1.ResourceList) {
		t.Helper()
		s := b.State(o, map[string]Market{"set": market, "plain": market}, time.Now(), plan.Options{})
		for name, want := range wantSet {
			if got := s.Groups[0].Allocatable[plan.OfferKey{DatacenterID: "dc", InstanceType: "small"}][name]; got.Cmp(want) != 0 {
				t.Errorf("%s: %s with settings is %s, want %s", what, name, got.String(), want.String())
			}
		}
		for name, want := range wantPlain {
			if got := s.Offers[0].Allocatable[name]; got.Cmp(want) != 0 {
				t.Errorf("%s: %s without settings is %s, want %s", what, name, got.String(), want.String())
			}
		}
		if s.Groups[1].Allocatable != nil {
			t.Errorf("%s: a group without settings has %v", what, s.Groups[1].Allocatable)
		}
	}
	estimated := amounts("1900m", "3545Mi", "90Gi", "110")
	see("nothing is there", amounts("1700m", "3300Mi", "90Gi", "20"), estimated)

	m, n := node("one", plain, amounts("2", "3900Mi", "96Gi", "110"), amounts("2", "3800Mi", "86Gi", "110"))
	o.VPSieNodes, o.Nodes = append(o.VPSieNodes, m), append(o.Nodes, n)
	shown := amounts("2", "3800Mi", "86Gi", "110")
	see("another group's node", corev1.ResourceList{"cpu": resource.MustParse("1700m"), "memory": resource.MustParse("3400Mi"), "pods": resource.MustParse("20")}, shown)

	m, n = node("two", set, amounts("2", "3900Mi", "96Gi", "20"), amounts("1690m", "3390Mi", "80Gi", "20"))
	o.VPSieNodes, o.Nodes = append(o.VPSieNodes, m), append(o.Nodes, n)
	see("an own node", amounts("1690m", "3390Mi", "80Gi", "20"), shown)

	set.Spec.Kubelet.MaxPods = new(int32(30))
	see("other settings than the node's", corev1.ResourceList{"cpu": resource.MustParse("1700m"), "pods": resource.MustParse("30")}, shown)

	market.Fixed = map[*plan.Offer]bool{offer: true}
	see("an allocatable that is given", amounts("1700m", "3300Mi", "90Gi", "30"), estimated)
}

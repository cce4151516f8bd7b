package cluster

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func readyNode(name, memory string, status corev1.ConditionStatus) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)},
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}},
		},
	}
}

func TestPhasesBecomeNodeStates(t *testing.T) {
	ready, unready := readyNode("m", "1Gi", corev1.ConditionTrue), readyNode("m", "1Gi", corev1.ConditionFalse)
	leaving := readyNode("m", "1Gi", corev1.ConditionTrue)
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	for name, tc := range map[string]struct {
		phase   v1alpha1.VPSieNodePhase
		deleted bool
		node    *corev1.Node
		want    plan.NodeState
	}{
		"just written":           {"", false, nil, plan.Ordered},
		"ordered":                {v1alpha1.PhaseProvisioning, false, nil, plan.Ordered},
		"joining, ready already": {v1alpha1.PhaseJoining, false, ready, plan.Ordered},
		"ready":                  {v1alpha1.PhaseReady, false, ready, plan.Ready},
		"ready once":             {v1alpha1.PhaseReady, false, unready, plan.NotReady},
		"its node is gone":       {v1alpha1.PhaseReady, false, nil, plan.NotReady},
		"failed":                 {v1alpha1.PhaseFailed, false, nil, plan.Failed},
		"leaving":                {v1alpha1.PhaseReady, true, ready, plan.Terminating},
		"failed and leaving":     {v1alpha1.PhaseFailed, true, nil, plan.Terminating},
		"its node is leaving":    {v1alpha1.PhaseReady, false, leaving, plan.Terminating},
		"joining, leaving":       {v1alpha1.PhaseJoining, false, leaving, plan.Terminating},
	} {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Status: v1alpha1.VPSieNodeStatus{Phase: tc.phase}}
		if tc.deleted {
			m.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		if got := stateOf(m, tc.node); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestOverridesOfTheLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		minimum, maximum string
		want             Limits
		problem          string
	}{
		"none":             {want: Limits{Min: 2, Max: 5}},
		"both":             {minimum: "3", maximum: "9", want: Limits{Min: 3, Max: 9}},
		"min up to max":    {minimum: "5", want: Limits{Min: 5, Max: 5}},
		"min above max":    {minimum: "6", want: Limits{Min: 2, Max: 5}, problem: "MinNodes exceeds MaxNodes"},
		"max below min":    {maximum: "1", want: Limits{Min: 2, Max: 5}, problem: "MinNodes exceeds MaxNodes"},
		"not a number":     {minimum: "few", want: Limits{Min: 2, Max: 5}, problem: `min-nodes-override: "few" is not a whole number >= 0`},
		"negative":         {minimum: "-1", want: Limits{Min: 2, Max: 5}, problem: `"-1" is not a whole number >= 0`},
		"no maximum of 0":  {maximum: "0", want: Limits{Min: 2, Max: 5}, problem: `"0" is not a whole number >= 1`},
		"one of two wrong": {minimum: "x", maximum: "8", want: Limits{Min: 2, Max: 8}, problem: `"x"`},
	} {
		g := &v1alpha1.NodeGroup{Spec: v1alpha1.NodeGroupSpec{MinNodes: 2, MaxNodes: 5}}
		if tc.minimum != "" {
			metav1.SetMetaDataAnnotation(&g.ObjectMeta, v1alpha1.AnnotationMinNodesOverride, tc.minimum)
		}
		if tc.maximum != "" {
			metav1.SetMetaDataAnnotation(&g.ObjectMeta, v1alpha1.AnnotationMaxNodesOverride, tc.maximum)
		}
		got := LimitsOf(g, time.Time{})
		if got.Min != tc.want.Min || got.Max != tc.want.Max {
			t.Errorf("%s: %d to %d, want %d to %d", name, got.Min, got.Max, tc.want.Min, tc.want.Max)
		}
		if text := strings.Join(got.Problems, "; "); !strings.Contains(text, tc.problem) || (tc.problem == "") != (text == "") {
			t.Errorf("%s: problems %q, want %q", name, text, tc.problem)
		}
	}
}

// The size of a type is learnt from its smallest node, and outlives that node.
func TestSizesAreLearntFromRealNodes(t *testing.T) {
	b := NewBuilder()
	machine := func(name string) *v1alpha1.VPSieNode {
		return &v1alpha1.VPSieNode{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       v1alpha1.VPSieNodeSpec{NodeGroupName: "g", InstanceType: "small", DatacenterID: "d"},
			Status:     v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady},
		}
	}
	group := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "g"}, Spec: v1alpha1.NodeGroupSpec{MaxNodes: 5, DatacenterID: "d", OfferingIDs: []string{"small"}}}
	markets := map[string]Market{"g": {Offers: []*plan.Offer{{
		InstanceType: "small", DatacenterID: "d", Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("4Gi")},
	}}}}
	memory := func(o *Objects) string {
		s := b.State(o, markets, time.Now(), plan.Options{})
		return s.Offers[0].Allocatable.Memory().String()
	}
	o := &Objects{NodeGroups: []*v1alpha1.NodeGroup{group}}
	if got := memory(o); got != "4Gi" {
		t.Errorf("without a node: %s, want the estimate", got)
	}
	o.VPSieNodes = []*v1alpha1.VPSieNode{machine("a"), machine("b")}
	o.Nodes = []*corev1.Node{readyNode("a", "3Gi", corev1.ConditionTrue), readyNode("b", "2Gi", corev1.ConditionTrue)}
	if got := memory(o); got != "2Gi" {
		t.Errorf("with nodes of 3Gi and 2Gi: %s", got)
	}
	o.VPSieNodes, o.Nodes = nil, nil
	if got := memory(o); got != "2Gi" {
		t.Errorf("after the nodes went: %s", got)
	}
}

// A device is learnt from the nodes that have it, and outlives them; one whose plugin has
// not registered yet shows none, which teaches nothing.
func TestDevicesAreLearntFromRealNodes(t *testing.T) {
	b := NewBuilder()
	group := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "g"}, Spec: v1alpha1.NodeGroupSpec{MaxNodes: 5, DatacenterID: "d", OfferingIDs: []string{"small"}}}
	markets := map[string]Market{"g": {Offers: []*plan.Offer{{
		InstanceType: "small", DatacenterID: "d", Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("4Gi"), "example.com/card": resource.MustParse("1")},
	}}}}
	var nodes []*corev1.Node
	devices := func() string {
		o := &Objects{NodeGroups: []*v1alpha1.NodeGroup{group}, Nodes: nodes}
		list := b.State(o, markets, time.Now(), plan.Options{}).Offers[0].Allocatable
		gpu, card := list["example.com/gpu"], list["example.com/card"]
		return gpu.String() + " " + card.String()
	}
	show := func(amounts ...string) {
		nodes = nil
		for i, amount := range amounts {
			n := readyNode(string(rune('a'+i)), "3Gi", corev1.ConditionTrue)
			n.Labels = map[string]string{v1alpha1.LabelNodeGroup: "g", v1alpha1.LabelInstanceType: "small"}
			if amount != "" {
				n.Status.Allocatable["example.com/gpu"] = resource.MustParse(amount)
			}
			nodes = append(nodes, n)
		}
	}
	for _, step := range []struct {
		amounts []string
		want    string
	}{{nil, "0 1"}, {[]string{"", "2"}, "2 1"}, {[]string{"2", "4", "0"}, "2 1"}, {[]string{""}, "2 1"}, {nil, "2 1"}} {
		if show(step.amounts...); devices() != step.want {
			t.Errorf("nodes with %q: %s, want %s", step.amounts, devices(), step.want)
		}
	}
}

func TestHintsLastUntilTheMachineHasArrived(t *testing.T) {
	b := NewBuilder()
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhasePending}}
	planned := func(o *Objects) int {
		n := 0
		for _, node := range b.State(o, nil, time.Now(), plan.Options{}).Nodes {
			n += len(node.Planned)
		}
		return n
	}
	b.Meant("m", []string{"ns/a", "ns/b"})
	if got := planned(&Objects{}); got != 0 {
		t.Errorf("%d pods are planned on a machine that is not there", got)
	}
	with := &Objects{VPSieNodes: []*v1alpha1.VPSieNode{m}}
	if got := planned(with); got != 2 {
		t.Errorf("a cache that was behind lost the hint: %d pods, want 2", got)
	}
	if planned(&Objects{}); planned(with) != 0 {
		t.Error("the hint of a machine that was gone came back")
	}
}

package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func TestGroupsInThePlannersWords(t *testing.T) {
	text := strings.Replace(aGroup, "namespace: kube-system}", "namespace: kube-system, annotations: {autoscaler.vpsie.com/pause: 'true', autoscaler.vpsie.com/max-nodes-override: '7'}}", 1)
	text = strings.Replace(text, "osImageID: u}", `osImageID: u, preferredInstanceType: small, allowMixedInstances: true, labels: {a: b}, taints: [{key: k, effect: NoSchedule}],
  scaleUpPolicy: {enabled: false, stabilizationWindowSeconds: 5, cpuThreshold: 70, memoryThreshold: 71}, scaleDownPolicy: {unneededTime: 0}}
status: {lastScaleTime: "2025-10-12T10:00:00Z"}`, 1)
	state := NewBuilder().State(readText(t, text).Objects, map[string]Market{"web": {Blocked: "no account", Undeletable: "no password"}}, time.Now(), plan.Options{})
	want := []*plan.Group{{
		Name: "web", Min: 0, Max: 7, Paused: true, DatacenterID: "dc", Offers: []string{"small"}, Preferred: "small", AllowMixed: true,
		Labels: map[string]string{"a": "b"}, Taints: []corev1.Taint{{Key: "k", Effect: "NoSchedule"}},
		ScaleUp:    plan.ScaleUp{Enabled: false, Window: 5 * time.Second, CPU: 70, Memory: 71},
		ScaleDown:  plan.ScaleDown{Enabled: true, Window: 600 * time.Second, CPU: 50, Memory: 50, UnneededTime: 0},
		Disruption: plan.Disruption{MinSavings: DefaultMinSavingsPercent, Payback: DefaultPaybackHours * time.Hour, SparePaid: true},
		LastScale:  time.Date(2025, 10, 12, 10, 0, 0, 0, time.UTC), Blocked: "no account", Undeletable: "no password",
	}}
	if diff := cmp.Diff(want, state.Groups); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The last scaling survives a status that could not be written: the machines that
// the autoscaler ordered show it.
func TestLastScale(t *testing.T) {
	at := func(minute int) metav1.Time { return metav1.Date(2025, 10, 12, 10, minute, 0, 0, time.UTC) }
	machine := func(group, reason string, minute int) *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(minute)}, Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: group}}
		if reason != "" {
			metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationLaunchReason, reason)
		}
		return m
	}
	group := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	if got, _ := LastScale(group, nil); !got.IsZero() {
		t.Errorf("a new group scaled at %s", got)
	}
	status := at(10)
	group.Status.LastScaleTime = &status
	is := func(m *v1alpha1.VPSieNode, phase v1alpha1.VPSieNodePhase, reason string, id int64) *v1alpha1.VPSieNode {
		m.Status.Phase, m.Spec.VPSieInstanceID = phase, id
		meta.SetStatusCondition(&m.Status.Conditions, metav1.Condition{Type: v1alpha1.VPSieNodeVPSReady, Status: metav1.ConditionFalse, Reason: reason})
		return m
	}
	for name, test := range map[string]struct {
		machine *v1alpha1.VPSieNode
		want    metav1.Time
		settled bool
	}{
		"a later machine":             {is(machine("web", "PendingPods", 20), v1alpha1.PhaseReady, "Running", 7), at(20), true},
		"a later order that is taken": {is(machine("web", "PendingPods", 20), v1alpha1.PhaseProvisioning, "Ordered", 0), at(20), true},
		"one that nobody ordered yet": {machine("web", "PendingPods", 20), at(20), false},
		"one without an answer":       {is(machine("web", "PendingPods", 20), v1alpha1.PhaseProvisioning, ReasonOrdering, 0), at(20), false},
		"one that waits for its turn": {is(machine("web", "PendingPods", 20), v1alpha1.PhasePending, ReasonNotOrdered, 0), at(20), false},
		"one that was refused":        {is(machine("web", "PendingPods", 20), v1alpha1.PhaseFailed, ReasonNotOrdered, 0), at(10), true},
		"an earlier machine":          {is(machine("web", "PendingPods", 5), v1alpha1.PhaseReady, "Running", 7), at(10), true},
		"another group's":             {machine("db", "PendingPods", 20), at(10), true},
		"one that a person set":       {machine("web", "", 20), at(10), true},
	} {
		if got, settled := LastScale(group, []*v1alpha1.VPSieNode{test.machine}); !got.Equal(test.want.Time) || settled != test.settled {
			t.Errorf("%s: %s settled %v, want %s %v", name, got, settled, test.want, test.settled)
		}
	}
}

// Offers of several groups are listed once; what a file says of their size is not
// corrected by what nodes show.
func TestOffers(t *testing.T) {
	small := &plan.Offer{InstanceType: "small", DatacenterID: "dc", Allocatable: list("cpu", "1900m")}
	text := aGroup + "---\n" + strings.Replace(aGroup, "name: web", "name: db", 1) +
		"---\n{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small}}, status: {allocatable: {cpu: 1}, conditions: [{type: Ready, status: 'True'}]}}\n"
	for fixed, want := range map[bool]string{true: "1900m", false: "1"} {
		market := Market{Offers: []*plan.Offer{small}, Fixed: map[*plan.Offer]bool{small: fixed}}
		state := NewBuilder().State(readText(t, text).Objects, map[string]Market{"web": market, "db": market}, time.Now(), plan.Options{})
		if len(state.Groups) != 2 || len(state.Offers) != 1 {
			t.Fatalf("%d groups and %d offers, want 2 and 1", len(state.Groups), len(state.Offers))
		}
		if got := state.Offers[0].Allocatable.Cpu().String(); got != want {
			t.Errorf("fixed %t: %s cpu allocatable, want %s", fixed, got, want)
		}
	}
	if got := small.Allocatable.Cpu().String(); got != "1900m" {
		t.Errorf("the market's own offer was changed to %s", got)
	}
}

// What a NodeGroup says of who may buy, and up to where, reaches the planner in its units.
func TestLimitsAndSelectorsInThePlannersWords(t *testing.T) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "g"}, Spec: v1alpha1.NodeGroupSpec{
		MaxNodes: 1, Priority: -7, Labels: map[string]string{"a": "b"}, NodeSelector: map[string]string{"team": "ml"},
		StartupTaints: []corev1.Taint{{Key: "driver", Effect: corev1.TaintEffectNoSchedule}},
		Limits:        v1alpha1.Limits{CPU: new(resource.MustParse("1500m")), Memory: new(resource.MustParse("2Gi")), CostPerMonth: "300.50"},
	}}
	group := func() *plan.Group {
		return NewBuilder().State(&Objects{NodeGroups: []*v1alpha1.NodeGroup{g}}, nil, time.Now(), plan.Options{}).Groups[0]
	}
	got := group()
	if diff := cmp.Diff(map[string]string{"a": "b", "team": "ml"}, got.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if *got.Limits.MilliCPU != 1500 || *got.Limits.Memory != 2<<30 || *got.Limits.Cost != 300_500_000 {
		t.Errorf("limits: %d, %d, %d", *got.Limits.MilliCPU, *got.Limits.Memory, *got.Limits.Cost)
	}
	if got.Priority != -7 {
		t.Errorf("priority %d", got.Priority)
	}
	if len(got.StartupTaints) != 1 || got.OnlyFor != nil {
		t.Errorf("startup taints %v, only for %v", got.StartupTaints, got.OnlyFor)
	}
	g.Spec.NodeSelectorPolicy = v1alpha1.NodeSelectorRequire
	g.Spec.Limits = v1alpha1.Limits{CostPerMonth: "a lot"} // of an older definition: nothing is bought without a known limit
	if got = group(); got.OnlyFor["team"] != "ml" || got.Limits.MilliCPU != nil || *got.Limits.Cost != 0 {
		t.Errorf("only for %v, limits %+v", got.OnlyFor, got.Limits)
	}
}

// What a machine costs stays known when its type is offered no more: to the controller, else
// to the machine's own status, exactly, or from a version before to four decimals an hour.
func TestTheLastPriceOfAMachine(t *testing.T) {
	machine := func(month, hour string) *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: "g", InstanceType: "old"}}
		m.Status.CostPerMonth, m.Status.CostPerHour = month, hour
		m.Status.Resources = v1alpha1.NodeResources{CPU: 2, MemoryMB: 4096}
		return m
	}
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "g"}, Spec: v1alpha1.NodeGroupSpec{MaxNodes: 1}}
	for name, test := range map[string]struct {
		machine *v1alpha1.VPSieNode
		prices  map[string]plan.Money
		want    plan.Money
	}{
		"never known":               {machine("", ""), nil, 0},
		"in its status":             {machine("12.34", "0.0171"), nil, 12_340_000},
		"of a version before":       {machine("", "0.0167"), nil, 12_024_000},
		"to the controller":         {machine("12.34", "0.0171"), map[string]plan.Money{"m": 13_000_000}, 13_000_000},
		"no more to the controller": {machine("12.34", ""), map[string]plan.Money{"m": 0, "x": 5}, 12_340_000},
	} {
		o := &Objects{NodeGroups: []*v1alpha1.NodeGroup{g}, VPSieNodes: []*v1alpha1.VPSieNode{test.machine}}
		node := NewBuilder().State(o, map[string]Market{"g": {Prices: test.prices}}, time.Now(), plan.Options{}).Nodes[0]
		if node.LastPrice != test.want || node.Capacity.Cpu().Value() != 2 || node.Capacity.Memory().Value() != 4<<30 {
			t.Errorf("%s: %s, want %s; size %v", name, node.LastPrice, test.want, node.Capacity)
		}
	}
}

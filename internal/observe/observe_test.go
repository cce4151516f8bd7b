package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func TestScalingEventsSayWhatForHowMuchAndForWhom(t *testing.T) {
	price := plan.Hourly(12_000_000)
	up := ScalingUp([]plan.Launch{
		{InstanceType: "small", Price: price, Reason: plan.PendingPods, Pods: []string{"a/1", "a/2", "a/3"}},
		{InstanceType: "small", Price: price, Reason: plan.PendingPods, Pods: []string{"a/4", "a/5", "a/6"}},
		{InstanceType: "large", Price: 4 * price, Reason: plan.Headroom},
	})
	want := "Buying 2 small, 1 large for 0.1000 per hour (2 PendingPods, 1 Headroom) for 6 pods: a/1, a/2, a/3, a/4, a/5 and 1 more"
	if up.Note != want || up.Reason != "ScalingUp" || up.Type != "Normal" {
		t.Errorf("%+v, want %q", up, want)
	}
	up = ScalingUp([]plan.Launch{{InstanceType: "small", Price: price, Reason: plan.PendingPods, Pods: []string{"a/1"}, PassedOver: []plan.Refusal{
		{Group: "first", InstanceType: "big", Reason: plan.MaxNodesReached, Message: "Maximum nodes reached"}, {Group: "first", Reason: plan.Paused, Message: "x"},
		{Group: "second", Reason: plan.Paused, Message: "the NodeGroup is paused"},
	}}})
	want = "Buying 1 small for 0.0167 per hour (1 PendingPods) for 1 pod: a/1; NodeGroup first of a higher priority cannot buy (MaxNodesReached): Maximum nodes reached; " +
		"NodeGroup second of a higher priority cannot buy (Paused): the NodeGroup is paused"
	if up.Note != want {
		t.Errorf("%q, want %q", up.Note, want)
	}
	down := ScalingDown([]plan.Removal{{Node: "n1", Saves: price, Reason: plan.Empty}})
	if want := "Removing 1 node (1 Empty), which saves 0.0167 per hour: n1"; down.Note != want || down.Reason != "ScalingDown" {
		t.Errorf("%+v, want %q", down, want)
	}
}

func TestNotesFitTheEventsAPI(t *testing.T) {
	e := ProvisioningFailed(strings.Repeat("ü", 2000))
	if len(e.Note) > 1024 || !strings.HasSuffix(e.Note, "...") || strings.ContainsRune(e.Note, '\uFFFD') {
		t.Errorf("a note of %d bytes that ends in %q", len(e.Note), e.Note[len(e.Note)-5:])
	}
}

func TestLastingStatesAreSaidOnceAndAgainWhenTheyChange(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	v := NewVoice(recorder)
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{UID: "u"}}
	heard := func() int {
		n := len(recorder.Events)
		for range n {
			<-recorder.Events
		}
		return n
	}
	for _, step := range []struct {
		what string
		do   func()
		want int
	}{
		{"first", func() { v.SayNew(g, InvalidConfiguration("a")) }, 1},
		{"the same again", func() { v.SayNew(g, InvalidConfiguration("a")) }, 0},
		{"another text", func() { v.SayNew(g, InvalidConfiguration("b")) }, 1},
		{"another reason", func() { v.SayNew(g, ProvisioningFailed("b")) }, 1},
		{"back after it was over", func() { v.Over(g, "InvalidConfiguration"); v.SayNew(g, InvalidConfiguration("b")) }, 1},
		{"another object", func() {
			v.SayNew(&v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{UID: "w"}}, InvalidConfiguration("b"))
		}, 1},
	} {
		step.do()
		if got := heard(); got != step.want {
			t.Errorf("%s: %d events, want %d", step.what, got, step.want)
		}
	}
}

func TestANewReasonIsATransition(t *testing.T) {
	var conditions []metav1.Condition
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func() time.Time { return meta.FindStatusCondition(conditions, "X").LastTransitionTime.Time }
	Set(&conditions, 1, start, "X", metav1.ConditionFalse, "A", "one")
	Set(&conditions, 1, start.Add(time.Second), "X", metav1.ConditionFalse, "A", "two")
	if !at().Equal(start) {
		t.Error("a new message counts as a transition")
	}
	Set(&conditions, 1, start.Add(2*time.Second), "X", metav1.ConditionFalse, "B", "two")
	if !at().Equal(start.Add(2 * time.Second)) {
		t.Error("a new reason does not count as a transition")
	}
	Set(&conditions, 2, start.Add(3*time.Second), "X", metav1.ConditionTrue, "B", "two")
	if !at().Equal(start.Add(3 * time.Second)) {
		t.Error("a new status does not count as a transition")
	}
}

func machine(phase v1alpha1.VPSieNodePhase, deleted bool) *v1alpha1.VPSieNode {
	m := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{Name: "m-" + string(phase)},
		Spec:       v1alpha1.VPSieNodeSpec{InstanceType: "small", VPSieInstanceID: 7, IPAddress: "192.0.2.1"},
		Status:     v1alpha1.VPSieNodeStatus{Phase: phase},
	}
	if phase == v1alpha1.PhaseReady {
		Set(&m.Status.Conditions, 1, time.Now(), v1alpha1.VPSieNodeNodeReady, metav1.ConditionTrue, "NodeReady", "")
	}
	if deleted {
		m.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	}
	return m
}

func TestGroupStatus(t *testing.T) {
	ready, coming := machine(v1alpha1.PhaseReady, false), machine(v1alpha1.PhaseJoining, false)
	leaving, failed := machine(v1alpha1.PhaseReady, true), machine(v1alpha1.PhaseFailed, false)
	for name, tc := range map[string]struct {
		view                    GroupView
		current, desired, ready int32
		conditions              string
	}{
		"empty": {
			GroupView{Max: 5}, 0, 0, 0,
			"Ready=True/AllNodesReady Scaling=False/Stable Error=False/NoError AtMinCapacity=True/AtMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=False/NoError Reconciling=False/Stable",
		},
		"working": {
			GroupView{Max: 5, Machines: []*v1alpha1.VPSieNode{ready}}, 1, 1, 1,
			"Ready=True/AllNodesReady Scaling=False/Stable Error=False/NoError AtMinCapacity=False/AboveMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=False/NoError Reconciling=False/Stable",
		},
		"growing": {
			GroupView{Max: 5, Machines: []*v1alpha1.VPSieNode{ready, coming}, Launches: 1}, 2, 3, 1,
			"Ready=False/NodesNotReady Scaling=True/ScalingUp Error=False/NoError AtMinCapacity=False/AboveMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=False/NoError Reconciling=True/ScalingUp",
		},
		"shrinking": {
			GroupView{Max: 5, Min: 1, Machines: []*v1alpha1.VPSieNode{ready, leaving}}, 2, 1, 1,
			"Ready=True/AllNodesReady Scaling=True/ScalingDown Error=False/NoError AtMinCapacity=True/AtMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=False/NoError Reconciling=True/ScalingDown",
		},
		"a failed machine": {
			GroupView{Max: 5, Machines: []*v1alpha1.VPSieNode{ready, failed}}, 2, 1, 1,
			"Ready=True/AllNodesReady Scaling=True/ScalingDown Error=False/NoError AtMinCapacity=False/AboveMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=False/NoError Reconciling=True/ScalingDown",
		},
		"full, with pods waiting": {
			GroupView{Max: 1, Machines: []*v1alpha1.VPSieNode{ready}, Waiting: []string{"a/b"}}, 1, 1, 1,
			"Ready=True/AllNodesReady Scaling=False/Stable Error=False/NoError AtMinCapacity=False/AboveMinNodes AtMaxCapacity=True/MaximumNodesReached Stalled=False/NoError Reconciling=False/Stable",
		},
		"waiting for its window": {
			GroupView{Max: 5, Machines: []*v1alpha1.VPSieNode{ready}, Stabilizing: []string{"a/b"}}, 1, 1, 1,
			"Ready=True/AllNodesReady Scaling=False/Stabilizing Error=False/NoError AtMinCapacity=False/AboveMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=False/NoError Reconciling=False/Stabilizing",
		},
		"at fault": {
			GroupView{Max: 5, Machines: []*v1alpha1.VPSieNode{ready}, FaultReason: "DatacenterNotFound", Fault: "Datacenter not found"}, 1, 1, 1,
			"Ready=False/DatacenterNotFound Scaling=False/Stable Error=True/DatacenterNotFound AtMinCapacity=False/AboveMinNodes AtMaxCapacity=False/BelowMaxNodes Stalled=True/DatacenterNotFound Reconciling=False/Stalled",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.view.Group = &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "workers"}}
			tc.view.Now = time.Now()
			tc.view.Price = func(*v1alpha1.VPSieNode) plan.Money { return 7_200_000 }
			s := tc.view.Status()
			if s.Selector != "autoscaler.vpsie.com/nodegroup=workers" {
				t.Errorf("the selector is %q", s.Selector)
			}
			if s.CurrentNodes != tc.current || s.DesiredNodes != tc.desired || s.ReadyNodes != tc.ready {
				t.Errorf("current %d, desired %d, ready %d; want %d, %d, %d", s.CurrentNodes, s.DesiredNodes, s.ReadyNodes, tc.current, tc.desired, tc.ready)
			}
			var got []string
			for _, c := range s.Conditions {
				got = append(got, fmt.Sprintf("%s=%s/%s", c.Type, c.Status, c.Reason))
			}
			if text := strings.Join(got, " "); text != tc.conditions {
				t.Errorf("conditions\n%s, want\n%s", text, tc.conditions)
			}
			if want := fmt.Sprintf("%.4f", 0.01*float64(tc.current)); s.CostPerHour != want {
				t.Errorf("cost %s per hour, want %s", s.CostPerHour, want)
			}
		})
	}
}

// The names and labels are the reference's (Metrics).
func TestMetricsOfTheReference(t *testing.T) {
	r := prometheus.NewRegistry()
	m := NewMetrics(r, "v1", []string{"CreateVM"})
	m.Group("web", &v1alpha1.NodeGroupStatus{DesiredNodes: 5, CurrentNodes: 4, ReadyNodes: 3}, 0)
	m.Phases([]*v1alpha1.VPSieNode{machine(v1alpha1.PhaseReady, false), machine(v1alpha1.PhaseProvisioning, false)})
	m.Request("CreateVM", "200", time.Second)
	m.Reconciled("nodegroup", time.Second, nil)
	want := `
# HELP controller_reconcile_errors_total Reconciliations that ended in an error.
# TYPE controller_reconcile_errors_total counter
controller_reconcile_errors_total{controller="nodegroup"} 0
controller_reconcile_errors_total{controller="vpsienode"} 0
# HELP nodegroup_current_nodes Machines of the group, those on their way included.
# TYPE nodegroup_current_nodes gauge
nodegroup_current_nodes{nodegroup="web"} 4
# HELP nodegroup_desired_nodes Nodes that the last decision aims at.
# TYPE nodegroup_desired_nodes gauge
nodegroup_desired_nodes{nodegroup="web"} 5
# HELP nodegroup_ready_nodes Nodes that take workloads.
# TYPE nodegroup_ready_nodes gauge
nodegroup_ready_nodes{nodegroup="web"} 3
# HELP vpsie_api_requests_total Requests to the VPSie API by operation and outcome.
# TYPE vpsie_api_requests_total counter
vpsie_api_requests_total{method="CreateVM",status="200"} 1
# HELP vpsienode_phase VPSieNodes by phase.
# TYPE vpsienode_phase gauge
vpsienode_phase{phase="Deleting"} 0
vpsienode_phase{phase="Failed"} 0
vpsienode_phase{phase="Joining"} 0
vpsienode_phase{phase="Pending"} 0
vpsienode_phase{phase="Provisioned"} 0
vpsienode_phase{phase="Provisioning"} 1
vpsienode_phase{phase="Ready"} 1
vpsienode_phase{phase="Terminating"} 0
`
	err := testutil.GatherAndCompare(r, strings.NewReader(want), "controller_reconcile_errors_total", "nodegroup_current_nodes",
		"nodegroup_desired_nodes", "nodegroup_ready_nodes", "vpsie_api_requests_total", "vpsienode_phase")
	if err != nil {
		t.Error(err)
	}
	for name, want := range map[string]int{"controller_reconcile_duration_seconds": 2, "vpsie_api_request_duration_seconds": 1} {
		if n, err := testutil.GatherAndCount(r, name); err != nil || n != want {
			t.Errorf("%s: %d series, %v", name, n, err)
		}
	}
	m.ForgetGroup("web")
	if n, err := testutil.GatherAndCount(r, "nodegroup_desired_nodes"); err != nil || n != 0 {
		t.Errorf("%d series of a NodeGroup that is gone, %v", n, err)
	}
}

// What a machine was bought for fits an annotation, however many pods it was bought for.
func TestNoteOfALaunch(t *testing.T) {
	l := plan.Launch{Group: "g", InstanceType: "small", Price: 12_000_000, Reason: plan.PendingPods, Alternatives: []plan.Alternative{{Group: "h", InstanceType: "large", Price: 24_000_000, Why: "no"}}}
	for i := range 200 {
		l.Pods = append(l.Pods, fmt.Sprintf("ns/pod-%d", i))
	}
	note := NewLaunched(l, "m").Note()
	got := ReadNote(note)
	want := &Launched{
		Machine: "m", Group: "g", InstanceType: "small", Price: "0.0167", Reason: plan.PendingPods, Pods: l.Pods[:10], MorePods: 190,
		Alternatives: []Alternative{{Group: "h", InstanceType: "large", Price: "0.0333", Why: "no"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(note) > 500 {
		t.Errorf("%d bytes: %s", len(note), diff)
	}
	for _, bad := range []string{"", "{", "[]", `{"pods":["a"]}`} {
		if got := ReadNote(bad); got != nil {
			t.Errorf("%q is read as %+v", bad, got)
		}
	}
}

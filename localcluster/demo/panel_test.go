package demo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func podOf(deployment, name string, phase corev1.PodPhase, node string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{"pod-template-hash": "abc"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: deployment + "-abc"}},
		},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
		}}}}},
		Status: corev1.PodStatus{Phase: phase},
	}
}

func verdictOf(pod, kind, reason, note string) eventsv1.Event {
	return eventsv1.Event{Regarding: corev1.ObjectReference{Kind: "Pod", Name: pod}, Type: kind, Reason: reason, Note: note}
}

func TestWaitingPodsAreGroupedByOwnerAndReason(t *testing.T) {
	refused := podOf("web", "web-9", corev1.PodPending, "")
	refused.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "no nodes available"}}
	going := podOf("web", "web-10", corev1.PodPending, "")
	going.DeletionTimestamp = &metav1.Time{Time: noon}
	alone := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "alone"}, Status: corev1.PodStatus{Phase: corev1.PodPending}}
	pods := []corev1.Pod{
		podOf("web", "web-1", corev1.PodPending, ""), podOf("web", "web-2", corev1.PodPending, ""), podOf("web", "web-3", corev1.PodPending, ""),
		podOf("api", "api-1", corev1.PodPending, ""), podOf("api", "api-2", corev1.PodPending, ""),
		podOf("web", "web-7", corev1.PodPending, "node-1"), podOf("web", "web-8", corev1.PodRunning, "node-1"), refused, going, alone,
	}
	got := waitingOf(pods, []eventsv1.Event{
		verdictOf("web-1", "Normal", "Waiting", "No node is bought for it yet"),
		verdictOf("web-1", "Normal", "NodeOrdered", "VPSieNode a is on its way for it"),
		verdictOf("web-2", "Normal", "NodeOrdered", "VPSieNode b is on its way for it"),
		verdictOf("web-3", "Normal", "NodeOrdered", "VPSieNode b is on its way for it"),
		verdictOf("api-1", "Warning", "ScaleUpRefused", "No node is bought for it: too large"),
		verdictOf("api-2", "Normal", "Waiting", "No node is bought for it yet: wait"),
		verdictOf("web-8", "Normal", "NodeOrdered", "VPSieNode c is on its way for it"),
	})
	want := []view.Waiting{
		{Count: 3, Owner: "web", Mood: explain.Busy, Why: "2 machines on the way for them"},
		{Count: 1, Owner: "alone", Why: "kube-scheduler has not looked at them yet"},
		{Count: 1, Owner: "api", Why: "No node is bought for it yet: wait"},
		{Count: 1, Owner: "api", Mood: explain.Bad, Why: "No node is bought for it: too large"},
		{Count: 1, Owner: "web", Mood: explain.Good, Why: "have a node, and start there"},
		{Count: 1, Owner: "web", Why: "kube-scheduler: no nodes available"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func roundAt(second int, p *plan.Plan) *observe.Round {
	return observe.NewRound(noon.Add(time.Duration(second)*time.Second), p, nil)
}

func TestDecisionsAreTheNewestFirst(t *testing.T) {
	kept := []plan.Kept{{Node: "a", Reason: plan.KeptNotUnderutilized}, {Node: "b", Reason: plan.KeptPaused}, {Node: "c", Reason: plan.KeptPaused}}
	rounds := []*observe.Round{
		roundAt(1, &plan.Plan{Unplaced: []plan.Unplaced{{Pod: "demo/web-1", Refusals: []plan.Refusal{{Reason: plan.Stabilizing}}}}}),
		roundAt(2, &plan.Plan{
			Launches: []plan.Launch{
				{InstanceType: "small", Price: 12_000_000, Reason: plan.PendingPods, Pods: []string{"demo/web-1", "demo/web-2", "demo/api-1"}},
				{InstanceType: "small", Price: 12_000_000, Reason: plan.PendingPods, Pods: []string{"demo/web-3"}},
				{InstanceType: "large", Price: 24_000_000, Reason: plan.MinNodes},
			},
			Cost: plan.Cost{After: 48_000_000, LowerBound: 36_000_000},
		}),
		roundAt(3, &plan.Plan{Kept: kept[:1], Cost: plan.Cost{After: 48_000_000, LowerBound: 48_000_000}}),
		roundAt(4, &plan.Plan{
			Removals: []plan.Removal{
				{Node: "a", Reason: plan.Empty, Saves: 12_000_000}, {Node: "b", Reason: plan.Empty, Saves: 12_000_000},
				{Node: "c", Reason: plan.Underutilized, Saves: 24_000_000, Moves: []plan.Move{{Pod: "demo/web-1", To: "d"}}},
			},
			Kept: kept[:1],
			Cost: plan.Cost{After: 24_000_000, LowerBound: 12_000_000},
		}),
		roundAt(5, &plan.Plan{Kept: kept, Unplaced: []plan.Unplaced{{Pod: "demo/web-4", Refusals: []plan.Refusal{{Reason: plan.Paused}}}}}),
	}
	rounds[4].Error = "the API server does not answer"
	owners := map[string]string{"demo/web-1": "web", "demo/web-2": "web", "demo/web-3": "web", "demo/api-1": "api"}
	at := func(second int, mood explain.Mood, what string) view.Decision {
		return view.Decision{At: time.Duration(second+10) * time.Second, Mood: mood, What: what}
	}
	want := []view.Decision{
		at(5, "", "orders nothing for 1 pod: 1 Paused"),
		at(5, "", "keeps 3 nodes: 2 Paused, 1 NotUnderutilized"),
		at(5, explain.Bad, "the API server does not answer"),
		at(4, explain.Busy, "removes 2 nodes (Empty), which saves 0.0334 an hour: a, b"),
		at(4, explain.Busy, "removes 1 node (Underutilized), which saves 0.0333 an hour; 1 pod fitted elsewhere: c"),
	}
	if diff := cmp.Diff(want, decisionsOf(rounds, owners, noon.Add(-10*time.Second))); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	want = []view.Decision{
		at(2, explain.Busy, "orders 2 small at 0.0167 an hour (PendingPods) for 3 of web, 1 of api"),
		at(2, explain.Busy, "orders 1 large at 0.0333 an hour (MinNodes)"),
	}
	if diff := cmp.Diff(want, decisionsOf(rounds[:2], owners, noon.Add(-10*time.Second))); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	for n, want := range []view.Price{
		{},
		{Decided: "0.0000", Bound: "0.0000", Ratio: 1},
		{Decided: "0.0667", Bound: "0.0500", Ratio: 1.334},
		{Decided: "0.0667", Bound: "0.0500", Ratio: 1.334}, // the bound of what is there already says nothing
		{Decided: "0.0333", Bound: "0.0167", Ratio: 333.0 / 167},
	} {
		if diff := cmp.Diff(want, *priceOf(rounds[:n])); diff != "" {
			t.Errorf("after %d rounds, want -, got +:\n%s", n, diff)
		}
	}
}

func TestNodesAreMachinesWithTheirFill(t *testing.T) {
	machine := func(name string, age time.Duration, phase v1alpha1.VPSieNodePhase) v1alpha1.VPSieNode {
		return v1alpha1.VPSieNode{
			ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.Time{Time: noon.Add(-age)}},
			Spec:       v1alpha1.VPSieNodeSpec{InstanceType: "small", NodeGroupName: "workers"},
			Status:     v1alpha1.VPSieNodeStatus{Phase: phase, CostPerHour: "0.0111"},
		}
	}
	failed := machine("c", time.Second, v1alpha1.PhaseFailed)
	failed.Status.Conditions = []metav1.Condition{{Type: v1alpha1.VPSieNodeError, Status: metav1.ConditionTrue, Message: "no room"}}
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi"),
	}}}
	daemon := podOf("proxy", "proxy-1", corev1.PodRunning, "a")
	daemon.Namespace = "kube-system"
	web := podOf("web", "web-1", corev1.PodRunning, "a")
	now := snapshot{
		pods: []corev1.Pod{web}, everyPod: []corev1.Pod{web, daemon, podOf("old", "old-1", corev1.PodSucceeded, "a")},
		nodes: []corev1.Node{node},
		machines: []v1alpha1.VPSieNode{
			machine("b", 2*time.Second, ""), failed, machine("a", time.Minute, v1alpha1.PhaseReady),
		},
		groups: []v1alpha1.NodeGroup{{
			ObjectMeta: metav1.ObjectMeta{Name: "workers"}, Spec: v1alpha1.NodeGroupSpec{MinNodes: 1, MaxNodes: 9},
			Status: v1alpha1.NodeGroupStatus{DesiredNodes: 3, CurrentNodes: 2, ReadyNodes: 1, ObservedGeneration: 1},
		}},
	}
	got := panelOf(now, nil, nil, noon)
	want := view.Panel{
		Groups: []view.Group{{Name: "workers", Min: 1, Max: 9, Desired: 3, Current: 2, Ready: 1, Mood: explain.Good, News: "as wanted"}},
		Price:  &view.Price{},
		Nodes: []view.Node{
			{Name: "a", Type: "small", Phase: "Ready", Price: "0.0111", Mood: explain.Good, Fill: &view.Fill{CPU: 50, Memory: 50, Pods: 2}},
			{Name: "b", Type: "small", Phase: "Pending", Price: "0.0111", Mood: explain.Busy, News: "waits for its order"},
			{Name: "c", Type: "small", Phase: "Failed", Price: "0.0111", Mood: explain.Bad, News: "no room"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

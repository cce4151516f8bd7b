package observe

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// A node that was ready and is not now is not on its way, and a pause shows.
func TestBrokenNodesAndPausesAreToldAsWhatTheyAre(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	machine := func(name string, phase v1alpha1.VPSieNodePhase, ready metav1.ConditionStatus) *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: v1alpha1.VPSieNodeStatus{Phase: phase}}
		Set(&m.Status.Conditions, 1, now, v1alpha1.VPSieNodeNodeReady, ready, "X", "")
		return m
	}
	good := machine("good", v1alpha1.PhaseReady, metav1.ConditionTrue)
	broken := machine("broken", v1alpha1.PhaseReady, metav1.ConditionFalse)
	coming := machine("coming", v1alpha1.PhaseProvisioning, metav1.ConditionFalse)
	for name, c := range map[string]struct {
		machines []*v1alpha1.VPSieNode
		paused   bool
		ready    string
		scaling  string
	}{
		"all is well":       {[]*v1alpha1.VPSieNode{good}, false, "True AllNodesReady", "False Stable: 1 node, as wanted"},
		"one is broken":     {[]*v1alpha1.VPSieNode{good, broken}, false, "False NodesNotReady: 1 of 2 nodes ready; were ready and are not now: broken", "False Stable"},
		"one is on its way": {[]*v1alpha1.VPSieNode{good, coming}, false, "False NodesNotReady: 1 of 2 nodes ready", "True ScalingUp: 1 node on the way"},
		"both":              {[]*v1alpha1.VPSieNode{broken, coming}, false, "False NodesNotReady: 0 of 2 nodes ready; were ready and are not now: broken", "True ScalingUp: 1 node on the way"},
		"paused":            {[]*v1alpha1.VPSieNode{good}, true, "True Paused: 1 of 1 node ready; the annotation autoscaler.vpsie.com/pause is true", "False Paused"},
		"paused and broken": {[]*v1alpha1.VPSieNode{broken}, true, "False Paused: 0 of 1 node ready", "False Paused"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
			if c.paused {
				g.Annotations = map[string]string{v1alpha1.AnnotationPause: "true"}
			}
			s := GroupView{Group: g, Paused: c.paused, Machines: c.machines, Max: 9, Price: func(*v1alpha1.VPSieNode) plan.Money { return 0 }, Now: now}.Status()
			for kind, want := range map[string]string{v1alpha1.NodeGroupReady: c.ready, v1alpha1.NodeGroupScaling: c.scaling} {
				found := meta.FindStatusCondition(s.Conditions, kind)
				if got := string(found.Status) + " " + found.Reason + ": " + found.Message; !strings.HasPrefix(got, want) {
					t.Errorf("%s is %q, want %q", kind, got, want)
				}
			}
		})
	}
}

// A NodeGroup's status counts the pods that wait for it, the most first.
func TestTheStatusCountsWaitingPods(t *testing.T) {
	view := GroupView{Group: &v1alpha1.NodeGroup{}, Price: func(*v1alpha1.VPSieNode) plan.Money { return 0 }}
	if got := view.Status().Waiting; got != "" {
		t.Errorf("nobody waits, and it says %q", got)
	}
	view.Waits = map[plan.RefusalReason]int{plan.Stabilizing: 1, plan.MaxNodesReached: 3, plan.CostLimitReached: 1}
	if got := view.Status().Waiting; got != "3 MaxNodesReached, 1 CostLimitReached, 1 Stabilizing" {
		t.Error(got)
	}
	view.Waits = map[plan.RefusalReason]int{plan.OfferingUnavailable: 2, plan.MaxNodesReached: 1}
	if got := view.Status().Waiting; got != "2 OfferingUnavailable, 1 MaxNodesReached" {
		t.Error(got)
	}
	view.FaultReason, view.Fault = "InvalidUserData", "spec.userData is no valid template"
	if got := view.Status().Waiting; got != "2 InvalidUserData, 1 MaxNodesReached" {
		t.Errorf("it says %q of a group whose user data is wrong", got)
	}
}

// Nodes above the maximum stay where something holds them, and the condition says where to look.
func TestAboveTheMaximum(t *testing.T) {
	for max, want := range map[int]string{2: "2 nodes, maxNodes is 2", 1: "2 nodes, maxNodes is 1; what holds those above it, kubectl vpsie explain ng web says"} {
		g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
		v := GroupView{Group: g, Machines: []*v1alpha1.VPSieNode{{}, {}}, Max: max, Price: func(*v1alpha1.VPSieNode) plan.Money { return 0 }}
		c := meta.FindStatusCondition(v.Status().Conditions, v1alpha1.NodeGroupAtMaxCapacity)
		if c.Status != metav1.ConditionTrue || c.Reason != "AtMaxNodes" || c.Message != want {
			t.Errorf("maxNodes %d: %+v, want %q", max, c, want)
		}
	}
}

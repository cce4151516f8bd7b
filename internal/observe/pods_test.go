package observe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func refusedBy(reason plan.RefusalReason, message string, types ...string) []plan.Refusal {
	var all []plan.Refusal
	for _, t := range types {
		all = append(all, plan.Refusal{Group: "web", InstanceType: t, Reason: reason, Message: message})
	}
	return all
}

func TestVerdictsNameWhatEachPodWaitsFor(t *testing.T) {
	long := refusedBy(plan.InsufficientResource, "0", "t0")
	for i := range 9 {
		long = append(long, refusedBy(plan.InsufficientResource, fmt.Sprint(i+1), fmt.Sprintf("t%d", i+1))...)
	}
	p := &plan.Plan{
		Launches:   []plan.Launch{{Name: "web-new-1", Pods: []string{"ns/bought-for"}}},
		Placements: []plan.Placement{{Pod: "ns/ordered", Node: "vpsie-web-abcde"}, {Pod: "ns/placed", Node: "n1"}},
		Unplaced: []plan.Unplaced{
			{Pod: "ns/big", Refusals: refusedBy(plan.InsufficientResource, "asks for too much", "a", "b")},
			{Pod: "ns/nobody", Refusals: []plan.Refusal{{Reason: plan.NoNodeGroup, Message: "there is no NodeGroup"}}},
			{Pod: "ns/window", Refusals: append(refusedBy(plan.TaintNotTolerated, "x", "a"), refusedBy(plan.Stabilizing, "y", "b")...)},
			{Pod: "ns/gated", Refusals: []plan.Refusal{{Reason: plan.SchedulingGated}}},
			{Pod: "ns/foreign", Refusals: []plan.Refusal{{Reason: plan.OtherScheduler}}},
			{Pod: "ns/many", Refusals: long},
		},
	}
	machine := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-web-abcde"}, Spec: v1alpha1.VPSieNodeSpec{InstanceType: "small", NodeGroupName: "web"}}
	var got []string
	for _, v := range Verdicts(p, map[string]*v1alpha1.VPSieNode{machine.Name: machine}) {
		line := v.Pod + " " + v.Reason
		if v.Event != nil {
			line += fmt.Sprintf(" %s %s: %s", v.Event.Type, v.Event.Reason, v.Event.Note)
		}
		if !slices.Contains(PendingReasons(), v.Reason) {
			t.Errorf("%s is none of the reasons that the metric shows", v.Reason)
		}
		got = append(got, line)
	}
	want := []string{
		"ns/big InsufficientResource Warning ScaleUpRefused: No node is bought for it: web a, b: asks for too much (InsufficientResource)",
		"ns/bought-for Ordered",
		"ns/foreign OtherScheduler",
		"ns/gated SchedulingGated",
		"ns/many InsufficientResource Warning ScaleUpRefused: No node is bought for it: web t0: 0 (InsufficientResource); web t1: 1 (InsufficientResource); " +
			"web t2: 2 (InsufficientResource); web t3: 3 (InsufficientResource); and 6 more reasons",
		"ns/nobody NoNodeGroup Warning ScaleUpRefused: No node is bought for it: there is no NodeGroup (NoNodeGroup)",
		"ns/ordered Ordered Normal NodeOrdered: VPSieNode vpsie-web-abcde (small) of NodeGroup web is on its way for it",
		"ns/placed Placed",
		"ns/window TaintNotTolerated Normal Waiting: No node is bought for it yet: web a: x (TaintNotTolerated); web b: y (Stabilizing)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("verdicts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// crowd makes pending pods that all hear the same.
func crowd(n int, e Event) ([]Verdict, map[string]*plan.Pod) {
	pods := make(map[string]*plan.Pod, n)
	var verdicts []Verdict
	for i := range n {
		name := fmt.Sprintf("p%05d", i)
		pods["ns/"+name] = plan.NewPod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name)}})
		verdicts = append(verdicts, Verdict{Pod: "ns/" + name, Event: &e})
	}
	return verdicts, pods
}

func TestTenThousandPodsAreNotToldAtOnce(t *testing.T) {
	const n = 10_000
	recorder := events.NewFakeRecorder(n)
	v := NewVoice(recorder)
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	verdicts, pods := crowd(n, warning("ScaleUpRefused", "ScaleUp", "because"))
	heard := func() int {
		h := len(recorder.Events)
		for range h {
			<-recorder.Events
		}
		return h
	}
	if unsaid := v.SayPods(start, verdicts, pods); unsaid != n-podEventsBurst || heard() != podEventsBurst {
		t.Errorf("%d pods were not told, want %d", unsaid, n-podEventsBurst)
	}
	if unsaid := v.SayPods(start, verdicts, pods); unsaid != n-podEventsBurst || heard() != 0 {
		t.Errorf("another round at once: %d pods were not told, want %d", unsaid, n-podEventsBurst)
	}
	told := podEventsBurst
	for at := start; told < n; {
		at = at.Add(10 * time.Second)
		v.SayPods(at, verdicts, pods)
		h := heard()
		if h != 10*podEventsPerSecond {
			t.Fatalf("ten seconds later %d were told, want %d", h, 10*podEventsPerSecond)
		}
		told += h
	}
	if unsaid := v.SayPods(start.Add(time.Hour), verdicts, pods); unsaid != 0 || heard() != 0 {
		t.Errorf("all were told, but %d were not", unsaid)
	}
	if len(v.pods) != n {
		t.Errorf("%d pods are remembered, want %d", len(v.pods), n)
	}
	v.SayPods(start.Add(time.Hour), nil, nil)
	if len(v.pods) != 0 {
		t.Errorf("%d pods are remembered that wait no more", len(v.pods))
	}
}

func TestAPodHearsAChangeAtOnce(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	v := NewVoice(recorder)
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		what string
		say  *Event
		want int
	}{
		{"first", new(warning("ScaleUpRefused", "ScaleUp", "a")), 1},
		{"the same", new(warning("ScaleUpRefused", "ScaleUp", "a")), 0},
		{"other words", new(warning("ScaleUpRefused", "ScaleUp", "b")), 1},
		{"another reason", new(normal("NodeOrdered", "ScaleUp", "b")), 1},
		{"the first again", new(warning("ScaleUpRefused", "ScaleUp", "a")), 1},
		{"nothing", nil, 0},
		{"after nothing", new(warning("ScaleUpRefused", "ScaleUp", "a")), 1},
	} {
		verdicts, pods := crowd(1, Event{})
		verdicts[0].Event = step.say
		v.SayPods(now, verdicts, pods)
		if got := len(recorder.Events); got != step.want {
			t.Errorf("%s: %d events, want %d", step.what, got, step.want)
		}
		for len(recorder.Events) > 0 {
			<-recorder.Events
		}
	}
}

func TestTheVoiceForgetsWhatIsGone(t *testing.T) {
	v := NewVoice(events.NewFakeRecorder(10))
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{UID: "stays"}}
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{UID: "goes"}}
	v.SayNew(g, InvalidConfiguration("a"))
	v.SayNew(m, ProvisioningFailed("a"))
	v.Retain(map[types.UID]bool{"stays": true})
	if len(v.said) != 1 || v.said["stays"] == nil {
		t.Errorf("remembered is %v", v.said)
	}
}

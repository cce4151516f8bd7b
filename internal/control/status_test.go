package control

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// The progress of a large group is written once a second, and anything else about it at once.
func TestProgressOfALargeGroupIsWrittenOnceASecond(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("large", 0, 500)
	write := func(change func(s *v1alpha1.NodeGroupStatus)) (stored v1alpha1.NodeGroupStatus, due time.Time) {
		t.Helper()
		w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(g), g))
		status := *g.Status.DeepCopy()
		change(&status)
		w.round.teller.statuses.due = time.Time{}
		w.must(w.round.teller.writeStatus(t.Context(), g, status))
		w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(g), g))
		return g.Status, w.round.teller.statuses.due
	}
	nodes := func(current, ready int32) func(*v1alpha1.NodeGroupStatus) {
		return func(s *v1alpha1.NodeGroupStatus) { s.CurrentNodes, s.ReadyNodes = current, ready }
	}
	began := w.clock.Now()
	if s, due := write(nodes(200, 1)); s.ReadyNodes != 1 || !due.IsZero() {
		t.Errorf("the first status has %d nodes ready and is due at %s, want it written", s.ReadyNodes, due)
	}
	w.clock.Step(400 * time.Millisecond)
	if s, due := write(nodes(200, 2)); s.ReadyNodes != 1 || !due.Equal(began.Add(time.Second)) {
		t.Errorf("0.4 s later %d nodes are told as ready and the rest is due at %s, want it to wait until a second is over", s.ReadyNodes, due)
	}
	if s, _ := write(func(s *v1alpha1.NodeGroupStatus) {
		nodes(200, 2)(s)
		s.Conditions = []v1alpha1.NodeGroupCondition{{Type: v1alpha1.NodeGroupReady, Status: "False", Reason: "NodesNotReady", LastTransitionTime: metav1.Now()}}
	}); s.ReadyNodes != 2 {
		t.Error("a condition waited with the progress")
	}
	w.clock.Step(time.Second)
	if s, _ := write(nodes(200, 3)); s.ReadyNodes != 3 {
		t.Error("progress was not written when its second was over")
	}
	write(nodes(20, 3))
	if s, _ := write(nodes(20, 4)); s.ReadyNodes != 4 {
		t.Error("the progress of a small group waited")
	}
}

// However many machines are ordered in a second, their scaling is one write: more would say the same.
func TestScalingIsNotedOnceASecond(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("burst", 0, 500)
	w.clock.SetTime(w.clock.Now().Truncate(time.Second))
	note := func() string {
		w.must(w.round.intents.scalings.noteScaling(t.Context(), g))
		w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(g), g))
		return g.ResourceVersion
	}
	first := note()
	w.clock.Step(900 * time.Millisecond)
	if second := note(); second != first {
		t.Error("two scalings in one second were noted twice")
	}
	w.clock.Step(100 * time.Millisecond)
	if third := note(); third == first || !g.Status.LastScaleTime.Time.Equal(w.clock.Now()) {
		t.Errorf("the scaling of the next second is noted as %s, want %s", g.Status.LastScaleTime, w.clock.Now())
	}
}

// Machines that are ordered at the same moment do not all write the scaling while the first write is under way: on one object
// they would hold each other up.
func TestScalingIsNotedOnceAtATime(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("burst", 0, 500)
	now := w.clock.Now().Truncate(time.Second)
	if !w.deps.arrivals.claimScaling(g.UID, now) {
		t.Fatal("nobody notes the first scaling")
	}
	w.must(w.round.intents.scalings.noteScaling(t.Context(), g))
	before := g.ResourceVersion
	w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(g), g))
	if g.ResourceVersion != before {
		t.Error("a scaling was written that somebody else is writing")
	}
	w.deps.arrivals.returnScaling(g.UID, now)
	w.must(w.round.intents.scalings.noteScaling(t.Context(), g))
	w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(g), g))
	if g.Status.LastScaleTime == nil {
		t.Error("nobody wrote the scaling after the first write failed")
	}
}

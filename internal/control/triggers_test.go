package control

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A round starts when what it decides by may have changed, and not when a machine only tells how it is getting on.
func TestNewsOfAMachine(t *testing.T) {
	set := func(m *v1alpha1.VPSieNode, kind, reason, message string) {
		meta.SetStatusCondition(&m.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: reason, Message: message})
	}
	machine := func() *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady}}
		set(m, v1alpha1.VPSieNodeError, "DeleteFailed", "500")
		set(m, v1alpha1.VPSieNodeVPSReady, "Deleting", "")
		return m
	}
	for name, tc := range map[string]struct {
		change func(m *v1alpha1.VPSieNode)
		news   bool
	}{
		"nothing":       {func(*v1alpha1.VPSieNode) {}, false},
		"another phase": {func(m *v1alpha1.VPSieNode) { m.Status.Phase = v1alpha1.PhaseDeleting }, true},
		"protected":     {func(m *v1alpha1.VPSieNode) { m.Annotations = map[string]string{v1alpha1.AnnotationDoNotDelete: "true"} }, true},
		"its timer has begun": {func(m *v1alpha1.VPSieNode) {
			m.Annotations = map[string]string{v1alpha1.AnnotationUnneededSince: "2025-10-12T10:00:00Z"}
		}, false},
		"dismissed":            {func(m *v1alpha1.VPSieNode) { m.DeletionTimestamp = new(metav1.Now()) }, true},
		"another trouble":      {func(m *v1alpha1.VPSieNode) { set(m, v1alpha1.VPSieNodeError, "AuthenticationFailed", "") }, true},
		"the same trouble":     {func(m *v1alpha1.VPSieNode) { set(m, v1alpha1.VPSieNodeError, "DeleteFailed", "502") }, false},
		"how it is getting on": {func(m *v1alpha1.VPSieNode) { set(m, v1alpha1.VPSieNodeVPSReady, "NotDeleted", "") }, false},
	} {
		after := machine()
		tc.change(after)
		if news := !equality.Semantic.DeepEqual(machineNews(machine()), machineNews(after)); news != tc.news {
			t.Errorf("%s: news is %t", name, news)
		}
	}
}

// A round that is asked for again while it waits is one round; after it has begun, a change asks for another. A pod that
// waits for a machine asks once more, since the round may be resting.
func TestRoundsThatWaitAreOne(t *testing.T) {
	queue := &counting{}
	r := newRound(&Deps{Clock: clock.RealClock{}, Options: Options{SecretName: "s"}, Client: failing{}, Metrics: observe.NewMetrics(prometheus.NewRegistry(), "test", vpsie.Operations())}, nil)
	changes := r.bell.on()
	change := func(p *corev1.Pod) {
		changes.Create(t.Context(), event.CreateEvent{Object: cluster.StorePod(p)}, queue)
	}
	waits := &corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/3 nodes are available",
	}}}}
	bound := waits.DeepCopy()
	bound.Spec.NodeName = "n"
	for range 100 {
		change(&corev1.Pod{})
		change(bound)
	}
	if queue.added != 1 || r.bell.urgent.Load() {
		t.Errorf("200 changes have added %d requests, want one; urgent: %t", queue.added, r.bell.urgent.Load())
	}
	for range 100 {
		change(waits)
	}
	if queue.added != 2 || !r.bell.urgent.Load() {
		t.Errorf("100 pods that wait have added %d requests, want one more; urgent: %t", queue.added, r.bell.urgent.Load())
	}
	if _, err := r.Reconcile(t.Context(), one(roundName)); err == nil || r.bell.rung.Load() || r.bell.urgent.Load() {
		t.Errorf("a round that failed with %v has left the bell rung %t, urgent %t; the next change must ask again", err, r.bell.rung.Load(), r.bell.urgent.Load())
	}
	if change(waits); queue.added != 3 {
		t.Errorf("a change after a round has begun leaves %d requests, want a third", queue.added)
	}
}

// A storm of changes must not keep a core busy: after a round that took long, the next waits as long, at most a second. One
// that failed is tried again as its failure asks for.
func TestRoundsRest(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	load, took, fails := w.round.Load, time.Duration(0), error(nil)
	w.round.Load = func() (*cluster.Objects, error) {
		w.clock.Step(took)
		if fails != nil {
			return nil, fails
		}
		return load()
	}
	round := func() (time.Duration, error) {
		w.round.bell.rung.Store(true)
		result, err := w.round.Reconcile(t.Context(), one(roundName))
		return result.RequeueAfter, err
	}
	for _, tc := range []struct{ took, rest time.Duration }{{0, 0}, {300 * time.Millisecond, 300 * time.Millisecond}, {time.Minute, time.Second}} {
		took = tc.took
		if _, err := round(); err != nil || w.round.bell.rung.Load() {
			t.Fatalf("a round ended with %v; asked: %t", err, w.round.bell.rung.Load())
		}
		if tc.rest == 0 {
			continue
		}
		w.clock.Step(tc.rest - time.Millisecond)
		if left, err := round(); left != time.Millisecond || err != nil || !w.round.bell.rung.Load() {
			t.Errorf("after a round of %s the next is put off by another %s with %v, want a millisecond; asked: %t", tc.took, left, err, w.round.bell.rung.Load())
		}
		w.round.bell.urgent.Store(true)
		if _, err := round(); err != nil || w.round.bell.rung.Load() {
			t.Errorf("a pod that waits for a machine waits for the rest as well: %v", err)
		}
		w.clock.Step(tc.rest)
	}
	took, fails = 300*time.Millisecond, errors.New("no answer")
	for range 2 {
		if _, err := round(); !errors.Is(err, fails) {
			t.Errorf("after a failure the next round ended with %v, want it to be tried", err)
		}
	}
}

type counting struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	added int
}

func (q *counting) AddAfter(reconcile.Request, time.Duration) { q.added++ }

// failing is an API server that does not answer.
type failing struct{ client.Client }

func (failing) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("no answer")
}

package control

import (
	"context"
	"errors"
	"sync/atomic"
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
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
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

// A round that is asked for again while it waits is one round; after it has begun, a change asks for another.
func TestRoundsThatWaitAreOne(t *testing.T) {
	var heard news
	var asked atomic.Bool
	queue := &counting{}
	changes := debounced(func() time.Duration { return time.Second }, &heard, &asked)
	change := func() { changes.Create(t.Context(), event.CreateEvent{Object: &corev1.Pod{}}, queue) }
	for range 100 {
		change()
	}
	if queue.added != 1 {
		t.Errorf("100 changes have added %d requests, want one", queue.added)
	}
	r := newRound(&Deps{Clock: clock.RealClock{}, Options: Options{SecretName: "s"}, Client: failing{}, Metrics: observe.NewMetrics(prometheus.NewRegistry(), "test", vpsie.Operations())}, nil)
	r.asked.Store(true)
	if _, err := r.Reconcile(t.Context(), one(roundName)); err == nil || r.asked.Load() {
		t.Errorf("a round that failed with %v has left asked %t; the next change must ask again", err, r.asked.Load())
	}
	asked.Store(false) // as the round does when it begins
	if change(); queue.added != 2 {
		t.Errorf("a change after a round has begun leaves %d requests, want a second", queue.added)
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

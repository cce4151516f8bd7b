package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A saying is an event, or a condition that is true or false, as the API server had it at some moment.
type saying struct {
	about  string // the kind and, after a blank, the name
	kind   string // the condition's type; an event's is Normal or Warning
	status metav1.ConditionStatus
	reason string
	text   string
}

func (s saying) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s: %s %s %s: %s", s.about, s.kind, s.status, s.reason, s.text))
}

// condition is a condition that is true; text is a part of its message.
func condition(about, kind, reason, text string) saying {
	return saying{about, kind, metav1.ConditionTrue, reason, text}
}

// warning is a warning event; text is a part of its note.
func warning(about, reason, text string) saying {
	return saying{about, corev1.EventTypeWarning, "", reason, text}
}

// A witness keeps all that was ever said: a machine that failed is soon gone, and its conditions with it.
type witness struct {
	mu   sync.Mutex
	said []saying
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{}
	c, err := cache.New(shared.Cluster.Config(), cache.Options{Scheme: shared.client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []client.Object{&v1alpha1.NodeGroup{}, &v1alpha1.VPSieNode{}, &eventsv1.Event{}} {
		informer, err := c.GetInformer(t.Context(), o, cache.BlockUntilSynced(false))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    w.hear,
			UpdateFunc: func(_, now any) { w.hear(now) },
		}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if !c.WaitForCacheSync(ctx) {
		t.Fatal("the witness cannot see the cluster")
	}
	return w
}

func (w *witness) hear(o any) {
	switch o := o.(type) {
	case *v1alpha1.NodeGroup:
		w.note("NodeGroup "+o.Name, o.Status.Conditions)
	case *v1alpha1.VPSieNode:
		w.note("VPSieNode "+o.Name, o.Status.Conditions)
	case *eventsv1.Event:
		w.keep(saying{o.Regarding.Kind + " " + o.Regarding.Name, o.Type, "", o.Reason, o.Note})
	}
}

func (w *witness) note(about string, conditions []metav1.Condition) {
	for _, c := range conditions {
		w.keep(saying{about, c.Type, c.Status, c.Reason, c.Message})
	}
}

func (w *witness) keep(s saying) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.said, s) {
		w.said = append(w.said, s)
	}
}

// heard returns nil when each of the sayings was heard; a name in what they are about may be the beginning of one.
func (w *witness) heard(all ...saying) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, want := range all {
		if !slices.ContainsFunc(w.said, func(s saying) bool {
			return s.kind == want.kind && s.status == want.status && s.reason == want.reason &&
				strings.HasPrefix(s.about, want.about) && strings.Contains(s.text, want.text)
		}) {
			return fmt.Errorf("nobody has said %q; said was\n\t%s", want, w.about(want.about))
		}
	}
	return nil
}

// about lists what was said about an object. The caller holds the lock.
func (w *witness) about(object string) string {
	var lines []string
	for _, s := range w.said {
		if strings.HasPrefix(s.about, object) {
			lines = append(lines, s.String())
		}
	}
	return strings.Join(lines, "\n\t")
}

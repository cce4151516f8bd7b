package observe

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/reference"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// Component is who the events say they come from.
const Component = "vpsie-autoscaler"

// Writer writes events to the API server, from queues, so that nobody waits for it. The
// events of one object keep their order.
// client-go's recorder is no choice here: of two events about one object that differ
// in their note alone it shows the first note only, and raises its count. Events that
// say the same are the Voice's to leave out.
type Writer struct {
	client   client.Client
	instance string
	queues   [writers]chan *eventsv1.Event
	log      *slog.Logger
}

var _ events.EventRecorder = &Writer{}

const (
	// writers is how many events are written at once: a thousand machines have three each
	// within seconds.
	writers = 8
	// longestQueue bounds the events that wait to be written by each; more are dropped.
	longestQueue = 1000
)

// NewWriter returns a Writer, which writes from Start on. Every event is a line of the log
// as well, at once: a Warning as WARN, the others as INFO.
func NewWriter(c client.Client, log *slog.Logger) *Writer {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	const longestInstance = 128
	instance := Component + "-" + host
	w := &Writer{client: c, log: log.With("logger", "events"), instance: instance[:min(len(instance), longestInstance)]}
	for i := range w.queues {
		w.queues[i] = make(chan *eventsv1.Event, longestQueue)
	}
	return w
}

// Eventf queues an event.
func (w *Writer) Eventf(regarding, _ runtime.Object, kind, reason, action, note string, args ...any) {
	log := logf.Log.WithName("events")
	about, err := reference.GetReference(w.client.Scheme(), regarding)
	if err != nil {
		log.Error(err, "naming the object of an event", "reason", reason)
		return
	}
	namespace := about.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	now := metav1.NowMicro()
	e := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: eventName(about, now.Time)},
		EventTime:  now, ReportingController: Component, ReportingInstance: w.instance,
		Type: kind, Reason: reason, Action: action, Note: fmt.Sprintf(note, args...), Regarding: *about,
	}
	level := slog.LevelInfo
	if kind == corev1.EventTypeWarning {
		level = slog.LevelWarn
	}
	w.log.Log(context.Background(), level, e.Note, "reason", reason, "kind", about.Kind, "namespace", about.Namespace, "name", about.Name)
	select {
	case w.queueOf(about) <- e:
	default:
		log.Info("too many events wait to be written; dropped one", "object", about.Kind+" "+namespace+"/"+about.Name, "reason", reason, "note", e.Note)
	}
}

func eventName(about *corev1.ObjectReference, now time.Time) string {
	const longestName, suffix = 253, 22
	return fmt.Sprintf("%s.%x%s", about.Name[:min(len(about.Name), longestName-suffix)], now.UnixNano(), rand.String(5))
}

// lastWrites is how long the queue may take to empty when the program ends.
const lastWrites = 2 * time.Second

func (w *Writer) queueOf(about *corev1.ObjectReference) chan *eventsv1.Event {
	h := fnv.New32a()
	_, _ = h.Write([]byte(about.UID)) // it never fails
	return w.queues[h.Sum32()%writers]
}

// Start writes until ctx ends, and then what is left in the queues.
func (w *Writer) Start(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, queue := range w.queues {
		wg.Go(func() { w.empty(ctx, queue) })
	}
	wg.Wait()
	return nil
}

func (w *Writer) empty(ctx context.Context, queue chan *eventsv1.Event) {
	for {
		select {
		case e := <-queue:
			w.write(ctx, e)
			continue
		case <-ctx.Done():
		}
		break
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrites)
	defer cancel()
	for {
		select {
		case e := <-queue:
			w.write(last, e)
		default:
			return
		}
	}
}

// write tries again while the API server does not answer; what it refuses, such as an
// event in a namespace that is being deleted, is dropped.
func (w *Writer) write(ctx context.Context, e *eventsv1.Event) {
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Steps: 4, Jitter: 0.2}
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		last = w.client.Create(ctx, e.DeepCopy())
		if last == nil || apierrors.IsAlreadyExists(last) {
			return true, nil
		}
		var status apierrors.APIStatus
		if errors.As(last, &status) && status.Status().Code < http.StatusInternalServerError && !apierrors.IsTooManyRequests(last) {
			return false, last
		}
		return false, nil
	})
	if err != nil {
		logf.Log.WithName("events").Error(last, "writing an event", "object", e.Regarding.Kind+" "+e.Namespace+"/"+e.Regarding.Name, "reason", e.Reason, "note", e.Note)
	}
}

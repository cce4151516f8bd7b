package observe

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Voice says events. It is safe for concurrent use.
type Voice struct {
	recorder events.EventRecorder

	mu   sync.Mutex
	said map[types.UID]map[string]string // by object and reason
	pods map[types.UID]Event             // what each pending pod heard last
	// patience bounds the events about pods: a burst, then a trickle.
	patience *rate.Limiter
}

const (
	podEventsBurst     = 100
	podEventsPerSecond = 10
)

// NewVoice returns a Voice that speaks through the recorder.
func NewVoice(recorder events.EventRecorder) *Voice {
	return &Voice{
		recorder: recorder, said: map[types.UID]map[string]string{}, pods: map[types.UID]Event{},
		patience: rate.NewLimiter(podEventsPerSecond, podEventsBurst),
	}
}

// Say records an event of something that happened just now.
func (v *Voice) Say(about client.Object, e Event) {
	v.recorder.Eventf(about, nil, e.Type, e.Reason, e.Action, "%s", e.Note)
}

// SayNew records an event that describes a lasting state: once, and again when its text changes.
func (v *Voice) SayNew(about client.Object, e Event) {
	v.mu.Lock()
	of := v.said[about.GetUID()]
	if of == nil {
		of = map[string]string{}
		v.said[about.GetUID()] = of
	}
	old, known := of[e.Reason]
	of[e.Reason] = e.Note
	v.mu.Unlock()
	if !known || old != e.Note {
		v.Say(about, e)
	}
}

// Over forgets a lasting state, so that its return is said again.
func (v *Voice) Over(about client.Object, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.said[about.GetUID()], reason)
}

// Retain forgets all objects but those that are alive.
func (v *Voice) Retain(alive map[types.UID]bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for uid := range v.said {
		if !alive[uid] {
			delete(v.said, uid)
		}
	}
}

// SayPods tells pending pods their verdicts, each one when it differs from what that
// pod heard last. Ten thousand pods that begin to wait at once must not be as many
// writes: what goes beyond the patience is left for a later call, and counted. Pods
// that are not among the verdicts are forgotten.
func (v *Voice) SayPods(now time.Time, verdicts []Verdict, pods map[string]*plan.Pod) (unsaid int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	heard := make(map[types.UID]Event, len(v.pods))
	for _, verdict := range verdicts {
		pod := pods[verdict.Pod]
		if pod == nil || verdict.Event == nil {
			continue
		}
		uid := pod.Meta().UID
		last, known := v.pods[uid]
		switch {
		case known && last == *verdict.Event:
		case v.patience.AllowN(now, 1):
			v.Say(pod.Object(), *verdict.Event)
			last, known = *verdict.Event, true
		default:
			unsaid++
		}
		if known {
			heard[uid] = last
		}
	}
	v.pods = heard
	return unsaid
}

package observe

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Voice says events. It is safe for concurrent use.
type Voice struct {
	recorder events.EventRecorder

	mu   sync.Mutex
	said map[saidKey]string
}

type saidKey struct {
	uid    types.UID
	reason string
}

// NewVoice returns a Voice that speaks through the recorder.
func NewVoice(recorder events.EventRecorder) *Voice {
	return &Voice{recorder: recorder, said: map[saidKey]string{}}
}

// Say records an event of something that happened just now.
func (v *Voice) Say(about client.Object, e Event) {
	v.recorder.Eventf(about, nil, e.Type, e.Reason, e.Action, "%s", e.Note)
}

// SayNew records an event that describes a lasting state: once, and again when its text changes.
func (v *Voice) SayNew(about client.Object, e Event) {
	k := saidKey{about.GetUID(), e.Reason}
	v.mu.Lock()
	old, known := v.said[k]
	v.said[k] = e.Note
	v.mu.Unlock()
	if !known || old != e.Note {
		v.Say(about, e)
	}
}

// Over forgets a lasting state, so that its return is said again.
func (v *Voice) Over(about client.Object, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.said, saidKey{about.GetUID(), reason})
}

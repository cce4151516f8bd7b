package control

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// askedPause is for how long the cloud asks to be left alone with a machine, within longestRetry. An hour in one answer would
// keep the machine from its order, or its VPS on the bill, long after others' requests are taken again.
func askedPause(err error) time.Duration { return min(vpsie.RetryAfter(err), longestRetry) }

// pauses hold back what was just asked of the cloud for a machine. A reconciler's
// own wait does not: the status that tells of the request is a change of the object,
// which starts the reconciler again at once. They live in memory: after a restart
// nothing proves that the request was made, and it is made once more.
type pauses struct {
	mu sync.Mutex
	of map[types.UID]pause
}

type pause struct{ began, ends time.Time }

func newPauses() pauses { return pauses{of: map[types.UID]pause{}} }

func (p *pauses) begin(uid types.UID, now time.Time, long time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[uid] = pause{now, now.Add(long)}
}

// left is what is left of the machine's pause, and how long that has lasted.
func (p *pauses) left(uid types.UID, now time.Time) (left, lasted time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.of[uid]
	return max(one.ends.Sub(now), 0), now.Sub(one.began)
}

func (p *pauses) end(uid types.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, uid)
}

func (p *pauses) endAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.of)
}

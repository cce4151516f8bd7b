package cluster

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Pods are a cluster's pods as the planner sees them, kept up to date
// by their changes: what a round costs does not grow with the pods that have not
// changed. Changes may come from any goroutine, and must come in their order.
type Pods struct {
	mu sync.Mutex
	// changed are the pods that have changed since the last call of Into; nil means gone.
	changed map[types.UID]*StoredPod

	// What follows belongs to Into alone.
	planned []*plan.Pod
	index   map[types.UID]int
}

// NewPods returns no pods.
func NewPods() *Pods {
	return &Pods{changed: map[types.UID]*StoredPod{}, index: map[types.UID]int{}}
}

// Changed takes note of a pod that is new (before is nil), has changed, or is gone
// (after is nil), as an informer tells of it. The objects are kept, and read-only from
// then on.
func (p *Pods) Changed(before, after *StoredPod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before != nil && (after == nil || before.UID != after.UID) {
		// An informer that was cut off tells of another pod of the same name as of a change.
		p.changed[before.UID] = nil
	}
	if after != nil {
		p.changed[after.UID] = after
	}
}

// Into gives the objects all pods as they are now, as Planned. The next call changes the list that
// it has given away, so only one round at a time can use it.
func (p *Pods) Into(o *Objects) {
	for uid, pod := range p.take() {
		at, known := p.index[uid]
		switch {
		case pod == nil && known:
			p.remove(at)
		case pod == nil:
		case known:
			p.planned[at] = pod.planned()
		default:
			p.index[uid] = len(p.planned)
			p.planned = append(p.planned, pod.planned())
		}
	}
	o.planned = p.planned
}

func (p *Pods) take() map[types.UID]*StoredPod {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := p.changed
	p.changed = map[types.UID]*StoredPod{}
	return changed
}

// remove moves the last pod to where one has gone.
func (p *Pods) remove(at int) {
	last := len(p.planned) - 1
	delete(p.index, p.planned[at].Meta().UID)
	if at != last {
		p.planned[at] = p.planned[last]
		p.index[p.planned[at].Meta().UID] = at
	}
	p.planned[last] = nil
	p.planned = p.planned[:last]
}

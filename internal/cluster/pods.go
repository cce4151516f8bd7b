package cluster

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Pods are a cluster's pods, as objects and as the planner sees them, kept up to date
// by their changes: what a round costs does not grow with the pods that have not
// changed. Changes may come from any goroutine, and must come in their order.
type Pods struct {
	mu sync.Mutex
	// changed are the pods that have changed since the last call of Into; nil means gone.
	changed map[types.UID]*corev1.Pod

	// What follows belongs to Into alone. The two lists have the same order.
	objects []*corev1.Pod
	planned []*plan.Pod
	index   map[types.UID]int
}

// NewPods returns no pods.
func NewPods() *Pods {
	return &Pods{changed: map[types.UID]*corev1.Pod{}, index: map[types.UID]int{}}
}

// Changed takes note of a pod that is new (before is nil), has changed, or is gone
// (after is nil), as an informer tells of it. The objects are kept, and read-only from
// then on.
func (p *Pods) Changed(before, after *corev1.Pod) {
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

// Into gives the objects all pods as they are now. The next call changes the lists that
// it has given away, so only one round at a time can use it.
func (p *Pods) Into(o *Objects) {
	for uid, pod := range p.take() {
		at, known := p.index[uid]
		switch {
		case pod == nil && known:
			p.remove(at)
		case pod == nil:
		case known:
			p.objects[at], p.planned[at] = pod, plan.NewPod(pod)
		default:
			p.index[uid] = len(p.objects)
			p.objects, p.planned = append(p.objects, pod), append(p.planned, plan.NewPod(pod))
		}
	}
	o.Pods, o.planned = p.objects, p.planned
}

func (p *Pods) take() map[types.UID]*corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := p.changed
	p.changed = map[types.UID]*corev1.Pod{}
	return changed
}

// remove moves the last pod to where one has gone.
func (p *Pods) remove(at int) {
	last := len(p.objects) - 1
	delete(p.index, p.objects[at].UID)
	if at != last {
		p.objects[at], p.planned[at] = p.objects[last], p.planned[last]
		p.index[p.objects[at].UID] = at
	}
	p.objects[last], p.planned[last] = nil, nil
	p.objects, p.planned = p.objects[:last], p.planned[:last]
}

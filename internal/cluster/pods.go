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

	// What follows belongs to Into alone. loose are the pods that are bound to no node, nodes the others by their nodes, and
	// places where each is.
	loose  podList
	nodes  map[string]*podList
	places map[types.UID]place
}

// podList are pods in no order.
type podList struct {
	pods []*plan.Pod
	// made is what was worked out of those of a node; nil since one of them has changed.
	made *plan.NodePods
}

// place is where a pod is.
type place struct {
	list *podList
	at   int
}

// NewPods returns no pods.
func NewPods() *Pods {
	return &Pods{changed: map[types.UID]*StoredPod{}, nodes: map[string]*podList{}, places: map[types.UID]place{}}
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

// Into gives the objects all pods as they are now, as Planned. The next call changes the list of pods without a node that
// it has given away, so only one round at a time can use it.
func (p *Pods) Into(o *Objects) {
	for uid, pod := range p.take() {
		p.remove(uid)
		if pod != nil {
			p.add(uid, pod.planned())
		}
	}
	o.planned, o.bound = p.loose.pods, make([]*plan.NodePods, 0, len(p.nodes))
	for node, l := range p.nodes {
		if len(l.pods) == 0 {
			delete(p.nodes, node)
			continue
		}
		if l.made == nil {
			l.made = plan.NewNodePods(node, l.pods)
		}
		o.bound = append(o.bound, l.made)
	}
}

func (p *Pods) take() map[types.UID]*StoredPod {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := p.changed
	p.changed = map[types.UID]*StoredPod{}
	return changed
}

// add puts a pod to those of its node.
func (p *Pods) add(uid types.UID, pod *plan.Pod) {
	l := &p.loose
	if pod.Bound() {
		if l = p.nodes[pod.Node()]; l == nil {
			l = &podList{}
			p.nodes[pod.Node()] = l
		}
	}
	p.places[uid] = place{l, len(l.pods)}
	l.pods, l.made = append(l.pods, pod), nil
}

// remove moves the last pod of the list to where one has gone.
func (p *Pods) remove(uid types.UID) {
	was, known := p.places[uid]
	if !known {
		return
	}
	delete(p.places, uid)
	l := was.list
	last := len(l.pods) - 1
	if was.at != last {
		l.pods[was.at] = l.pods[last]
		p.places[l.pods[was.at].Meta().UID] = was
	}
	l.pods[last] = nil
	l.pods, l.made = l.pods[:last], nil
}

package plan

import (
	"iter"
	"unique"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// NodePods are the pods that are bound to one node, with what a plan asks of them all worked out once. It is read-only and
// depends on nothing but the pods, so States can share it for as long as none of the node's pods changes: what a plan costs
// in a large cluster then does not grow with all that is known of each pod.
type NodePods struct {
	node string
	pods []*Pod
	// asked is what all of them ask for together.
	asked resources.Requests
	// rules are those of the pods, each once.
	rules []podRules
	// seats are what is looked at of every pod in every plan, in the order of pods.
	seats []nodeSeat
	// residents are the pods that belong to the node and are not being deleted.
	residents []*Pod
	// controls says which of the pods is a part of the control plane; empty for none.
	controls string
}

// podRules is a key of constraints (filter.KeyOf), with a pod that has it.
type podRules struct {
	key     unique.Handle[string]
	example *Pod
}

// nodeSeat is a pod on its node, without a look at the pod.
type nodeSeat struct {
	cpu, memory            int64
	priority               int32
	rules                  int32 // its place in NodePods.rules
	stays, leaves, mirrors bool
}

// NewNodePods works out the pods of a node, all of which are Bound to it. It keeps no hold of the list.
func NewNodePods(node string, pods []*Pod) *NodePods {
	b := &NodePods{node: node, pods: append([]*Pod(nil), pods...), seats: make([]nodeSeat, len(pods))}
	known := map[unique.Handle[string]]int32{}
	for i, p := range pods {
		b.asked.Add(&p.requests)
		at, ok := known[p.rules]
		if !ok {
			at = int32(len(b.rules))
			known[p.rules] = at
			b.rules = append(b.rules, podRules{p.rules, p})
		}
		b.seats[i] = nodeSeat{
			cpu: p.requests.CPU, memory: p.requests.Memory, priority: p.priority, rules: at,
			stays: p.stays(), leaves: p.leaves(), mirrors: isMirrorPod(p.meta),
		}
		if p.stays() {
			if p.remains() {
				b.residents = append(b.residents, p)
			}
			b.controls = firstOf(b.controls, controlPlanePod(p.meta, p.status))
		}
	}
	return b
}

// Bound says that the pod holds room on its node, and so can be one of NodePods.
func (p *Pod) Bound() bool { return p.stage == stageBound }

// remains says that a bound pod belongs to its node and is not being deleted.
func (p *Pod) remains() bool { return p.stays() && !p.leaves() }

// AllPods are those of Pods and of NodePods, in no order.
func (s *State) AllPods() iter.Seq[*Pod] {
	return func(yield func(*Pod) bool) {
		for _, p := range s.Pods {
			if !yield(p) {
				return
			}
		}
		for _, b := range s.NodePods {
			for _, p := range b.pods {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// sitAll puts the node's pods on it.
func (w *world) sitAll(h *host, b *NodePods) {
	classes := make([]*filter.Class, len(b.rules))
	for i, r := range b.rules {
		classes[i] = w.class(r.example)
	}
	w.dims.AddSize(h.free, &b.asked, -1)
	h.free[resources.Pods] -= int64(len(b.pods) - 1) // the sum counted as one
	h.controls = firstOf(h.controls, b.controls)
	for i := range b.seats {
		s, p := &b.seats[i], b.pods[i]
		kind := w.filters.OnlyKind(classes[s.rules])
		if kind == nil {
			kind = w.filters.Kind(classes[s.rules], p.meta)
		}
		w.countIn(h, seated{pod: p, kind: kind, stays: s.stays, leaves: s.leaves}, s.part(&w.state.Options), amount{s.cpu, s.memory})
	}
}

func (s *nodeSeat) part(o *Options) part {
	return partOf(s.stays, s.leaves, s.mirrors, s.priority < o.ExpendablePriorityCutoff)
}

// firstOf is the first by the alphabet of two texts that are not empty: which one a list begins with does not matter then.
func firstOf(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

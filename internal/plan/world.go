package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// world is the state that a plan is worked out on. Every change goes through
// place, open and their like, which keep a log, so that a what-if can be taken back (snapshot_log.go).
type world struct {
	state *State
	dims  *resources.Dimensions

	groups      []*group // by name
	groupByName map[string]*group
	offers      map[OfferKey]*Offer
	templates   []*template // of all groups, by group and type
	daemons     []*daemon
	lessons     *lessons
	newNodes    map[newNodeKey]*newNode
	filters     *filter.Filters
	// admittedBy names the templates that admit a class, for those that have been asked for.
	admittedBy map[*filter.Class]string
	// hosts are the existing and ordered nodes by name, then those to be bought in
	// the order of buying.
	hosts      []*host
	existing   int // how many of hosts are there already or on their way
	hostByName map[string]*host
	lots       []*lot // by priority, highest first
	// residents are the bound pods that belong to their nodes and stay there.
	residents []*Pod
	// nominated are the pending pods for which kube-scheduler is making room.
	nominated []Placement
	// unsuitable is what earlier plans proved and still counts.
	unsuitable []Unsuitable
	// refused are the pending pods that are no question of room.
	refused []refusedPod

	movers map[moverKey]*mover
	// surges is what surge has worked out.
	surges *Surge
	// largest is the most that any node or template offers of every resource.
	largest resources.Vector
	// appraisal is what pods were found to be worth when the whole demand was priced.
	appraisal *appraisal
	// strategy is the name of the way of buying that was best; empty when nothing was bought.
	strategy string
	// exchanges are under way: machines were bought in the place of nodes that are still there.
	exchanges []*exchange
	// dependent is how many placed pods depend on where others are.
	dependent int

	log []step
	// effort counts the steps that the plan takes.
	effort effort
}

// refusedPod is a pending pod that is turned down before any node is looked at.
type refusedPod struct {
	pod *Pod
	why refusal
}

// place puts n pods of the lot on the host, which has room for them.
func (w *world) place(h *host, l *lot, n int) {
	s := step{did: placedPods, host: h, lot: l, n: int32(n), apart: claimsApart(l)}
	w.shift(h, l, n)
	h.placed = append(h.placed, share{lot: l, n: n})
	w.log = append(w.log, s)
}

// shift moves n pods of the lot to the host in all reckonings, or off it when n is
// negative.
func (w *world) shift(h *host, l *lot, n int) {
	h.free.Add(l.size, int64(-n))
	l.left -= n
	w.filters.Add(l.kind, &h.NodeInfo, n, l.evicted())
	if l.kind.Class.Depends() {
		h.dependent += n
		w.dependent += n
	}
}

// open buys a node.
func (w *world) open(t *template, reason LaunchReason) *host {
	w.effort.took(1 + w.filters.EligibleSets()) // each looks at the node
	h := &host{group: t.group, template: t, reason: reason, takes: true}
	w.filters.ExpectLimits(&h.NodeInfo)
	w.add(h)
	return h
}

// add puts a node to be bought among the others.
func (w *world) add(h *host) {
	h.template.take(1)
	h.equip(h.template)
	w.filters.AddNew(&h.NodeInfo, h.template.domains, h.template.kinds)
	w.hosts = append(w.hosts, h)
	w.log = append(w.log, step{did: openedHost, host: h})
}

// equip gives a host what the template says.
func (h *host) equip(t *template) {
	h.NodeClass, h.Labels, h.Taints = t.nodeClass, t.labels, t.taints
	h.alloc, h.free, h.yields = t.alloc, slices.Clone(t.unyielded), t.yields
	h.overhead = t.overhead
}

// close takes a node that is to go, and the pods bound to it, out of all reckonings.
func (w *world) close(h *host) {
	took := int32(0)
	if h.takes {
		took = 1
	}
	h.takes = false
	w.countBound(h, -1)
	w.log = append(w.log, step{did: closedHost, host: h, n: took})
}

// retire looks at a node that is to be replaced as if it were gone, apart from the room that
// it takes up under maxNodes and limits until it is.
func (w *world) retire(h *host) {
	h.retired = true
	h.group.kept--
	w.log = append(w.log, step{did: retiredHost, host: h})
}

// countBound counts a node with the pods bound to it in, or out with -1. A node is counted before its
// pods come and after they have gone: then no constraint has to look at it.
func (w *world) countBound(h *host, n int32) {
	if n > 0 {
		w.filters.AddNode(&h.NodeInfo, n)
	}
	for _, s := range h.bound {
		w.filters.Count(s.kind, &h.NodeInfo, n, s.leaves)
	}
	if n < 0 {
		w.filters.AddNode(&h.NodeInfo, n)
	}
}

// clear takes up the pods that the plan put on a host.
func (w *world) clear(h *host) {
	w.log = append(w.log, step{did: clearedHost, host: h, apart: &stepApart{placed: h.placed, claims: claimsOn(h)}})
	for _, s := range h.placed {
		w.shift(h, s.lot, -s.n)
	}
	h.placed = nil
}

// take takes n pods of the lot off the host.
func (w *world) take(h *host, l *lot, n int) {
	w.log = append(w.log, step{did: tookPods, host: h, lot: l, n: int32(n), apart: &stepApart{placed: h.placed, claims: l.kind.Class.Claims()}})
	rest, left := make([]share, 0, len(h.placed)), n
	for _, s := range h.placed {
		if s.lot == l {
			off := min(left, s.n)
			left, s.n = left-off, s.n-off
		}
		if s.n > 0 {
			rest = append(rest, s)
		}
	}
	h.placed = rest
	w.shift(h, l, -n)
}

// taking are the hosts on which pods can be put.
func (w *world) taking() []*host {
	return slices.DeleteFunc(slices.Clone(w.hosts), func(h *host) bool { return !h.takes })
}

// bought are the hosts that the plan buys.
func (w *world) bought() []*host { return w.hosts[w.existing:] }

// class finds the class of a pod.
func (w *world) class(p *Pod) *filter.Class {
	if c := w.filters.Known(p.rules); c != nil {
		return c
	}
	return w.filters.Read(p.rules, p.Object())
}

// locate works out the domains of every host and template and counts the pods that
// are there already.
func (w *world) locate() {
	for _, h := range w.hosts {
		w.filters.Locate(&h.NodeInfo)
	}
	for _, t := range w.templates {
		t.domains = w.filters.NewDomains(t.labels)
		for _, d := range t.daemons {
			t.kinds = append(t.kinds, d.kind)
		}
	}
	for _, h := range w.hosts {
		w.countBound(h, 1)
	}
}

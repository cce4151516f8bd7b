package plan

import (
	"fmt"
)

// world is the state that a plan is worked out on. Every change goes through
// place, open and their like, which keep a log, so that a what-if can be taken back.
type world struct {
	state *State
	dims  *dims

	groups      []*group // by name
	groupByName map[string]*group
	offers      map[offerKey]*Offer
	templates   []*template // of all groups, by group and type
	daemons     []*daemon
	classes     map[string]*class
	shapes      shapes
	// hosts are the existing and ordered nodes by name, then those to be bought in
	// the order of buying.
	hosts      []*host
	existing   int // how many of hosts are there already or on their way
	hostByName map[string]*host
	lots       []*lot // by priority, highest first
	// nominated are the pending pods for which kube-scheduler is making room.
	nominated []Placement
	// refused are the pending pods that are no question of room.
	refused []refusedPod

	log []step
}

// refusedPod is a pending pod that is turned down before any node is looked at.
type refusedPod struct {
	pod *Pod
	why refusal
}

// step is one entry of the log.
type step struct {
	did  deed
	host *host
	lot  *lot
	n    int
	// placed is what lay on a host that was cleared.
	placed []share
}

type deed uint8

const (
	placedPods deed = iota // n pods of lot put on host
	openedHost             // host bought
	closedHost             // host takes no more pods
	clearedHost            // the pods placed on host taken up again
)

// place puts n pods of the lot on the host, which has room for them.
func (w *world) place(h *host, l *lot, n int) {
	h.free.add(l.size, int64(-n))
	h.placed = append(h.placed, share{lot: l, n: n})
	l.left -= n
	w.log = append(w.log, step{did: placedPods, host: h, lot: l, n: n})
}

// open buys a node.
func (w *world) open(t *template, reason LaunchReason) *host {
	t.group.opened++
	t.stock.left--
	h := &host{
		name: fmt.Sprintf("%s-new-%d", t.group.Name, t.group.opened), group: t.group, template: t, reason: reason,
		shape: t.shape, labels: t.labels, taints: t.group.Taints, takes: true,
		alloc: t.alloc, free: append(vec(nil), t.free...), overhead: amountOf(t.alloc).minus(amountOf(t.free)),
	}
	w.hosts = append(w.hosts, h)
	w.log = append(w.log, step{did: openedHost, host: h})
	return h
}

// close keeps further pods off a host that is to go.
func (w *world) close(h *host) {
	h.takes = false
	w.log = append(w.log, step{did: closedHost, host: h})
}

// clear takes up the pods that the plan put on a host.
func (w *world) clear(h *host) {
	w.log = append(w.log, step{did: clearedHost, host: h, placed: h.placed})
	for _, s := range h.placed {
		h.free.add(s.lot.size, int64(s.n))
		s.lot.left += s.n
	}
	h.placed = nil
}

// mark is a point of the log to return to.
func (w *world) mark() int { return len(w.log) }

// revert takes back everything since the mark.
func (w *world) revert(mark int) {
	for i := len(w.log) - 1; i >= mark; i-- {
		s := w.log[i]
		switch s.did {
		case placedPods:
			s.host.free.add(s.lot.size, int64(s.n))
			s.host.placed = s.host.placed[:len(s.host.placed)-1]
			s.lot.left += s.n
		case openedHost:
			s.host.group.opened--
			s.host.template.stock.left++
			w.hosts = w.hosts[:len(w.hosts)-1]
		case closedHost:
			s.host.takes = true
		case clearedHost:
			s.host.placed = s.placed
			for _, p := range s.placed {
				s.host.free.add(p.lot.size, int64(-p.n))
				p.lot.left -= p.n
			}
		}
	}
	w.log = w.log[:mark]
}

// bought are the hosts that the plan buys.
func (w *world) bought() []*host { return w.hosts[w.existing:] }

// class finds the class of a pod.
func (w *world) class(p *Pod) *class {
	c, ok := w.classes[p.rules]
	if !ok {
		c = newClass(p)
		w.classes[p.rules] = c
	}
	return c
}

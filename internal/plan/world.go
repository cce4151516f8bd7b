package plan

import (
	"slices"
	"unique"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// world is the state that a plan is worked out on. Every change goes through
// place, open and their like, which keep a log, so that a what-if can be taken back.
type world struct {
	state *State
	dims  *resources.Dimensions

	groups      []*group // by name
	groupByName map[string]*group
	offers      map[OfferKey]*Offer
	templates   []*template // of all groups, by group and type
	daemons     []*daemon
	classes     map[unique.Handle[string]]*class
	shapes      shapes
	lessons     *lessons
	newNodes    map[newNodeKey]*newNode
	topology    *topology
	storage     *storage
	// hosts are the existing and ordered nodes by name, then those to be bought in
	// the order of buying.
	hosts      []*host
	existing   int // how many of hosts are there already or on their way
	hostByName map[string]*host
	lots       []*lot // by priority, highest first
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
	// usualLimits are the most volumes of each driver that a node of the groups takes.
	usualLimits map[string]int

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
	// template is what a host was before, became what it was made.
	template, became *template
}

type deed uint8

const (
	placedPods  deed = iota // n pods of lot put on host
	openedHost              // host bought
	closedHost              // host takes no more pods
	tookPods                // n pods of lot taken off host
	clearedHost             // the pods placed on host taken up again
	retypedHost             // host is of another template
	retiredHost             // host is looked at as gone
)

// place puts n pods of the lot on the host, which has room for them.
func (w *world) place(h *host, l *lot, n int) {
	w.shift(h, l, n)
	h.placed = append(h.placed, share{lot: l, n: n})
	w.log = append(w.log, step{did: placedPods, host: h, lot: l, n: n})
}

// shift moves n pods of the lot to the host in all reckonings, or off it when n is
// negative.
func (w *world) shift(h *host, l *lot, n int) {
	h.free.Add(l.size, int64(-n))
	l.left -= n
	if l.evicted() {
		// Nobody knows where they will be, so nothing may be placed for being beside them.
		w.countInWay(l.kind, h, int32(n))
	} else {
		w.count(l.kind, h, int32(n), false)
	}
	if v := l.kind.class.volumes; v != nil && len(v.unbound) > 0 {
		w.bind(l.kind.class, h, n)
	}
	if l.kind.class.depends() {
		h.dependent += n
		w.dependent += n
	}
	for _, p := range l.kind.class.ports {
		if n > 0 {
			h.ports = append(h.ports, p)
			continue
		}
		i := slices.Index(h.ports, p)
		h.ports = slices.Delete(h.ports, i, i+1)
	}
}

// open buys a node.
func (w *world) open(t *template, reason LaunchReason) *host {
	h := &host{group: t.group, template: t, reason: reason, takes: true, attached: w.usualAttachments()}
	w.add(h)
	return h
}

// add puts a node to be bought among the others.
func (w *world) add(h *host) {
	h.template.take(1)
	h.equip(h.template)
	w.settle(h)
	w.hosts = append(w.hosts, h)
	w.log = append(w.log, step{did: openedHost, host: h})
}

// equip gives a host what the template says.
func (h *host) equip(t *template) {
	h.shape, h.labels, h.taints = t.shape, t.labels, t.taints
	h.alloc, h.free, h.yields = t.alloc, slices.Clone(t.unyielded), t.yields
	h.overhead = t.overhead
}

// settle gives a node to be bought its place among the others, with the DaemonSet
// pods that will run on it.
func (w *world) settle(h *host) {
	h.domains = slices.Clone(h.template.domains)
	for i, d := range h.domains {
		if d == freshDomain {
			h.domains[i] = w.topology.keys[i].size
			w.topology.keys[i].size++
		}
	}
	w.countNode(h, 1)
	h.ports = h.ports[:0]
	for _, d := range h.template.daemons {
		w.count(d.kind, h, 1, false)
		h.ports = append(h.ports, d.class.ports...)
	}
}

// unsettle takes the node bought last away again.
func (w *world) unsettle(h *host) {
	for _, d := range h.template.daemons {
		w.count(d.kind, h, -1, false)
	}
	w.countNode(h, -1)
	for i, d := range h.template.domains {
		if d == freshDomain {
			w.topology.keys[i].size--
		}
	}
}

// close takes a node that is to go, and the pods bound to it, out of all reckonings.
func (w *world) close(h *host) {
	took := 0
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

func (w *world) countBound(h *host, n int32) {
	for _, s := range h.bound {
		w.count(s.kind, h, n, s.pod.leaves())
	}
	w.countNode(h, n)
}

// clear takes up the pods that the plan put on a host.
func (w *world) clear(h *host) {
	w.log = append(w.log, step{did: clearedHost, host: h, placed: h.placed})
	for _, s := range h.placed {
		w.shift(h, s.lot, -s.n)
	}
	h.placed = nil
}

// take takes n pods of the lot off the host.
func (w *world) take(h *host, l *lot, n int) {
	w.log = append(w.log, step{did: tookPods, host: h, lot: l, n: n, placed: h.placed})
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

// mark is a point of the log to return to.
func (w *world) mark() int { return len(w.log) }

// revert takes back everything since the mark.
func (w *world) revert(mark int) {
	for i := len(w.log) - 1; i >= mark; i-- {
		s := w.log[i]
		switch s.did {
		case placedPods:
			w.shift(s.host, s.lot, -s.n)
			s.host.placed = s.host.placed[:len(s.host.placed)-1]
		case openedHost:
			s.host.template.take(-1)
			w.unsettle(s.host)
			w.hosts = w.hosts[:len(w.hosts)-1]
		case closedHost:
			s.host.takes = s.n == 1
			w.countBound(s.host, 1)
		case retypedHost:
			w.become(s.host, s.template)
		case retiredHost:
			s.host.retired = false
			s.host.group.kept++
		case tookPods:
			s.host.placed = s.placed
			w.shift(s.host, s.lot, s.n)
		case clearedHost:
			s.host.placed = s.placed
			for _, p := range s.placed {
				w.shift(s.host, p.lot, p.n)
			}
		}
	}
	w.log = w.log[:mark]
}

// since are the changes since the mark, for redo.
func (w *world) since(mark int) []step { return slices.Clone(w.log[mark:]) }

// redo makes changes again that were taken back, from where they were made first.
func (w *world) redo(steps []step) {
	for _, s := range steps {
		switch s.did {
		case placedPods:
			w.place(s.host, s.lot, s.n)
		case openedHost:
			w.add(s.host)
		case closedHost:
			w.close(s.host)
		case retypedHost:
			w.retype(s.host, s.became)
		case retiredHost:
			w.retire(s.host)
		case tookPods:
			w.take(s.host, s.lot, s.n)
		case clearedHost:
			w.clear(s.host)
		}
	}
}

// taking are the hosts on which pods can be put.
func (w *world) taking() []*host {
	return slices.DeleteFunc(slices.Clone(w.hosts), func(h *host) bool { return !h.takes })
}

// bought are the hosts that the plan buys.
func (w *world) bought() []*host { return w.hosts[w.existing:] }

// class finds the class of a pod.
func (w *world) class(p *Pod) *class {
	c, ok := w.classes[p.rules]
	if !ok {
		c = newClass(p)
		w.classes[p.rules] = c
		if c.volumes = w.storage.read(p.Object()); c.volumes != nil {
			c.perHost = c.perHost || c.volumes.namesNodes()
		}
		w.topology.read(c)
	}
	return c
}

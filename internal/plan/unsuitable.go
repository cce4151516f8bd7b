package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// Unsuitable says that nodes of a type refuse some pods although what is ordered would
// take them. No further node of the type is bought for these pods, also when the node
// that proved it is gone.
type Unsuitable struct {
	Group, DatacenterID, InstanceType string
	// Pods is a hash of what the pods ask for, Example one of them as namespace/name.
	Pods, Example string
	// Node is the Kubernetes node that proved it.
	Node string
	// Reason and Message say how it refused them.
	Reason  RefusalReason
	Message string
	Since   time.Time
}

const (
	// UnsuitableFor is how long a proof counts that nothing repeats: what caused it may be
	// mended where the autoscaler cannot see it.
	UnsuitableFor = 24 * time.Hour
	// mostUnsuitable bounds the proofs of a group.
	mostUnsuitable = 20
)

// proveUnsuitable finds the types that are no help to pending pods, although what was
// ordered would be: a node of theirs with nothing but DaemonSet and static pods refuses
// the pods now, or did so before.
func (w *world) proveUnsuitable() {
	waiting := slices.DeleteFunc(slices.Clone(w.lots), func(l *lot) bool { return l.expendable || l.kind.Class.PerHost })
	known := map[string]Unsuitable{}
	for _, g := range w.groups {
		for _, u := range g.Unsuitable {
			if len(g.alike(&u)) > 0 && w.state.Now.Before(u.Since.Add(UnsuitableFor)) {
				u.Group = g.Name
				known[u.key()] = u
			}
		}
	}
	witnesses := map[*template][]witness{}
	if len(waiting) > 0 || len(known) > 0 {
		witnesses = w.witnesses(len(known) > 0)
	}
	for _, l := range waiting {
		for _, t := range w.templates {
			if len(witnesses[t]) == 0 && len(known) == 0 || !t.orderedHolds(w, l) {
				continue
			}
			u, proved := w.refusedBy(l, t, witnesses[t])
			if !proved && len(known) == 0 {
				continue
			}
			u.Group, u.DatacenterID, u.InstanceType, u.Pods, u.Since = t.group.Name, t.offer.DatacenterID, t.offer.InstanceType, w.fingerprint(l), w.state.Now
			before, remembered := known[u.key()]
			switch {
			case remembered && (proved || !before.contradicted(l, witnesses[t])):
				u = before
			case !proved:
				delete(known, u.key())
				continue
			}
			if l.barred == nil {
				l.barred = map[*template]refusal{}
			}
			l.barred[t] = refusal{u.Reason, u.Message}
			if !proved {
				l.barred[t] = refusal{u.Reason, fmt.Sprintf("%s; so it was at %s, and is tried again at %s or when the NodeGroup is changed",
					u.Message, clock(u.Since), clock(u.Since.Add(UnsuitableFor)))}
			}
			if !remembered {
				l.proofs = append(l.proofs, u)
			}
		}
	}
	for _, u := range known {
		w.unsuitable = append(w.unsuitable, u) // also without its pods, which may come back
	}
}

// bar keeps from buying for pods that run already what would not be bought for the like of
// them that wait.
func (w *world) bar(lots []*lot) {
	w.barUnaskedOf(lots)
	if len(w.unsuitable) == 0 {
		return
	}
	for _, l := range lots {
		pods := w.fingerprint(l)
		for _, u := range w.unsuitable {
			if u.Pods != pods {
				continue
			}
			for _, t := range w.groupByName[u.Group].alike(&u) {
				if l.barred == nil {
					l.barred = map[*template]refusal{}
				}
				l.barred[t] = refusal{u.Reason, u.Message}
			}
		}
	}
}

// provedUnsuitable are the proofs to remember, those of before and what pods have now
// proved for which the nodes that are there are not enough; of each group the newest.
func (w *world) provedUnsuitable() []Unsuitable {
	list := w.unsuitable
	there := map[*lot]int{}
	for _, h := range w.hosts[:w.existing] {
		for _, s := range h.placed {
			there[s.lot] += s.n
		}
	}
	for _, l := range w.lots {
		if there[l] < len(l.pods) {
			list = append(list, l.proofs...)
		}
	}
	slices.SortFunc(list, func(a, b Unsuitable) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), b.Since.Compare(a.Since), cmp.Compare(a.key(), b.key()))
	})
	counts := map[string]int{}
	list = slices.DeleteFunc(list, func(u Unsuitable) bool {
		counts[u.Group]++
		return counts[u.Group] > mostUnsuitable
	})
	slices.SortFunc(list, func(a, b Unsuitable) int { return cmp.Compare(a.key(), b.key()) })
	// Lots that differ in priority alone prove the same.
	return slices.CompactFunc(list, func(a, b Unsuitable) bool { return a.key() == b.key() })
}

func (u *Unsuitable) key() string {
	return u.Group + "/" + u.InstanceType + "/" + u.DatacenterID + "/" + u.Pods
}

// alike are the group's templates of which a node has proved it, on demand and as a spot instance.
func (g *group) alike(u *Unsuitable) []*template {
	return slices.DeleteFunc(slices.Clone(g.ofType(u.InstanceType)), func(t *template) bool { return t.offer.DatacenterID != u.DatacenterID })
}

// contradicted says that the node takes the pods now, or that one does which is newer.
func (u *Unsuitable) contradicted(l *lot, witnesses []witness) bool {
	return slices.ContainsFunc(witnesses, func(x witness) bool {
		return (x.host.node.Object.Name == u.Node || x.created.After(u.Since)) && x.takes(l)
	})
}

// refusedBy says which node proves that the template is no help to the lot, and how.
func (w *world) refusedBy(l *lot, t *template, witnesses []witness) (Unsuitable, bool) {
	for _, x := range witnesses {
		if !x.vacant || x.takes(l) {
			continue
		}
		tainted := l.kind.Class.On(x.nodeClass) == filter.Suits|filter.Repelled
		refuted := slices.ContainsFunc(witnesses, func(o witness) bool {
			// One node alone may have been tainted by hand.
			return o.takes(l) && (tainted || o.created.After(x.created))
		})
		if !refuted {
			why := w.objection(l, t, &x)
			return Unsuitable{
				Example: l.pods[0].name(), Node: x.host.node.Object.Name, Reason: why.reason,
				Message: fmt.Sprintf("node %s of it has nothing but DaemonSet and static pods and refuses it: %s", x.host.node.Object.Name, why.message),
			}, true
		}
	}
	// What all nodes show is part of the template already; it is remembered when they go.
	if shownBy := t.newNode.shownBy; shownBy != "" && !t.holds(l) {
		why := w.misfit(l, t)
		return Unsuitable{Example: l.pods[0].name(), Node: shownBy, Reason: why.reason, Message: why.message}, why.reason != ""
	}
	return Unsuitable{}, false
}

// orderedHolds says whether the template would hold a pod of the lot as it was ordered.
func (t *template) orderedHolds(w *world, l *lot) bool {
	return t.holds(l) || l.kind.Class.On(w.orderedShape(t)) == filter.Suits && w.orderedRoom(t).Fits(l.size)
}

func (w *world) orderedShape(t *template) *filter.NodeClass {
	if t.orderedClass == nil {
		t.orderedClass = w.filters.NewNodeClass("\x00", withHostname(t.newNode.ordered), w.state.Options.Of(t.group.Group).lastingTaints(t.group.Taints), false)
	}
	return t.orderedClass
}

// orderedRoom is what the DaemonSets' templates would leave of what was ordered.
func (w *world) orderedRoom(t *template) resources.Vector {
	list, own := t.group.Allocatable[t.offer.Key()]
	if !own {
		list = t.offer.Allocatable
	}
	if !own && t.offer.Ordered != nil {
		list = t.offer.Ordered
	}
	room := w.dims.Amounts(list)
	for _, d := range w.daemons {
		if d.set != nil && !w.expendable(d.pod) && d.class.On(t.nodeClass) == filter.Suits {
			w.dims.AddSize(room, &d.pod.requests, -1)
		}
	}
	return room
}

// fingerprint is the same for pods that ask for the same.
func (w *world) fingerprint(l *lot) string {
	if l.fingerprint == "" {
		var b filter.KeyBuilder
		b.Text('c', l.kind.Class.Key.Value())
		for i, name := range w.dims.Names {
			if l.size[i] != 0 {
				b.Text('n', string(name))
				b.Number(int(l.size[i]))
			}
		}
		sum := sha256.Sum256(b.Buf)
		l.fingerprint = hex.EncodeToString(sum[:8])
	}
	return l.fingerprint
}

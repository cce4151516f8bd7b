package plan

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// witness is a node that is there, as it would be with only DaemonSet and static pods.
type witness struct {
	host      *host
	nodeClass *filter.NodeClass
	// room is what its own pods leave, unyielded that without what preemption frees.
	room, unyielded resources.Vector
	// vacant: there are no other pods on it.
	vacant  bool
	created time.Time
}

// witnesses are the nodes that show what their template is worth, those that are alike
// once, by name. Where none is vacant, nothing can be proved anew: without anything known that they could
// contradict, the first stands for them all.
func (w *world) witnesses(known bool) map[*template][]witness {
	all := map[*template][]witness{}
	registered := w.registered()
	for _, t := range w.templates {
		hosts := registered[t]
		if len(hosts) == 0 {
			continue
		}
		if !known && !slices.ContainsFunc(hosts, (*host).vacant) {
			hosts = hosts[:1]
		}
		all[t] = w.testimony(t, hosts)
	}
	return all
}

// registered are the nodes that show what they have, by template.
func (w *world) registered() map[*template][]*host {
	all := map[*template][]*host{}
	for _, h := range w.hosts[:w.existing] {
		n := h.node
		registered := n.State == Ready || n.State == Ordered && n.Object != nil && len(n.Object.Status.Allocatable) > 0
		if !registered || n.Object == nil || h.group == nil || h.Cordoned {
			continue
		}
		if t := h.group.template(n.Offer()); t != nil {
			all[t] = append(all[t], h)
		}
	}
	return all
}

// vacant says that no other pods are on the node than its own.
func (h *host) vacant() bool {
	return !slices.ContainsFunc(h.bound, func(s seated) bool { return !s.stays })
}

// testimony are the template's nodes as witnesses, those that are alike once.
func (w *world) testimony(t *template, hosts []*host) []witness {
	var all []witness
	for _, h := range hosts {
		x := w.witness(h, t)
		same := func(o witness) bool {
			return o.nodeClass == x.nodeClass && o.vacant == x.vacant && !x.created.After(o.created) && slices.Equal(o.room, x.room) && slices.Equal(o.unyielded, x.unyielded)
		}
		if !slices.ContainsFunc(all, same) {
			all = append(all, x)
		}
	}
	return all
}

func (w *world) witness(h *host, t *template) witness {
	var taints []corev1.Taint
	for _, taint := range w.optionsOf(h).lastingTaints(h.Taints) {
		if !passing(&taint) {
			taints = append(taints, taint)
		}
	}
	x := witness{
		host: h, nodeClass: w.filters.NodeClassOf(shownLabels(h, t), taints, false), room: slices.Clone(h.alloc), vacant: h.vacant(),
		created: h.node.Object.CreationTimestamp.Time,
	}
	var yields resources.Vector
	for _, s := range h.bound {
		switch {
		case !s.stays:
		case w.expendable(s.pod) && !isMirrorPod(s.pod.meta):
			if yields == nil {
				yields = make(resources.Vector, len(w.dims.Names))
			}
			w.dims.AddSize(yields, &s.pod.requests, 1)
		default:
			w.dims.AddSize(x.room, &s.pod.requests, -1)
		}
	}
	x.unyielded = x.room
	if yields != nil {
		x.unyielded = slices.Clone(x.room)
		x.unyielded.Add(yields, -1)
	}
	return x
}

// shownLabels are the labels of a node of the template as a witness has them. What is missing of those that the
// autoscaler and the kubelet put on is on its way back; what the offer says of its nodes is given by a person.
func shownLabels(h *host, t *template) map[string]string {
	ordered := t.newNode.ordered
	complete := len(t.offer.Labels) == 0
	for key := range ordered {
		_, has := h.Labels[key]
		complete = complete && has
	}
	if complete {
		return h.Labels
	}
	labels := maps.Clone(ordered)
	for key, value := range h.Labels {
		if _, given := t.offer.Labels[key]; !given {
			labels[key] = value
		}
	}
	return labels
}

func (x *witness) roomFor(l *lot) resources.Vector {
	if l.preempts {
		return x.room
	}
	return x.unyielded
}

// takes says whether the node would take a pod of the lot, were no others on it.
func (x *witness) takes(l *lot) bool {
	return l.kind.Class.On(x.nodeClass) == filter.Suits && x.roomFor(l).Fits(l.size)
}

// objection says how the node refuses pods of the lot.
func (w *world) objection(l *lot, t *template, x *witness) refusal {
	expected := maps.Clone(t.labels)
	maps.Copy(expected, t.newNode.ordered)
	why := refusalOf(l.kind.Class.RefusedBy(x.nodeClass))
	switch why.reason {
	case "":
	case NodeAffinity:
		why.message += differing(l.kind.Class.Asks(), x.nodeClass.Node.Labels, expected, "")
		return why
	default:
		return why
	}
	return refusal{InsufficientResource, "asks for more than it has: " + w.shortage(l.size, x.roomFor(l)) + w.overheadOf(x.host.alloc, x.room)}
}

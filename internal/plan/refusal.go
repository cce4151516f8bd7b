package plan

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// unplaced names the pods without a place and says why, type by type. Pods that are
// alike share one list of refusals, which is only made here, for those that need it.
func (w *world) unplaced() []Unplaced {
	out := []Unplaced{}
	for _, r := range w.refused {
		out = append(out, Unplaced{Pod: r.pod.name(), Refusals: []Refusal{{Reason: r.why.reason, Message: r.why.message}}})
	}
	for _, l := range w.lots {
		if l.left == 0 {
			continue
		}
		refusals := w.refusals(l)
		for _, p := range l.pods[len(l.pods)-l.left:] {
			out = append(out, Unplaced{Pod: p.name(), Refusals: refusals})
		}
	}
	slices.SortFunc(out, func(a, b Unplaced) int { return strings.Compare(a.Pod, b.Pod) })
	return out
}

func (w *world) refusals(l *lot) []Refusal {
	if l.expendable {
		return []Refusal{{Reason: ScaleUpDisabled, Message: fmt.Sprintf(
			"priority %d is below %d: such pods use free room but buy no node", l.priority, w.state.Options.ExpendablePriorityCutoff)}}
	}
	if !l.notBefore.IsZero() {
		return []Refusal{{Reason: Stabilizing, Message: fmt.Sprintf("annotated %s: no node is bought for it before %s", scaleUpDelay, clock(l.notBefore))}}
	}
	out := []Refusal{}
	for _, g := range w.groups {
		if g.Deleting {
			continue
		}
		if g.Blocked != "" && len(g.templates) == 0 {
			out = append(out, Refusal{Group: g.Name, Reason: g.blocked().reason, Message: g.Blocked})
			continue
		}
		for _, k := range g.Buys() {
			why, ok := noSuchOffer(k), !g.optional(k)
			if closed := g.closedIn(k.DatacenterID, w.state.Now); closed.reason != "" && ok {
				why = closed
			}
			if t := g.template(k); t != nil {
				if why, ok = w.refusal(l, t); !ok {
					why, ok = notSettled(l)
				}
			}
			if ok {
				out = append(out, g.refused(k, why))
			}
		}
	}
	if len(out) == 0 {
		return []Refusal{{Reason: NoNodeGroup, Message: "there is no NodeGroup to buy a node for it"}}
	}
	return out
}

// refusal says why a template is no answer for the lot: what would stay so however
// many could be bought comes first.
func (w *world) refusal(l *lot, t *template) (refusal, bool) {
	if why := w.misfit(l, t); why.reason != "" {
		return why, true
	}
	if why := l.barred[t]; why.reason != "" {
		return why, true
	}
	g := t.group
	switch {
	case !t.allowed():
		return refusal{OfferingUnavailable, fmt.Sprintf("the NodeGroup does not mix instance types and has %s", g.onlyType)}, true
	case g.closed.reason != "":
		return g.closed, true
	case t.barred.reason != "":
		return t.barred, true
	case g.room() == 0:
		return g.full(), true
	case t.left() <= 0:
		return t.soldOut(), true
	}
	if why := t.beyond(); why.reason != "" {
		return why, true
	}
	if why := w.crowding(l, t); why.reason != "" {
		return why, true
	}
	return refusal{}, false
}

// misfit says why one pod of the lot does not fit an empty node of the template.
func (w *world) misfit(l *lot, t *template) refusal {
	switch why := refusalOf(l.kind.Class.RefusedBy(t.nodeClass)); why.reason {
	case "":
	case TaintNotTolerated:
		taint, _ := l.kind.Class.Untolerated(t.taints)
		if !slices.ContainsFunc(t.group.Taints, func(own corev1.Taint) bool { return own.MatchTaint(&taint) }) {
			why.message += ", which all nodes of it have, such as " + t.newNode.shownBy
		}
		return why
	case NodeAffinity:
		why.message = "nodes of it do not match " + l.kind.Class.Wants() +
			differing(l.kind.Class.Asks(), t.labels, t.newNode.ordered, t.newNode.like())
		return why
	default:
		return why
	}
	if room := t.roomFor(l); !room.Fits(l.size) {
		message := "asks for more than a node of it has: " + w.shortage(l.size, room)
		if t.alloc.Fits(l.size) || w.orderedRoom(t).Fits(l.size) {
			message += w.overheadOf(t.alloc, room)
		}
		return refusal{InsufficientResource, message}
	}
	return w.besideOthers(l, t)
}

// besideOthers says what about other pods keeps a pod of the lot off a node of the
// template, were it bought on top of the plan.
func (w *world) besideOthers(l *lot, t *template) refusal {
	if l.kind.Free() || w.effort.spent() {
		return refusal{}
	}
	mark := w.fork()
	defer w.revert(mark)
	h := w.open(t, PendingPods)
	return refusalOf(w.filters.Why(l.kind, &h.NodeInfo))
}

// refusalOf is what a filter says, as a refusal.
func refusalOf(r filter.Refusal) refusal { return refusal{RefusalReason(r.Reason), r.Message} }

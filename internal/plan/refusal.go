package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
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
			why, ok := noSuchOffer(k), true
			if closed := g.closedIn(k.DatacenterID, w.state.Now); closed.reason != "" {
				why = closed
			}
			if t := g.template(k); t != nil {
				why, ok = w.refusal(l, t)
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
	switch v := l.kind.class.on(t.shape); {
	case v&repelled != 0:
		taint, _ := l.kind.class.untolerated(t.taints)
		message := "does not tolerate taint " + taint.ToString()
		if !slices.ContainsFunc(t.group.Taints, func(own corev1.Taint) bool { return own.MatchTaint(&taint) }) {
			message += ", which all nodes of it have, such as " + t.newNode.shownBy
		}
		return refusal{TaintNotTolerated, message}
	case v&mismatched != 0:
		return refusal{NodeAffinity, "nodes of it do not match " + l.kind.class.wants() +
			differing(l.kind.class.asks(), t.labels, t.newNode.ordered, t.newNode.like())}
	}
	if l.kind.class.on(t.shape)&misplaced != 0 {
		return refusal{VolumeZone, l.kind.class.volumes.obstacle(t.shape.node)}
	}
	if room := t.roomFor(l); !room.Fits(l.size) {
		message := "asks for more than a node of it has: " + w.shortage(l.size, room)
		if w.orderedRoom(t).Fits(l.size) {
			message += w.overheadOf(t.alloc, room)
		}
		return refusal{InsufficientResource, message}
	}
	return w.unsociable(l, t)
}

// wants spells out the class's node constraints.
func (c *class) wants() string {
	spec := c.sample.spec
	var parts []string
	if len(spec.NodeSelector) > 0 {
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
			pairs = append(pairs, key+"="+spec.NodeSelector[key])
		}
		parts = append(parts, "its nodeSelector ("+strings.Join(pairs, ", ")+")")
	}
	if terms := requiredTerms(spec); len(terms) > 0 {
		parts = append(parts, "its required node affinity ("+termsText(terms)+")")
	}
	return strings.Join(parts, " and ")
}

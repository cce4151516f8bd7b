package plan

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// scattered says that a topology spread constraint of the lot has fewer domains than
// its minDomains. Until it has them the smallest count is taken for 0, so every domain
// admits only maxSkew pods, and a node that is bought for more of them stays empty.
func (l *lot) scattered() bool {
	return l.left > 0 && l.buys() && l.kind.Class.LacksDomains()
}

// scattered are those of the lots that lack domains.
func scattered(lots []*lot) []*lot {
	return slices.DeleteFunc(slices.Clone(lots), func(l *lot) bool { return !l.scattered() })
}

// openDomains buys the nodes that bring the lots' spread constraints to their
// minDomains, one pod on each, and then fills them evenly.
func (w *world) openDomains(lots []*lot, a aim) {
	for _, l := range lots {
		w.fill(l, w.taking())
		for l.scattered() {
			t := w.domainFor(l, a)
			if t == nil {
				break
			}
			w.stack(w.open(t, PendingPods), l, 1)
			w.fill(l, w.taking())
		}
	}
}

// domainFor is the template whose nodes serve the lot most cheaply, of those of which
// another node is one more domain and takes a pod of it; nil for none.
func (w *world) domainFor(l *lot, a aim) *template {
	var best *template
	least := math.Inf(1)
	for _, t := range w.templates {
		if a.leavesOut(t) || t.group.closed.reason != "" || t.buyable() == 0 || !w.preferredOnly(l, t) || !t.holds(l) {
			continue
		}
		// The pods are on as many nodes as domains are missing, at least.
		nodes := max(l.kind.Class.MissingDomains(), (l.left-1)/max(t.roomFor(l).Times(l.size, l.left), 1)+1)
		if price := float64(nodes) * float64(t.offer.Price); price < least && w.opensDomain(l, t) {
			best, least = t, price
		}
	}
	return best
}

// opensDomain says whether one more node of the template is a domain that a constraint
// of the lot lacks, and takes a pod of it.
func (w *world) opensDomain(l *lot, t *template) bool {
	lacking := map[*filter.Spread]int32{}
	for _, s := range l.kind.Class.Lacking() {
		lacking[s] = s.OpenDomains()
	}
	mark := w.fork()
	defer w.revert(mark)
	h := w.open(t, PendingPods)
	for s, before := range lacking {
		if s.OpenDomains() > before {
			return w.most(l, h, 1) > 0
		}
	}
	return false
}

package plan

import (
	"cmp"
	"fmt"
)

// replace buys machines in the place of nodes whose pods fit nowhere. What they hold is worked
// out for all such nodes together, as if these were gone, so that no room is counted on twice.
func (w *world) replace(all []*rollout) {
	type purchase struct {
		templates []*template
		replaces  *host
	}
	var purchases []purchase
	mark := w.fork()
	for _, ro := range all {
		for _, c := range ro.buys {
			templates, why := ro.successorsFor(c)
			if why.reason != "" {
				ro.keep(c, why)
				continue
			}
			purchases = append(purchases, purchase{templates, c.host})
		}
	}
	w.revert(mark)
	for _, p := range purchases {
		for _, t := range p.templates {
			w.open(t, Replacement).replaces = []string{p.replaces.Name}
		}
	}
}

// successorsFor finds the machines with which the node's pods have a place when it is gone, and
// leaves them in the plan.
func (ro *rollout) successorsFor(c *candidate) ([]*template, keep) {
	r, w, g := ro.r, ro.r.w, ro.group
	mark := w.fork()
	set(w, &r.targets, ro.targets(c.host))
	r.startOver()
	lots := r.lift(c)
	for _, l := range lots {
		r.settle(l)
	}
	var bought []*template
	for missing := true; missing; {
		t := ro.best(lots, c.host.node.DatacenterID)
		if t == nil {
			w.revert(mark)
			return nil, keep{reason: KeptNoReplacement, message: ro.none(lots)}
		}
		bought = append(bought, t)
		n := w.open(t, Replacement)
		missing = w.stackAll(n, lots) > 0
		setKey(w, r.loads, g, r.loads[g].plus(n.load()))
	}
	return bought, keep{}
}

// stackAll puts what it can of the lots on the host, and says how many pods are left.
func (w *world) stackAll(h *host, lots []*lot) int {
	left := 0
	for _, l := range lots {
		w.stack(h, l, l.left)
		left += l.left
	}
	return left
}

// best is the template of which one machine serves the lots best: it holds all that is left of
// them, and most of them otherwise; it keeps the group below its scale-up thresholds; it is the
// preferred one; it is cheap, where a group that is balanced reckons other datacenters than that
// of the node dearer. Nil when none holds any.
func (ro *rollout) best(lots []*lot, home string) *template {
	w, g := ro.r.w, ro.group
	waiting := 0
	for _, l := range lots {
		waiting += l.left
	}
	type rating struct {
		left, tight, other int
		price              Money
	}
	var best *template
	var least rating
	for _, t := range g.templates {
		if t.buyable() == 0 || t.offer.Spot && g.overSpot(0, 1) { // The node that it replaces goes.
			continue
		}
		mark := w.fork()
		h := w.open(t, Replacement)
		is := rating{left: w.stackAll(h, lots), price: t.offer.Price}
		if l := ro.r.loads[g].plus(h.load()); g.ScaleUp.Enabled && l.reaches(g.ScaleUp.CPU, g.ScaleUp.Memory) {
			is.tight = 1
		}
		if t.offer.InstanceType != g.Preferred {
			is.other = 1
		}
		if is.price *= 100; g.Balanced && t.offer.DatacenterID != home {
			is.price = t.offer.Price * (100 + balanceWithin)
		}
		_, spoilt := w.turnedOut(1, nil)
		w.revert(mark)
		if spoilt != nil && w.dependent > 0 || waiting > 0 && is.left == waiting {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(is.left, least.left), cmp.Compare(is.tight, least.tight), cmp.Compare(is.other, least.other), cmp.Compare(is.price, least.price)) < 0 {
			best, least = t, is
		}
	}
	return best
}

// none says why no machine can be bought for the lots.
func (ro *rollout) none(lots []*lot) string {
	g := ro.group
	switch full := g.full(); full.reason {
	case "":
	case MaxNodesReached:
		return fmt.Sprintf("no machine can be bought in its place: the NodeGroup has its %d nodes; raise maxNodes by one for the time of the roll-out", g.Max)
	default:
		return "no machine can be bought in its place: " + full.message
	}
	why := "the NodeGroup has no instance type on sale"
	for _, t := range g.templates {
		switch {
		case t.buyable() > 0:
			for _, l := range lots {
				if l.left > 0 {
					return "no new node would take pod " + l.pods[len(l.pods)-l.left].name()
				}
			}
			return "without it the constraints of other pods would not be met"
		case t.barred.reason != "":
			why = t.barred.message
		case t.within() == 0:
			why = t.beyond().message
		}
	}
	return "no machine can be bought in its place: " + why
}

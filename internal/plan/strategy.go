package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// aim is one way to go about buying; several are tried and the best result is kept.
type aim struct {
	// perNode rates a node by what it holds rather than by what it holds for its
	// price: more pods fit when the number of nodes is what binds.
	perNode bool
	// byPriority serves the pods of a higher priority before it looks at the next.
	byPriority bool
	// smallest serves the smallest pods of a priority first, and counts pods whatever their size.
	smallest bool
	// minFirst buys what the groups owe to their minimum before anything else, so
	// that pods can use it.
	minFirst bool
	// roomFirst buys besides the head-room that groups lack before any pod gets a node, so
	// that pods can use it as far as it stays head-room.
	roomFirst bool
	// byResource values pods by the resources they take alone.
	byResource bool
	// oneByOne fills nodes one by one with what is left, without first buying the
	// patterns that are needed many times.
	oneByOne bool
	// domainsLast buys for the other pods before it opens the domains that spread
	// constraints lack to their minDomains.
	domainsLast bool
	// apart packs pods that have to be on one node one by one, as any others; zoned packs
	// those that have to be in one zone, or the like, on one node too.
	apart, zoned bool
	// belowThreshold fills the nodes that are bought only so far that their groups need no
	// head-room for them.
	belowThreshold bool
	// together buys for fickle pods along with the others, not after them.
	together bool
	// evenly buys first for pods that spread by hostname, as many on every node.
	evenly bool
	// without is an instance type that is not bought in any group that does not prefer it, for
	// the sake of what else that leads to; avoids is a group for which nothing is.
	without string
	avoids  *group
	// floor is the lowest tier that is bought of.
	floor int32
}

// bare is the aim without what it leaves out for the sake of something else.
func (a aim) bare() aim {
	a.without, a.avoids, a.belowThreshold = "", nil, false
	return a
}

// leavesOut says that the template is not bought for pods that another serves.
func (a aim) leavesOut(t *template) bool {
	without := t.offer.InstanceType == a.without && t.offer.InstanceType != t.group.Preferred
	return without || t.group == a.avoids || t.group.Priority < a.floor
}

// buyFor buys nodes for the lots until none is left or nothing can be bought.
func (w *world) buyFor(lots []*lot, a aim) {
	if !a.byPriority {
		w.buyTiers(lots, a)
		return
	}
	for len(lots) > 0 {
		end := slices.IndexFunc(lots, func(l *lot) bool { return l.priority != lots[0].priority })
		if end < 0 {
			end = len(lots)
		}
		w.buyTiers(lots[:end], a)
		for _, l := range lots[end:] {
			w.fill(l, w.bought())
		}
		lots = lots[end:]
	}
}

// buyBand places pods first that have to be together. Then it opens the domains that
// spread constraints lack, and lets the other pods use these nodes as well; or the other
// way round.
func (w *world) buyBand(lots []*lot, a aim) {
	w.buyTogether(lots, a)
	lacking := scattered(lots)
	if len(lacking) == 0 {
		w.buyDense(lots, a)
		return
	}
	if a.domainsLast {
		w.buyDense(slices.DeleteFunc(slices.Clone(lots), (*lot).scattered), a)
	}
	w.openDomains(lacking, a)
	w.fillAll(lots, w.bought())
	w.buyDense(lots, a)
}

// buyDense serves fickle pods last, unless they are to be bought for together with the others,
// and the preferred types first: for a pod that fits its group's preferred type no other is
// bought as long as that one can be. What must be of other types is bought before, so that the
// room that is left there is used.
func (w *world) buyDense(lots []*lot, a aim) {
	if slices.ContainsFunc(w.groups, func(g *group) bool { return g.Preferred != "" && g.AllowMixed }) {
		before := len(w.hosts)
		w.newBuyer(lots, a, (*world).unpreferred).buy()
		w.fillAll(lots, w.hosts[before:])
		w.newBuyer(lots, a, (*world).preferredOnly).buy()
	}
	anyType := func(*world, *lot, *template) bool { return true }
	if steady := slices.DeleteFunc(slices.Clone(lots), (*lot).fickle); len(steady) < len(lots) && !a.together {
		w.newBuyer(steady, a, anyType).buy()
		w.fillAll(lots, w.bought())
	}
	w.newBuyer(lots, a, anyType).buy()
}

// fickle says that pods of the lot spread by pods that they are not among: where they
// may go changes with every one of these.
func (l *lot) fickle() bool { return l.kind.SpreadsByOthers() }

// preferredOnly leaves a lot a group's other types only when it does not fit the
// preferred one or that cannot be bought.
func (w *world) preferredOnly(l *lot, t *template) bool {
	return t.group.Preferred == "" || t.group.Preferred == t.offer.InstanceType || !t.group.prefers(l)
}

// unpreferred leaves to other types the lots that no group's preferred one serves.
func (w *world) unpreferred(l *lot, t *template) bool {
	return w.preferredOnly(l, t) && !slices.ContainsFunc(w.groups, func(g *group) bool { return g.prefers(l) })
}

// prefers says whether the group has a preferred type that can be bought and that the
// lot fits.
func (g *group) prefers(l *lot) bool {
	return slices.ContainsFunc(g.ofType(g.Preferred), func(t *template) bool {
		return t.barred.reason == "" && t.left() > 0 && t.holds(l)
	})
}

// holds says whether one pod of the lot fits an empty node of the template.
func (t *template) holds(l *lot) bool { return t.admits(l) && t.roomFor(l).Fits(l.size) }

// admits says whether pods of the lot may be on nodes of the template, size apart.
func (t *template) admits(l *lot) bool {
	return l.kind.Class.On(t.nodeClass) == filter.Suits && (len(l.barred) == 0 || l.barred[t].reason == "")
}

// roomFor is the room for pods of the lot on an empty node; it is not to be changed.
func (t *template) roomFor(l *lot) resources.Vector {
	if l.preempts {
		return t.free
	}
	return t.unyielded
}

// chooser says whether a lot may be bought a template for.
type chooser func(*world, *lot, *template) bool

// buyMinimum buys what the groups owe to their minimum: the preferred type, else
// the cheapest.
func (w *world) buyMinimum() {
	for _, g := range w.groups {
		for g.owed() > 0 {
			t := g.standard()
			if t == nil {
				break
			}
			w.open(t, MinNodes)
		}
	}
}

// standard is the type a group gets when no pod decides: the preferred one while it
// can be bought, else the cheapest, of equal prices the larger.
func (g *group) standard() *template {
	if t := cheapestOf(g.ofType(g.Preferred)); t != nil {
		return t
	}
	return cheapestOf(g.templates)
}

// cheapestOf is the one that can be bought and costs least, of equal prices the larger.
func cheapestOf(templates []*template) *template {
	var best *template
	for _, t := range templates {
		if t.buyable() == 0 {
			continue
		}
		if best == nil || t.offer.Price < best.offer.Price ||
			t.offer.Price == best.offer.Price && t.free.Covers(best.free) && !best.free.Covers(t.free) {
			best = t
		}
	}
	return best
}

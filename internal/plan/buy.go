package plan

import (
	"slices"
)

// aim is one way to go about buying; several are tried and the best result is kept.
type aim struct {
	// perNode rates a node by what it holds rather than by what it holds for its
	// price: more pods fit when the number of nodes is what binds.
	perNode bool
	// byPriority serves the pods of a higher priority before it looks at the next.
	byPriority bool
	// minFirst buys what the groups owe to their minimum before anything else, so
	// that pods can use it.
	minFirst bool
}

// pattern is a way to fill one node of a template.
type pattern struct {
	template *template
	shares   []share
	// rating is what the pods on it are worth for what it costs.
	rating float64
}

// buyFor buys nodes for the lots until none is left or nothing can be bought.
func (w *world) buyFor(lots []*lot, a aim) {
	if !a.byPriority {
		w.buyBand(lots, a)
		return
	}
	for len(lots) > 0 {
		end := slices.IndexFunc(lots, func(l *lot) bool { return l.priority != lots[0].priority })
		if end < 0 {
			end = len(lots)
		}
		w.buyBand(lots[:end], a)
		for _, l := range lots[end:] {
			w.fill(l, w.bought())
		}
		lots = lots[end:]
	}
}

// buyBand serves the preferred types first: a pod that fits its group's preferred
// type goes there as long as that can be bought.
func (w *world) buyBand(lots []*lot, a aim) {
	w.buyFrom(lots, a, (*world).preferredOnly)
	w.buyFrom(lots, a, func(w *world, l *lot, t *template) bool { return true })
}

// preferredOnly leaves a lot a group's other types only when it does not fit the
// preferred one or that cannot be bought.
func (w *world) preferredOnly(l *lot, t *template) bool {
	if t.group.Preferred == "" || t.group.Preferred == t.offer.InstanceType {
		return true
	}
	preferred := t.group.template(t.group.Preferred)
	return preferred == nil || preferred.barred.reason != "" || preferred.stock.left == 0 || !preferred.holds(l)
}

// holds says whether one pod of the lot fits an empty node of the template.
func (t *template) holds(l *lot) bool {
	return l.kind.class.on(t.shape) == suits && t.free.fits(l.size)
}

// buyFrom buys the best-rated pattern, as often as demand and limits allow, until
// no pattern is left.
func (w *world) buyFrom(lots []*lot, a aim, choice chooser) {
	for {
		left := slices.DeleteFunc(slices.Clone(lots), func(l *lot) bool { return l.left == 0 || l.expendable })
		open := slices.DeleteFunc(slices.Clone(w.templates), func(t *template) bool {
			return t.group.closed.reason != "" || t.buyable() == 0
		})
		if len(left) == 0 || len(open) == 0 {
			return
		}
		best := w.bestPattern(left, open, a, choice)
		if best.template == nil {
			return
		}
		w.apply(best)
		w.fillAll(slices.DeleteFunc(left, func(l *lot) bool { return !l.kind.class.depends() }), w.taking())
	}
}

// chooser says whether a lot may be bought a template for.
type chooser func(*world, *lot, *template) bool

func (w *world) bestPattern(lots []*lot, open []*template, a aim, choice chooser) pattern {
	demand := make(vec, len(w.dims.names))
	for _, l := range lots {
		demand.add(l.size, int64(l.left))
	}
	worth := worths(demand, open)
	var best pattern
	for _, t := range open {
		p := w.pack(t, lots, worth, choice)
		if len(p.shares) == 0 {
			continue
		}
		if !a.perNode {
			p.rating /= max(float64(t.offer.Price), 1)
		}
		if best.template == nil || p.rating > best.rating*(1+1e-9) {
			best = p
		}
	}
	return best
}

// pack fills a node of the template with the lots in their order, as a what-if. A
// pod is worth what its resources are, and at the least a little, so that pods that
// ask for nothing count too.
func (w *world) pack(t *template, lots []*lot, worth []float64, choice chooser) pattern {
	mark := w.mark()
	defer w.revert(mark)
	p := pattern{template: t}
	h := w.open(t, PendingPods)
	for _, l := range lots {
		if l.left == 0 || !choice(w, l, t) {
			continue
		}
		if n := w.stack(h, l, l.left); n > 0 {
			p.shares = append(p.shares, share{lot: l, n: n})
			p.rating += float64(n) * (l.size.dot(worth) + 1e-6)
		}
	}
	return p
}

// apply buys the pattern as often as its pods are there in full and their
// constraints admit them.
func (w *world) apply(p pattern) {
	for p.template.buyable() > 0 {
		mark := w.mark()
		h := w.open(p.template, PendingPods)
		for _, s := range p.shares {
			if s.lot.left < s.n || w.stack(h, s.lot, s.n) < s.n {
				w.revert(mark)
				return
			}
		}
	}
}

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
	if t := g.template(g.Preferred); t != nil && t.buyable() > 0 {
		return t
	}
	var best *template
	for _, t := range g.templates {
		if t.buyable() == 0 {
			continue
		}
		if best == nil || t.offer.Price < best.offer.Price ||
			t.offer.Price == best.offer.Price && t.free.covers(best.free) && !best.free.covers(t.free) {
			best = t
		}
	}
	return best
}

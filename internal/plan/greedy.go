package plan

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// buyer buys the best-rated pattern, as often as demand and limits allow, until
// nothing is left to buy for.
type buyer struct {
	w      *world
	aim    aim
	choice chooser
	sizes  []*sizeGroup
	stalls stalls
	priced bool
	// program prices sizes and patterns; nil when there are too many sizes.
	program *packing.Master
	// bins are the templates of the program's bins.
	bins []*template
	// byItem is the sizes by the program's items, those worth most first.
	byItem [][]*sizeGroup
	// byWorth is all sizes, those worth most first.
	byWorth []*sizeGroup
	// again: the program has served some, and more is to be had from it.
	again bool
	// wide: templates that the program passed over are looked at, too.
	wide bool
	// asked is the worth of all that is left, askedAt what it was when worths were
	// worked out last.
	asked, askedAt float64
	// bought counts nodes; at checks and drops of them waiting pods are looked at
	// again and served ones forgotten.
	bought, checks, drops int
	// boughtAt is how many were bought when hopes were worked out last.
	boughtAt int
}

// sizeGroup is the lots of one size and priority. A node that has no room for one
// of them has none for any.
type sizeGroup struct {
	size resources.Vector
	// place is what limits how many of the pods a node takes, apart from its size; the
	// zero place does not.
	place filter.Place
	// eligible names the set of templates that may be bought for the pods.
	eligible string
	item     int // index in the buyer's program
	// part is what the size is worth of what its item is.
	part  float64
	worth float64
	lots  []*lot
}

// pattern is a way to fill one node of a template.
type pattern struct {
	template *template
	shares   []share
	// rating is what the pods on it are worth for what it costs.
	rating float64
}

// stall is a template on sale with the best rating that it can still have.
type stall struct {
	template *template
	hope     float64
	// pattern is what the rating rests on while fresh; nothing was bought since.
	pattern pattern
	fresh   int
}

func (w *world) newBuyer(lots []*lot, a aim, choice chooser) *buyer {
	b := &buyer{w: w, aim: a, choice: choice}
	b.group(lots, func(filter.Place) bool { return true })
	return b
}

// group makes sizes of the lots, telling apart the pods of common places that count.
func (b *buyer) group(lots []*lot, counts func(filter.Place) bool) {
	w := b.w
	type key struct {
		size     string
		priority int32
		place    filter.Place
		eligible string
	}
	places := w.commonPlaces(lots)
	known := map[key]*sizeGroup{}
	var size resources.Vector
	var spelt string
	for _, l := range lots {
		if l.left == 0 || !l.buys() {
			continue
		}
		if !slices.Equal(size, l.size) {
			size, spelt = l.size, l.size.Key()
		}
		k := key{size: spelt, priority: l.priority, eligible: b.eligible(l)}
		if p := w.filters.PlaceOf(l.kind); places[p] && counts(p) {
			k.place = p
		}
		s := known[k]
		if s == nil {
			s = &sizeGroup{size: l.size, place: k.place, eligible: k.eligible}
			known[k] = s
			b.sizes = append(b.sizes, s)
		}
		s.lots = append(s.lots, l)
	}
}

// eligible names the set of templates that may be bought for pods of the lot.
func (b *buyer) eligible(l *lot) string {
	name := b.w.admitting(l)
	if slices.ContainsFunc(b.w.groups, func(g *group) bool { return g.Preferred != "" }) {
		chosen := make([]byte, len(b.w.templates))
		for i, t := range b.w.templates {
			if b.choice(b.w, l, t) {
				chosen[i] = 1
			}
		}
		name += string(chosen)
	}
	return name
}

// admitting names the set of templates that admit pods of the lot, size apart.
func (w *world) admitting(l *lot) string {
	name := w.admittingClass(l.kind.Class)
	if len(l.barred) == 0 {
		return name
	}
	b := filter.KeyBuilder{Buf: []byte(name)}
	for i, t := range w.templates {
		if l.barred[t].reason != "" {
			b.Number(i)
		}
	}
	return string(b.Buf)
}

func (w *world) admittingClass(c *filter.Class) string {
	if w.admittedBy[c] == "" {
		var name filter.KeyBuilder
		last := false
		for i, t := range w.templates {
			// Most templates of a group share a shape, so only changes are noted.
			if admits := c.On(t.nodeClass) == filter.Suits; admits != last {
				name.Number(i)
				last = admits
			}
		}
		name.Text('.', "")
		w.admittedBy[c] = string(name.Buf)
	}
	return w.admittedBy[c]
}

// buy buys until no pattern holds any pod.
func (b *buyer) buy() {
	for {
		if b.bought >= b.drops || !b.priced || b.again {
			b.drops = b.bought + 1 + b.bought/16
			b.dropServed()
		}
		if len(b.sizes) == 0 {
			return
		}
		before := b.bought
		if b.appraise(); b.bought > before {
			continue
		}
		best := b.best()
		if best.template == nil {
			if b.revisit() == 0 && b.bought == b.boughtAt {
				if b.wide {
					return
				}
				b.wide = true
			}
			b.drops = 0
			// What has been bought since may have raised hopes that were given up.
			b.priced = false
			continue
		}
		b.bought += b.apply(best)
		if b.bought >= b.checks {
			// What has been bought may admit pods to nodes that did not take them before.
			// Looking every time would cost more than it saves.
			b.checks = b.bought + 1 + b.bought/2
			b.revisit()
		}
	}
}

// dropServed forgets lots of which nothing is left.
func (b *buyer) dropServed() {
	b.asked = 0
	b.sizes = slices.DeleteFunc(b.sizes, func(s *sizeGroup) bool {
		s.lots = slices.DeleteFunc(s.lots, func(l *lot) bool { return l.left == 0 })
		for _, l := range s.lots {
			b.asked += s.worth * float64(l.left)
		}
		return len(s.lots) == 0
	})
}

// revisit fills nodes with pods that depend on where others are.
func (b *buyer) revisit() int {
	var waiting []*lot
	for _, s := range b.sizes {
		for _, l := range s.lots {
			if l.kind.Class.Depends() {
				waiting = append(waiting, l)
			}
		}
	}
	if len(waiting) == 0 {
		return 0
	}
	return b.w.fillAll(waiting, slices.DeleteFunc(b.w.taking(), func(h *host) bool {
		return !slices.ContainsFunc(b.sizes, func(s *sizeGroup) bool { return h.freeOrYielded().Fits(s.size) })
	}))
}

// wants says whether any lot may be bought the template for.
func (b *buyer) wants(t *template) bool {
	for _, s := range b.sizes {
		if t.free.Fits(s.size) && slices.ContainsFunc(s.lots, func(l *lot) bool { return t.holds(l) && b.choice(b.w, l, t) }) {
			return true
		}
	}
	return false
}

func (b *buyer) rate(t *template, worth float64) float64 {
	if b.aim.perNode {
		return worth
	}
	return worth / max(float64(t.offer.Price), 1)
}

// best is the best-rated pattern. A rating only falls while more is bought, so a
// template is only looked at again when its last rating beats all others.
func (b *buyer) best() pattern {
	for len(b.stalls) > 0 {
		top := b.stalls[0]
		switch {
		case top.template.buyable() == 0:
			heap.Pop(&b.stalls)
		case top.fresh == b.bought:
			if top.hope == 0 {
				return pattern{}
			}
			return top.pattern
		default:
			top.pattern, top.fresh = b.pack(top.template), b.bought
			top.hope = top.pattern.rating
			heap.Fix(&b.stalls, 0)
		}
	}
	return pattern{}
}

// pack fills a node of the template with the lots in their order, as a what-if.
func (b *buyer) pack(t *template) pattern {
	mark := b.w.fork()
	defer b.w.revert(mark)
	p := pattern{template: t}
	h := b.w.open(t, PendingPods)
	worth := 0.0
	for _, s := range b.sizes {
		for _, l := range s.lots {
			if !h.free.Fits(s.size) {
				break
			}
			if !b.choice(b.w, l, t) {
				continue
			}
			if n := b.w.stack(h, l, l.left); n > 0 {
				p.shares = append(p.shares, share{lot: l, n: n})
				worth += float64(n) * s.worth
			}
		}
	}
	p.rating = b.rate(t, worth)
	return p
}

// apply buys the pattern as often as its pods are there in full and their
// constraints admit them, and says how often.
func (b *buyer) apply(p pattern) int {
	times := 0
	for ; p.template.buyable() > 0; times++ {
		mark := b.w.fork()
		h := b.w.open(p.template, PendingPods)
		for _, s := range p.shares {
			if s.lot.left < s.n || b.w.stack(h, s.lot, s.n) < s.n {
				b.w.revert(mark)
				return times
			}
		}
	}
	return times
}

// stalls is a heap, the highest hope first.
type stalls []*stall

func (s stalls) Len() int { return len(s) }

func (s stalls) Less(i, j int) bool {
	// Ratings that differ by rounding only are equal; then the template that comes
	// first by group and type wins.
	if a, b := s[i].hope, s[j].hope; a > b*(1+1e-9) || b > a*(1+1e-9) {
		return a > b
	}
	return cmp.Less(s[i].template.index, s[j].template.index)
}

func (s stalls) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push is part of heap.Interface.
func (s *stalls) Push(x any) { *s = append(*s, x.(*stall)) }

// Pop is part of heap.Interface.
func (s *stalls) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// buyer buys nodes for what is left of some lots, in phases: it prices what is left (price),
// buys the patterns that the prices rest on in whole numbers (buyWholePatterns), then the
// best-rated node, one after another (buyBest), and fills what it bought with pods that depend
// on where others are (revisit).
type buyer struct {
	w      *world
	aim    aim
	choice chooser
	sizes  []*sizeGroup
	// program prices sizes and patterns. It is kept only while every size is an item of it.
	program *packing.Program
	// bins are the templates of the program's bins.
	bins []*template
	// byItem is the sizes by the program's items, those worth most first.
	byItem [][]*sizeGroup
	// byWorth is all sizes, those worth most first.
	byWorth []*sizeGroup
	// bought counts nodes.
	bought int
	// revisits says when to look again at pods that depend on where others are. What has been
	// bought may admit them to nodes that did not take them before, but looking every time would
	// cost more than it saves.
	revisits pace
}

// pace says that something is due each time that a part more has been bought.
type pace struct{ part, next int }

func (p *pace) due(bought int) bool {
	if bought < p.next {
		return false
	}
	p.wait(bought)
	return true
}

func (p *pace) wait(bought int) { p.next = bought + 1 + bought/p.part }

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

func (w *world) newBuyer(lots []*lot, a aim, choice chooser) *buyer {
	b := &buyer{w: w, aim: a, choice: choice, revisits: pace{part: 2}}
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

// buy goes through the phases until no pattern holds any pod: first with the templates that
// pricing chose, then with all.
func (b *buyer) buy() {
	chosen := func(p *pricing) []*template { return p.chosen }
	all := func(p *pricing) []*template { return p.open }
	for _, which := range []func(*pricing) []*template{chosen, all} {
		for b.pass(which) {
		}
	}
}

// pass goes through the phases once, and says whether another pass may buy more.
func (b *buyer) pass(which func(*pricing) []*template) bool {
	p := b.buyWholePatterns()
	if p == nil {
		return false
	}
	before := b.bought
	if !b.buyBest(which(p), p.rates) {
		return true // what is left is to be priced anew
	}
	return b.revisit() > 0 || b.bought > before
}

// buyWholePatterns prices what is left, and buys what the prices' program uses in whole numbers,
// until that is nothing. It returns the last prices; nil when no pod is left.
func (b *buyer) buyWholePatterns() *pricing {
	for b.dropServed(); len(b.sizes) > 0; b.dropServed() {
		if p := b.price(); p.program == nil || b.aim.perNode || b.aim.oneByOne || b.aim.smallest || b.realiseAll(p.program) == 0 {
			return p
		}
	}
	return nil
}

// buyBest buys the best-rated pattern of the templates, as often as demand and limits allow,
// until none of them holds any pod, and says so; or until so little is left that it is to be
// priced anew.
func (b *buyer) buyBest(templates []*template, rates []float64) bool {
	for _, s := range b.sizes {
		s.worth += 1e-6 // a pod that asks for nothing counts a little, too
		if b.aim.smallest {
			s.worth = 1
		}
	}
	asked := b.asked()
	ratings := b.rateAll(templates, rates, asked)
	drops := pace{part: 16}
	drops.wait(b.bought)
	for {
		best := b.best(&ratings)
		if best.template == nil {
			return true
		}
		b.bought += b.apply(best)
		if b.revisits.due(b.bought) {
			b.revisit()
		}
		if drops.due(b.bought) {
			if b.dropServed(); b.asked() <= asked/2 {
				return false
			}
		}
	}
}

// asked is the worth of all that is left.
func (b *buyer) asked() float64 {
	sum := 0.0
	for _, s := range b.sizes {
		for _, l := range s.lots {
			sum += s.worth * float64(l.left)
		}
	}
	return sum
}

// dropServed forgets lots of which nothing is left.
func (b *buyer) dropServed() {
	b.sizes = slices.DeleteFunc(b.sizes, func(s *sizeGroup) bool {
		s.lots = slices.DeleteFunc(s.lots, func(l *lot) bool { return l.left == 0 })
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
		b.w.effort.took(len(s.lots))
		if t.free.Fits(s.size) && slices.ContainsFunc(s.lots, func(l *lot) bool { return t.holds(l) && b.choice(b.w, l, t) }) {
			return true
		}
	}
	return false
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
			b.w.effort.took(1)
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

package plan

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// pricing is what is left to buy for, priced.
type pricing struct {
	// rates are what resources are worth.
	rates []float64
	// open are the templates that can be bought and are wanted; chosen those of them that
	// patterns were looked for, or all.
	open, chosen []*template
	// program is what worths come from; nil when they come from resources alone.
	program *packing.Program
}

// price works out what every size is worth.
func (b *buyer) price() *pricing {
	open := slices.DeleteFunc(slices.Clone(b.w.templates), func(t *template) bool {
		return b.aim.leavesOut(t) || t.group.closed.reason != "" || t.buyable() == 0 || !b.wants(t)
	})
	demand := make(resources.Vector, len(b.w.dims.Names))
	for _, s := range b.sizes {
		for _, l := range s.lots {
			demand.Add(l.size, int64(l.left))
		}
	}
	p := &pricing{rates: packing.ResourceDuals(demand, binsOf(open)), open: open, chosen: open}
	for _, s := range b.sizes {
		s.worth = s.size.Dot(p.rates)
	}
	if len(open) > 0 && !b.aim.byResource && !b.w.effort.spent() {
		b.priceByPatterns(p)
	}
	return p
}

// priceByPatterns works out the worths of sizes from the patterns that would serve them best.
func (b *buyer) priceByPatterns(p *pricing) {
	c := b.program
	if c == nil {
		c, b.bins = b.master(p.open, p.rates)
		c.Solve(b.rounds())
		b.w.effort.took(c.Work())
		if pods := b.pods(); b.w.appraisal == nil || pods > b.w.appraisal.pods {
			set(b.w, &b.w.appraisal, b.appraise(c, p))
		}
	} else {
		counts := make([]int, len(c.Items))
		for _, s := range b.sizes {
			counts[s.item] += s.pods()
		}
		before := c.Work()
		c.Retarget(counts)
		b.w.effort.took(c.Work() - before)
	}
	for _, s := range b.sizes {
		s.worth = c.Duals[s.item] * s.part * moneyUnit
	}
	p.program, p.chosen = c, b.bins
	b.program = c
	if len(c.Items) < len(b.sizes) {
		b.program = nil // what is left then is divided anew
	}
}

// rounds is how many rounds of pricing are worth their time: few where what is left is a
// small part of what has been bought.
func (b *buyer) rounds() int {
	paid, left := Money(0), 0.0
	for _, h := range b.w.bought() {
		paid += h.template.offer.Price
	}
	for _, s := range b.sizes {
		left += s.worth * float64(s.pods())
	}
	if left < float64(paid)/20 {
		return packing.PricingRounds / 4
	}
	return packing.PricingRounds
}

// pods is how many pods are left to buy for.
func (b *buyer) pods() int {
	n := 0
	for _, s := range b.sizes {
		n += s.pods()
	}
	return n
}

// binsOf are the templates as bins of any items.
func binsOf(templates []*template) []packing.Bin {
	bins := make([]packing.Bin, len(templates))
	for i, t := range templates {
		bins[i] = packing.Bin{Price: int64(t.offer.Price), Free: t.free}
	}
	return bins
}

// master sets up the packing of what is left into the templates that promise most, at every
// scale of price, and into one for every size that these do not hold.
func (b *buyer) master(open []*template, rates []float64) (*packing.Program, []*template) {
	items, rooms := b.items(open, rates)
	promise := func(t *template) float64 { return t.free.Dot(rates) / max(float64(t.offer.Price), 1) }
	sorted := slices.Clone(open)
	slices.SortStableFunc(sorted, func(x, y *template) int { return cmp.Compare(promise(y), promise(x)) })
	held := make([]bool, len(items))
	families := map[string][]*template{}
	var chosen []*template
	var bins []packing.Bin
	choose := func(t *template, takes []bool) {
		if !slices.Contains(chosen, t) {
			chosen = append(chosen, t)
			bins = append(bins, packing.Bin{Price: int64(t.offer.Price), Free: t.free, Takes: takes})
		}
	}
	for _, t := range sorted {
		takes, family := b.takes(items, t)
		rivals := families[family]
		needed := promising(t, rivals)
		for i, takes := range takes {
			needed = needed || takes && !held[i]
		}
		if !needed {
			continue
		}
		families[family] = append(rivals, t)
		for i, takes := range takes {
			held[i] = held[i] || takes
		}
		// What costs less elsewhere is bought there.
		if u, takes := b.cheaperElsewhere(items, sorted, t); u != nil {
			choose(u, takes)
		}
		choose(t, takes)
	}
	return packing.NewProgram(items, rooms, bins), chosen
}

// promising says whether patterns are worth looking for on a template beside those of its family that promise more: all
// count where they are few, since what the bound is proved by must hold of every one, and else some of every scale of price.
func promising(t *template, rivals []*template) bool {
	alike := 0
	for _, u := range rivals {
		if u.offer.Price <= t.offer.Price && u.free.Covers(t.free) {
			return false
		}
		if bits.Len64(uint64(u.offer.Price)) == bits.Len64(uint64(t.offer.Price)) {
			alike++
		}
	}
	return alike < mostTemplates || len(rivals) < fewTemplates
}

// cheaperElsewhere is the cheapest template in other domains that takes and holds what the template
// does for less; nil for none.
func (b *buyer) cheaperElsewhere(items []packing.Item, templates []*template, t *template) (cheaper *template, takes []bool) {
	var wanted []bool
	for _, u := range templates {
		if u.offer.Price >= t.offer.Price || cheaper != nil && u.offer.Price >= cheaper.offer.Price ||
			slices.Equal(u.domains, t.domains) || !u.free.Covers(t.free) {
			continue
		}
		if wanted == nil {
			wanted, _ = b.takes(items, t)
		}
		if other, _ := b.takes(items, u); covers(other, wanted) {
			cheaper, takes = u, other
		}
	}
	return cheaper, takes
}

// covers says that all says whatever some says.
func covers(all, some []bool) bool {
	for i, is := range some {
		if is && !all[i] {
			return false
		}
	}
	return true
}

// takes says which items the template takes, and tells its family: templates that
// take the same and are in the same domains.
func (b *buyer) takes(items []packing.Item, t *template) (takes []bool, family string) {
	takes = make([]bool, len(items))
	var key filter.KeyBuilder
	for _, s := range b.sizes {
		if takes[s.item] {
			continue
		}
		if slices.ContainsFunc(s.lots, func(l *lot) bool { return t.admits(l) && b.choice(b.w, l, t) }) {
			key.Number(s.item)
			takes[s.item] = t.free.Fits(items[s.item].Size)
		}
	}
	key.Text('d', "")
	for _, d := range t.domains {
		key.Number(int(d))
	}
	return takes, string(key.Buf)
}

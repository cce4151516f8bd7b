package plan

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// appraise works out what every size is worth, when what is left has changed much,
// and what every template can be hoped to be rated then.
func (b *buyer) appraise() {
	if b.priced && !b.again && b.asked > b.askedAt/2 {
		return
	}
	b.again = false
	b.priced = true
	open := slices.DeleteFunc(slices.Clone(b.w.templates), func(t *template) bool {
		return b.aim.leavesOut(t) || t.group.closed.reason != "" || t.buyable() == 0 || !b.wants(t)
	})
	demand := make(resources.Vector, len(b.w.dims.Names))
	for _, s := range b.sizes {
		for _, l := range s.lots {
			demand.Add(l.size, int64(l.left))
		}
	}
	rates := packing.ResourceDuals(demand, binsOf(open))
	for _, s := range b.sizes {
		s.worth = s.size.Dot(rates)
	}
	if len(open) > 0 && !b.aim.byResource {
		priced := b.price(open, rates)
		if !b.wide {
			open = priced
		}
	}
	b.asked = 0
	for _, s := range b.sizes {
		s.worth += 1e-6 // a pod that asks for nothing counts a little, too
		for _, l := range s.lots {
			b.asked += s.worth * float64(l.left)
		}
	}
	b.askedAt, b.boughtAt = b.asked, b.bought
	b.stalls = b.stalls[:0]
	for _, t := range open {
		b.stalls = append(b.stalls, &stall{template: t, hope: b.rate(t, min(2*t.free.Dot(rates)+1, b.asked)), fresh: -1})
	}
	heap.Init(&b.stalls)
}

// price works out the worths of sizes from the patterns that would serve them best,
// and buys what of these patterns is needed in whole numbers anyway. It returns the
// templates that patterns were looked for.
func (b *buyer) price(open []*template, rates []float64) []*template {
	c := b.program
	if c == nil {
		c, b.bins = b.master(open, rates)
		b.program = c
		c.Solve(b.rounds())
		if pods := b.pods(); b.w.appraisal == nil || pods > b.w.appraisal.pods {
			a := b.appraisalFor(c, open, rates)
			a.pods = pods
			set(b.w, &b.w.appraisal, a)
		}
	} else {
		counts := make([]int, len(c.Items))
		for _, s := range b.sizes {
			counts[s.item] += s.pods()
		}
		c.Retarget(counts)
		c.GrowAgain()
	}
	for _, s := range b.sizes {
		s.worth = c.Duals[s.item] * s.part * moneyUnit
	}
	if !b.aim.perNode && !b.aim.oneByOne {
		b.again = b.realiseAll(c) > 0
	}
	if len(c.Items) < len(b.sizes) {
		b.program = nil // what is left is divided anew
	}
	return b.bins
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
func (b *buyer) master(open []*template, rates []float64) (*packing.Master, []*template) {
	items, rooms := b.items(rates)
	promise := func(t *template) float64 { return t.free.Dot(rates) / max(float64(t.offer.Price), 1) }
	sorted := slices.Clone(open)
	slices.SortStableFunc(sorted, func(x, y *template) int { return cmp.Compare(promise(y), promise(x)) })
	held := make([]bool, len(items))
	families := map[string][]*template{}
	var chosen []*template
	var bins []packing.Bin
	for _, t := range sorted {
		takes, family := b.takes(items, t)
		rivals := families[family]
		alike := 0
		for _, u := range rivals {
			if u.offer.Price <= t.offer.Price && u.free.Covers(t.free) {
				alike = mostTemplates
			}
			if bits.Len64(uint64(u.offer.Price)) == bits.Len64(uint64(t.offer.Price)) {
				alike++
			}
		}
		needed := alike < mostTemplates
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
		chosen = append(chosen, t)
		bins = append(bins, packing.Bin{Price: int64(t.offer.Price), Free: t.free, Takes: takes})
	}
	return packing.NewMaster(items, rooms, bins), chosen
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

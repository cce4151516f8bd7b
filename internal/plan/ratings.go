package plan

import (
	"cmp"
	"container/heap"
	"slices"
)

// ratings is a heap of templates on sale, the one whose nodes may be rated highest first.
type ratings []*rating

// rating is a template with the best rating that a node of it can still have.
type rating struct {
	template *template
	most     float64
	// pattern is what most rests on while fresh nodes have been bought.
	pattern pattern
	fresh   int
}

// rateAll starts the ratings of templates, by what resources are worth and all that is left.
func (b *buyer) rateAll(templates []*template, rates []float64, asked float64) ratings {
	all := make(ratings, 0, len(templates))
	for _, t := range templates {
		most := asked
		if !b.aim.smallest {
			most = min(2*t.free.Dot(rates)+1, asked)
		}
		all = append(all, &rating{template: t, most: b.rate(t, most), fresh: -1})
	}
	heap.Init(&all)
	return all
}

func (b *buyer) rate(t *template, worth float64) float64 {
	if b.aim.perNode {
		return worth
	}
	return worth / max(float64(t.offer.Price), 1)
}

// best is the best-rated pattern. A rating seldom rises while more is bought, so a
// template is only looked at again when its last rating beats all others, or when one like it in a dearer domain does.
func (b *buyer) best(all *ratings) pattern {
	for len(*all) > 0 {
		top := (*all)[0]
		switch {
		case top.template.buyable() == 0:
			heap.Pop(all)
		case top.fresh == b.bought:
			if top.most == 0 {
				return pattern{}
			}
			elsewhere := all.cheaperElsewhere(top.template, b.bought)
			if elsewhere < 0 {
				return top.pattern
			}
			b.rateAnew(all, elsewhere)
		default:
			b.rateAnew(all, 0)
		}
	}
	return pattern{}
}

func (b *buyer) rateAnew(all *ratings, i int) {
	r := (*all)[i]
	r.pattern, r.fresh = b.pack(r.template), b.bought
	r.most = r.pattern.rating
	heap.Fix(all, i)
}

// cheaperElsewhere is a template that has room for as much as the given one for less in another domain, such as a cheaper
// zone, and was not rated since the last purchase; -1 for none. Ratings do rise now and then, since nodes are filled
// greedily, and a dearer domain that nobody needs makes topology spreads uneven that were even.
func (r ratings) cheaperElsewhere(t *template, bought int) int {
	return slices.IndexFunc(r, func(u *rating) bool {
		return u.fresh != bought && u.template.offer.Price < t.offer.Price && u.template.buyable() > 0 &&
			!slices.Equal(u.template.domains, t.domains) && u.template.free.Covers(t.free)
	})
}

func (r ratings) Len() int { return len(r) }

func (r ratings) Less(i, j int) bool {
	// Ratings that differ by rounding only are equal; then the template that comes
	// first by group and type wins.
	if a, b := r[i].most, r[j].most; a > b*(1+1e-9) || b > a*(1+1e-9) {
		return a > b
	}
	return cmp.Less(r[i].template.index, r[j].template.index)
}

func (r ratings) Swap(i, j int) { r[i], r[j] = r[j], r[i] }

// Push is part of heap.Interface.
func (r *ratings) Push(x any) { *r = append(*r, x.(*rating)) }

// Pop is part of heap.Interface.
func (r *ratings) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

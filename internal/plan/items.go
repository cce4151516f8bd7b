package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// items are what is left by size. Pods that keep each other apart by hostname ask
// besides for a place of which every node has one or a few; rooms is how many, by kind
// of place. Where there are too many sizes, those that are nearly alike count
// as one item of their mean size.
func (b *buyer) items(open []*template, rates []float64) (items []packing.Item, rooms []int) {
	index := b.placeIndex()
	parts, weights := b.parts(open), b.spreadRates(rates)
	strata := b.strata(parts, weights, mostItems)
	if len(strata) < len(b.sizes) {
		if all := b.strata(parts, weights, mostTabled); packing.Tabled(b.itemsOf(all, index), binsOf(open)) {
			strata = all
		}
	}
	// The largest first, as the sizes come.
	at := map[*sizeGroup]int{}
	for i, s := range b.sizes {
		at[s] = i
	}
	slices.SortFunc(strata, func(x, y *stratum) int { return cmp.Compare(at[x.sizes[0]], at[y.sizes[0]]) })
	items = b.itemsOf(strata, index)
	b.byItem = make([][]*sizeGroup, len(strata))
	for i, st := range strata {
		it := &items[i]
		for _, s := range st.sizes {
			s.item, s.part = i, 1
			if whole := it.Size.Dot(rates); whole > 0 {
				s.part = s.size.Dot(rates) / whole
			}
		}
		slices.SortStableFunc(st.sizes, func(x, y *sizeGroup) int { return cmp.Compare(y.part, x.part) })
		b.byItem[i] = st.sizes
	}
	rooms = make([]int, len(index)+1)
	for p, i := range index {
		rooms[i] = int(p.Room())
	}
	return items, rooms
}

func (b *buyer) itemsOf(strata []*stratum, index map[filter.Place]int) []packing.Item {
	items := make([]packing.Item, len(strata))
	for i, st := range strata {
		items[i] = packing.Item{Size: st.mean(len(b.w.dims.Names)), Place: index[st.sizes[0].place], Count: st.pods}
	}
	return items
}

// commonPlaces are the places that most pods ask for, of those that need more nodes than
// a few.
func (w *world) commonPlaces(lots []*lot) map[filter.Place]bool {
	asked := map[filter.Place]int64{}
	var places []filter.Place
	for _, l := range lots {
		if l.left == 0 || l.expendable {
			continue
		}
		p := w.filters.PlaceOf(l.kind)
		if p == (filter.Place{}) {
			continue
		}
		if asked[p] == 0 {
			places = append(places, p)
		}
		asked[p] += int64(l.left)
	}
	places = slices.DeleteFunc(places, func(p filter.Place) bool { return asked[p] < fewNodes*p.Room() })
	slices.SortStableFunc(places, func(x, y filter.Place) int { return cmp.Compare(asked[y]/y.Room(), asked[x]/x.Room()) })
	common := map[filter.Place]bool{}
	for _, p := range places[:min(len(places), mostPlaces)] {
		common[p] = true
	}
	return common
}

// placeIndex numbers the places of what is left, from 1.
func (b *buyer) placeIndex() map[filter.Place]int {
	index := map[filter.Place]int{}
	for _, s := range b.sizes {
		if _, known := index[s.place]; s.place != (filter.Place{}) && !known {
			index[s.place] = len(index) + 1
		}
	}
	return index
}

func (s *sizeGroup) pods() int {
	n := 0
	for _, l := range s.lots {
		n += l.left
	}
	return n
}

// stratum is sizes that count as one item.
type stratum struct {
	sizes []*sizeGroup
	pods  int
	// part is the part of the packing that they are in.
	part int
	// widest is the resource by which they differ most, by how much of the largest node
	// times how many pods.
	widest int
	spread float64
}

// strata divides the sizes: those of a place and a set of templates by the resource in which
// they differ most, until there are as many strata as a part of the program may have items, or
// all sizes of a stratum are equal.
func (b *buyer) strata(parts map[string]int, rates []float64, most int) []*stratum {
	type key struct {
		place    filter.Place
		eligible string
	}
	alike := map[key]*stratum{}
	var strata []*stratum
	for _, s := range b.sizes {
		k := key{s.place, s.eligible}
		st := alike[k]
		if st == nil {
			st = &stratum{part: parts[s.eligible]}
			alike[k] = st
			strata = append(strata, st)
		}
		st.sizes = append(st.sizes, s)
	}
	items := map[int]int{} // by part
	for _, st := range strata {
		st.measure(rates)
		items[st.part]++
	}
	for {
		var widest *stratum
		for _, st := range strata {
			if st.spread > 0 && items[st.part] < most && (widest == nil || st.spread > widest.spread) {
				widest = st
			}
		}
		if widest == nil {
			return strata
		}
		upper := widest.split()
		widest.measure(rates)
		upper.measure(rates)
		strata = append(strata, upper)
		items[upper.part]++
	}
}

// parts numbers the sets of templates that may be bought for pods: those that have a template in
// common, directly or by way of others, have the same number.
func (b *buyer) parts(open []*template) map[string]int {
	parts := map[string]int{}
	of := map[*template]int{}
	for _, s := range b.sizes {
		if _, known := parts[s.eligible]; known {
			continue
		}
		n := len(parts)
		parts[s.eligible] = n
		for _, t := range open {
			if !t.admits(s.lots[0]) || !b.choice(b.w, s.lots[0], t) {
				continue
			}
			if m, known := of[t]; known && parts[s.eligible] != m {
				now := parts[s.eligible]
				for name, k := range parts {
					if k == now {
						parts[name] = m
					}
				}
				for u, k := range of {
					if k == now {
						of[u] = m
					}
				}
			}
			of[t] = parts[s.eligible]
		}
	}
	return parts
}

// measure works out what the stratum's division rests on.
func (st *stratum) measure(rates []float64) {
	st.pods, st.spread = 0, 0
	low, high := slices.Clone(st.sizes[0].size), slices.Clone(st.sizes[0].size)
	for _, s := range st.sizes {
		st.pods += s.pods()
		for d, x := range s.size {
			low[d], high[d] = min(low[d], x), max(high[d], x)
		}
	}
	for d := range low {
		if spread := float64(high[d]-low[d]) * rates[d] * float64(max(st.pods, 1)); spread > st.spread {
			st.widest, st.spread = d, spread
		}
	}
}

// split takes the larger half of the pods away, by the resource in which they differ
// most; equal sizes stay together.
func (st *stratum) split() *stratum {
	d := st.widest
	slices.SortStableFunc(st.sizes, func(x, y *sizeGroup) int { return cmp.Compare(x.size[d], y.size[d]) })
	at, below := 0, 0
	for at < len(st.sizes)-1 && (at == 0 || 2*below < st.pods || st.sizes[at].size[d] == st.sizes[at-1].size[d]) {
		below += st.sizes[at].pods()
		at++
	}
	for at > 1 && st.sizes[at].size[d] == st.sizes[at-1].size[d] {
		at--
	}
	upper := &stratum{part: st.part, sizes: slices.Clone(st.sizes[at:])}
	st.sizes = st.sizes[:at]
	return upper
}

// mean is the mean size of the pods, rounded up.
func (st *stratum) mean(dims int) resources.Vector {
	sum := make(resources.Vector, dims)
	pods := int64(0)
	for _, s := range st.sizes {
		n := int64(s.pods())
		sum.Add(s.size, n)
		pods += n
	}
	for d := range sum {
		sum[d] = (sum[d] + pods - 1) / max(pods, 1)
	}
	return sum
}

// spreadRates are what a difference in size weighs: by what resources are worth, and a
// little also where they are worth nothing on the whole, since on some nodes they are.
func (b *buyer) spreadRates(rates []float64) []float64 {
	const even = 0.2
	whole := b.w.largest.Dot(rates)
	weights := make([]float64, len(rates))
	for d, r := range rates {
		weights[d] = r + even*whole/float64(max(b.w.largest[d], 1))
	}
	return weights
}

package plan

import (
	"cmp"
	"slices"
)

// Bounds on the size of the pricing program.
const (
	mostGoods  = 64 // goods that it tells apart
	mostPlaces = 16 // kinds of places of which every node has one
)

// goods are what is left by size. Pods that keep each other apart by hostname ask
// besides for a place of which every node has one; places is how many kinds of such
// places there are. Where there are too many sizes, those that are nearly alike count
// as one good of their mean size.
func (b *buyer) goods(rates []float64) (goods []good, places int) {
	index := b.commonPlaces()
	strata := b.strata(index, b.spreadRates(rates))
	// The largest first, as the sizes come.
	at := map[*sizeGroup]int{}
	for i, s := range b.sizes {
		at[s] = i
	}
	slices.SortFunc(strata, func(x, y *stratum) int { return cmp.Compare(at[x.sizes[0]], at[y.sizes[0]]) })
	goods = make([]good, len(strata))
	b.byGood = make([][]*sizeGroup, len(strata))
	for i, st := range strata {
		g := &goods[i]
		g.size = append(st.mean(len(b.w.dims.names)), make(vec, len(index))...)
		g.most = st.pods
		place, bound := index[st.sizes[0].place]
		if bound {
			g.size[len(b.w.dims.names)+place] = 1
		}
		for _, s := range st.sizes {
			s.good, s.part = i, 1
			if whole := g.size[:len(s.size)].dot(rates); whole > 0 {
				s.part = s.size.dot(rates) / whole
			}
		}
		slices.SortStableFunc(st.sizes, func(x, y *sizeGroup) int { return cmp.Compare(y.part, x.part) })
		b.byGood[i] = st.sizes
	}
	return goods, len(index)
}

// commonPlaces numbers the places that most pods ask for.
func (b *buyer) commonPlaces() map[*counter]int {
	asked := map[*counter]int{}
	var places []*counter
	for _, s := range b.sizes {
		if s.place == nil {
			continue
		}
		if asked[s.place] == 0 {
			places = append(places, s.place)
		}
		asked[s.place] += s.pods()
	}
	slices.SortStableFunc(places, func(x, y *counter) int { return cmp.Compare(asked[y], asked[x]) })
	index := map[*counter]int{}
	for i, place := range places[:min(len(places), mostPlaces)] {
		index[place] = i
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

// stratum is sizes that count as one good.
type stratum struct {
	sizes []*sizeGroup
	pods  int
	// widest is the resource by which they differ most, by how much of the largest node
	// times how many pods.
	widest int
	spread float64
}

// strata divides the sizes: those of a place, or of none, by the resource in which
// they differ most, until there are as many strata as the program may have goods or
// all sizes of a stratum are equal.
func (b *buyer) strata(places map[*counter]int, rates []float64) []*stratum {
	byPlace := map[int]*stratum{}
	var strata []*stratum
	for _, s := range b.sizes {
		place, bound := places[s.place]
		if !bound {
			place = -1
		}
		st := byPlace[place]
		if st == nil {
			st = &stratum{}
			byPlace[place] = st
			strata = append(strata, st)
		}
		st.sizes = append(st.sizes, s)
	}
	for _, st := range strata {
		st.measure(rates)
	}
	for len(strata) < mostGoods {
		widest := slices.MaxFunc(strata, func(x, y *stratum) int { return cmp.Compare(x.spread, y.spread) })
		if widest.spread == 0 {
			break
		}
		upper := widest.split()
		widest.measure(rates)
		upper.measure(rates)
		strata = append(strata, upper)
	}
	return strata
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
	upper := &stratum{sizes: slices.Clone(st.sizes[at:])}
	st.sizes = st.sizes[:at]
	return upper
}

// mean is the mean size of the pods, rounded up.
func (st *stratum) mean(dims int) vec {
	sum := make(vec, dims)
	pods := int64(0)
	for _, s := range st.sizes {
		n := int64(s.pods())
		sum.add(s.size, n)
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
	whole := b.w.largest.dot(rates)
	weights := make([]float64, len(rates))
	for d, r := range rates {
		weights[d] = r + even*whole/float64(max(b.w.largest[d], 1))
	}
	return weights
}

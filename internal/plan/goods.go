package plan

import (
	"math"
	"slices"
)

// mostGoods is how many goods the pricing program tells apart.
const mostGoods = 64

// goods are what is left by size. Pods that keep each other apart by hostname ask
// besides for a place of which every node has one; places is how many kinds of such
// places there are. Where there are too many sizes, those that are nearly alike count
// as the largest of them.
func (b *buyer) goods(rates []float64) (goods []good, places int) {
	index := map[*counter]int{}
	for _, s := range b.sizes {
		if _, known := index[s.place]; s.place != nil && !known {
			index[s.place] = len(index)
		}
	}
	b.sort(index)
	for _, s := range b.sizes {
		if s.good == len(goods) {
			goods = append(goods, good{size: make(vec, len(s.size)+len(index))})
		}
		g := &goods[s.good]
		g.size[:len(s.size)].raise(s.size)
		if s.place != nil {
			g.size[len(s.size)+index[s.place]] = 1
		}
		for _, l := range s.lots {
			g.most += l.left
		}
	}
	for _, s := range b.sizes {
		s.part = 1
		if whole := goods[s.good].size[:len(s.size)].dot(rates); whole > 0 {
			s.part = s.size.dot(rates) / whole
		}
	}
	return goods, len(index)
}

// sort tells every size its good: its own while there are few, else one for all
// sizes within a factor of each other, which grows until there are few.
func (b *buyer) sort(places map[*counter]int) {
	for steps := math.Inf(1); ; steps = nextSteps(steps) {
		known := map[string]int{}
		for _, s := range b.sizes {
			var key rulesBuilder
			if s.place != nil {
				key.number(places[s.place] + 1)
			}
			key.text('s', "")
			for _, x := range s.size {
				key.number(grade(x, steps))
			}
			i, ok := known[string(key.buf)]
			if !ok {
				i = len(known)
				known[string(key.buf)] = i
			}
			s.good = i
		}
		if len(known) <= mostGoods || steps < 0.5 {
			return
		}
	}
}

// nextSteps is the next coarser number of grades that a doubling is divided into.
func nextSteps(steps float64) float64 {
	if math.IsInf(steps, 1) {
		return 8
	}
	return steps / 2
}

// grade is a number that amounts share when they are nearly alike.
func grade(x int64, steps float64) int {
	if x <= 0 {
		return -1
	}
	if math.IsInf(steps, 1) {
		return int(x)
	}
	return int(math.Log2(float64(x)) * steps)
}

// sizesOf are the sizes of a good of which any are left.
func (b *buyer) sizesOf(good int) []*sizeGroup {
	return slices.DeleteFunc(slices.Clone(b.sizes), func(s *sizeGroup) bool { return s.good != good })
}

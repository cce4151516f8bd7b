package plan

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// table finds the most that fits a node by cpu and memory alone, however many pods
// there are: at least what any packing is worth.
type table struct {
	// dims is how many resources are amounts; those after it are places, of which a
	// node has one each.
	dims         int
	best, before []int64
}

// most fills the table in the largest common steps of the sizes, or in coarser ones,
// with sizes rounded down, where that would be too much work.
func (t *table) most(goods []good, free resources.Vector, work int64) int64 {
	sum := int64(0)
	var used []good
	for _, g := range goods {
		switch {
		case g.most <= 0 || g.worth <= 0:
		case g.size[resources.CPU] <= 0 && g.size[resources.Memory] <= 0:
			sum += g.worth * int64(g.most) // takes nothing that is looked at here
		default:
			used = append(used, g)
		}
	}
	if len(used) == 0 {
		return sum
	}
	cpu, memory := stride(used, resources.CPU), stride(used, resources.Memory)
	columns := func() (int64, int64) {
		return max(free[resources.CPU], 0)/cpu + 1, max(free[resources.Memory], 0)/memory + 1
	}
	c, m := columns()
	for workOf(c, m, used) > work {
		if c > m {
			cpu *= 2
		} else {
			memory *= 2
		}
		c, m = columns()
	}
	return sum + t.fill(used, cpu, memory, c, m)
}

// workOf is how many cells are worked out in all, at most the largest number there is:
// the product may not fit an int64.
func workOf(c, m int64, used []good) int64 {
	if n := m * int64(len(used)); c <= math.MaxInt64/n {
		return c * n
	}
	return math.MaxInt64
}

// stride is the largest amount of which all the goods' are multiples.
func stride(goods []good, dim int) int64 {
	a := int64(0)
	for _, g := range goods {
		for b := g.size[dim]; b != 0; {
			a, b = b, a%b
		}
	}
	return max(a, 1)
}

// fill works out the best for every amount of cpu and memory, in steps.
func (t *table) fill(goods []good, cpu, memory, c, m int64) int64 {
	t.best = zeros(t.best, int(c*m))
	t.fillPlaces(goods, cpu, memory, c, m)
	for _, g := range goods {
		if t.place(g) >= 0 {
			continue
		}
		x, y := g.size[resources.CPU]/cpu, g.size[resources.Memory]/memory
		if x == 0 && y == 0 {
			// Rounded down to nothing: as many as there are, and as there is room for.
			n := int64(g.most)
			if g.size[resources.CPU] > 0 {
				n = min(n, c*cpu/g.size[resources.CPU])
			}
			if g.size[resources.Memory] > 0 {
				n = min(n, m*memory/g.size[resources.Memory])
			}
			for i := range t.best {
				t.best[i] += g.worth * n
			}
			continue
		}
		t.add(g.worth, x, y, c, m)
	}
	return t.best[c*m-1]
}

// add lets a good be taken any number of times.
func (t *table) add(worth, x, y, c, m int64) {
	for i := x; i < c; i++ {
		row, before := t.best[i*m:(i+1)*m], t.best[(i-x)*m:]
		for j := y; j < m; j++ {
			row[j] = max(row[j], before[j-y]+worth)
		}
	}
}

// packing is what goods that ask for no place are packed best like, however many there
// were of each, and how much work that was; nil when the sizes have no common steps that
// keep the work within limits.
func (t *table) packing(goods []good, free resources.Vector, limit int64) (taken []int, work int64) {
	var used []good
	var index []int
	for i, g := range goods {
		if g.most > 0 && g.worth > 0 && t.place(g) < 0 && free.Fits(g.size) && g.size[resources.CPU]+g.size[resources.Memory] > 0 {
			used, index = append(used, g), append(index, i)
		}
	}
	if len(used) == 0 {
		return nil, 0
	}
	cpu, memory := stride(used, resources.CPU), stride(used, resources.Memory)
	c, m := max(free[resources.CPU], 0)/cpu+1, max(free[resources.Memory], 0)/memory+1
	if work = workOf(c, m, used); work > limit {
		return nil, 0
	}
	t.best = zeros(t.best, int(c*m))
	for _, g := range used {
		t.add(g.worth, g.size[resources.CPU]/cpu, g.size[resources.Memory]/memory, c, m)
	}
	taken = make([]int, len(goods))
	for i, j := c-1, m-1; ; {
		k := slices.IndexFunc(used, func(g good) bool {
			x, y := g.size[resources.CPU]/cpu, g.size[resources.Memory]/memory
			return x <= i && y <= j && t.best[i*m+j] == t.best[(i-x)*m+j-y]+g.worth
		})
		if k < 0 {
			return taken, work
		}
		taken[index[k]]++
		i, j = i-used[k].size[resources.CPU]/cpu, j-used[k].size[resources.Memory]/memory
	}
}

// place is the place that a good takes; -1 for none.
func (t *table) place(g good) int {
	for i := t.dims; i < len(g.size); i++ {
		if g.size[i] > 0 {
			return i
		}
	}
	return -1
}

// fillPlaces lets every place be taken by one good at most.
func (t *table) fillPlaces(goods []good, cpu, memory, c, m int64) {
	places := map[int][]good{}
	for _, g := range goods {
		if i := t.place(g); i >= 0 {
			places[i] = append(places[i], g)
		}
	}
	for i := range len(goods[0].size) {
		if len(places[i]) == 0 {
			continue
		}
		t.before = append(t.before[:0], t.best...)
		for _, g := range places[i] {
			x, y := g.size[resources.CPU]/cpu, g.size[resources.Memory]/memory
			for i := x; i < c; i++ {
				row, before := t.best[i*m:(i+1)*m], t.before[(i-x)*m:]
				for j := y; j < m; j++ {
					row[j] = max(row[j], before[j-y]+g.worth)
				}
			}
		}
	}
}

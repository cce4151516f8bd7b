package plan

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// grow adds patterns that hold more worth than their node costs, until there is
// none or rounds are over.
//
// The program's own worths swing far at first, and patterns that are best by them are
// good for nothing. So patterns are looked for by worths that lie between the
// program's and the best ones that were seen, by the bound that they prove; the closer
// the two come, the more the program's count.
func (c *columns) grow(rounds, steps int) {
	pull := 0.8
	last := math.Inf(1)
	all := false
	for round := range rounds {
		// A template that gave no pattern lately seldom gives one now.
		all = all || round%12 == 11
		if grew := c.addPatterns(all, pull, steps); grew {
			c.program.repair()
			c.program.thin(2 * len(c.goods))
			c.worth, _ = c.program.solution()
			value := c.asks(c.worth)
			if value <= c.proved*(1+2e-3) {
				return
			}
			if round%8 == 7 {
				if value > last*(1-5e-4) {
					return
				}
				last = value
			}
			all = false
			continue
		}
		switch {
		case !all:
			all = true
		case pull == 0:
			return
		case pull < 0.1:
			pull = 0
		default:
			pull /= 2
		}
	}
}

// addPatterns looks for one pattern for every template, or for the next few of those that
// were fruitful last time, and says whether there was any.
func (c *columns) addPatterns(all bool, pull float64, steps int) bool {
	smooth := make([]float64, len(c.worth))
	for i, w := range c.worth {
		smooth[i] = pull*c.center[i] + (1-pull)*w
	}
	grew, proved := 0, 1.0
	for k := range c.templates {
		t := (c.next + k) % len(c.templates)
		if !all && grew == patternsPerRound {
			c.next = t
			break
		}
		if !all && !c.fruitful[t] {
			continue
		}
		price := priceOf(c.templates[t])
		c.pack(t, smooth, steps)
		proved = min(proved, float64(grains(price))/float64(max(c.sack.bound, 1)))
		// A pattern that is better by less than this changes nothing that matters.
		c.fruitful[t] = c.worthOf(c.sack.bestTaken) > price*(1+1e-3)
		if c.fruitful[t] {
			c.use(t, c.sack.bestTaken)
			grew++
		}
	}
	if bound := proved * c.asks(smooth); all && bound > c.proved {
		c.proved, c.center = bound, smooth
	}
	return grew > 0
}

// growExactly adds patterns that the bounded search misses and what that leads to, until
// there is none or the work is done.
func (c *columns) growExactly(work int64, rounds, steps int) {
	for grew := true; grew; {
		if grew, work = c.addExact(work, 8*steps); !grew {
			return
		}
		c.program.repair()
		c.worth, _ = c.program.solution()
		c.proved = 0 // what the search proved rested on its patterns being the best
		c.grow(rounds, steps)
	}
}

// addExact looks for the best pattern of every template, in a table where a search of
// that many steps leaves open whether there is a better one, with no more work than
// given. It says whether there was any and how much work is left.
func (c *columns) addExact(work int64, steps int) (grew bool, left int64) {
	for t, tm := range c.templates {
		if c.pack(t, c.worth, steps); c.sack.bound <= grains(priceOf(tm)*(1+1e-3)) {
			continue
		}
		taken, done := c.table.packing(c.sack.goods, c.free[t], work)
		work -= done
		for i, n := range taken {
			taken[i] = min(n, c.goods[i].most)
		}
		if taken != nil && c.worthOf(taken) > priceOf(tm)*(1+1e-3) && c.free[t].Covers(c.sizeOf(taken)) {
			c.use(t, taken)
			grew = true
		}
	}
	return grew, work
}

// sizeOf is what a packing takes.
func (c *columns) sizeOf(taken []int) resources.Vector {
	sum := make(resources.Vector, len(c.goods[0].size))
	for i, n := range taken {
		sum.Add(c.goods[i].size, int64(n))
	}
	return sum
}

// worthOf is what a packing is worth by the program.
func (c *columns) worthOf(taken []int) float64 {
	sum := 0.0
	for i, n := range taken {
		sum += float64(n) * c.worth[i]
	}
	return sum
}

// asks is what all goods come to with such worths.
func (c *columns) asks(worth []float64) float64 {
	sum := 0.0
	for i, g := range c.goods {
		if !c.unheld[i] {
			sum += float64(g.most) * worth[i]
		}
	}
	return sum
}

// pack finds the packing of the template that is worth most.
func (c *columns) pack(t int, worth []float64, steps int) {
	c.sack.goods = c.sack.goods[:0]
	for i, g := range c.goods {
		g.worth = grains(worth[i])
		if !c.allowed[t][i] {
			g.most = 0
		}
		c.sack.goods = append(c.sack.goods, g)
	}
	free := c.free[t]
	parts, rates := inParts(c.sack.goods, free, c.thorough)
	// The duals bound well; but where they leave resources out they guide badly, and
	// an even rate guides better.
	c.sack.reset(free)
	c.sack.seed(parts)
	if c.thorough {
		if c.sack.search(rates, 0); c.sack.bound > grains(priceOf(c.templates[t])) {
			c.sack.search(rates, steps)
		}
		return
	}
	c.sack.search(evenRates(free, priceOf(c.templates[t])), steps/2)
	bound := c.sack.bound
	c.sack.search(rates, steps/2)
	c.sack.bound = min(c.sack.bound, bound)
}

// evenRates gives every resource of a node the same share of the price.
func evenRates(free resources.Vector, price float64) []float64 {
	even := make([]float64, len(free))
	for d, x := range free {
		even[d] = price / float64(max(x, 1))
	}
	return even
}

// inParts packs goods that may be packed in parts: how many of each, and what a unit
// of each resource is worth in that, in units of the currency; limited says that there are
// no more of each good than there are.
func inParts(goods []good, free resources.Vector, limited bool) (parts, rates []float64) {
	parts, rates = make([]float64, len(goods)), make([]float64, len(free))
	var used, asked []int // goods that fit, and resources that one of them takes
	var goal []float64
	for i, g := range goods {
		if g.most > 0 && free.Fits(g.size) {
			used, goal = append(used, i), append(goal, float64(g.worth)/(moneyUnit*(1<<grainBits)))
		}
	}
	var a [][]float64
	for d, x := range free {
		if !slices.ContainsFunc(used, func(i int) bool { return goods[i].size[d] > 0 }) {
			continue
		}
		row := make([]float64, len(used))
		for j, i := range used {
			row[j] = float64(goods[i].size[d]) / float64(x)
		}
		a, asked = append(a, row), append(asked, d)
	}
	full := make([]float64, len(a))
	for k := range full {
		full[k] = 1
	}
	for j, i := range used {
		if limited && free.Times(goods[i].size, goods[i].most) == goods[i].most {
			row := make([]float64, len(used))
			row[j] = 1
			a, full = append(a, row), append(full, float64(goods[i].most))
		}
	}
	x, duals := solveLP(goal, a, full)
	for j, i := range used {
		parts[i] = x[j]
	}
	for k, d := range asked {
		rates[d] = duals[k] / float64(free[d])
	}
	return parts, rates
}

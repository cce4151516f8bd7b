package plan

import (
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// columns is the packing problem without what pods ask about each other: so many
// goods of every size, to be packed into the cheapest set of nodes. It is solved as
// a linear program over patterns (ways to fill one node) that grows by those worth
// having, and gives what every good is worth when all are packed as cheaply as can be.
type columns struct {
	goods     []good
	templates []*template
	free      []resources.Vector // by template, further resources of the problem included
	// allowed says by template and good whether the one takes the other.
	allowed [][]bool
	// unheld says by good that no template takes it.
	unheld   []bool
	program  *tableau
	patterns []packing
	worth    []float64 // by good, in units of the currency
	// center are the worths by which the highest bound was proved, and proved that bound.
	center []float64
	proved float64
	// fruitful says by template that it gave a pattern when one was looked for last.
	fruitful []bool
	// thorough: patterns are looked for with bounds that know how many there are of each
	// good, which takes longer.
	thorough bool
	// next is the template with which the coming round of looking for patterns begins.
	next  int
	sack  knapsack
	table table
}

// packing is a pattern with its template and how many of each good it holds.
type packing struct {
	template int
	taken    []int
}

// newColumns sets the problem up with one pattern a good. The first dims resources are
// amounts, the others places.
func newColumns(goods []good, dims int, templates []*template, free []resources.Vector, allowed [][]bool) *columns {
	c := &columns{goods: goods, templates: templates, free: free, allowed: allowed}
	c.table.dims = dims
	c.fruitful = slices.Repeat([]bool{true}, len(templates))
	c.unheld = make([]bool, len(goods))
	demand := make([]float64, len(goods))
	var rows [][]float64
	var prices []float64
	for i, g := range goods {
		demand[i] = nudged(i, g.most)
		// One good alone, on the template where that is cheapest, bounds its worth.
		best, times := -1, 0
		for t, tm := range templates {
			n := 0
			if allowed[t][i] {
				n = free[t].Times(g.size, g.most)
			}
			if n > 0 && (best < 0 || float64(tm.offer.Price)*float64(times) < float64(templates[best].offer.Price)*float64(n)) {
				best, times = t, n
			}
		}
		row := make([]float64, len(goods))
		row[i] = 1
		price := 0.0
		if best >= 0 {
			row[i] = float64(times)
			price = priceOf(templates[best])
		} else {
			demand[i], c.unheld[i] = 0, true
		}
		rows, prices = append(rows, row), append(prices, price)
		taken := make([]int, len(goods))
		taken[i] = times
		c.patterns = append(c.patterns, packing{max(best, 0), taken})
	}
	c.program = newTableau(demand, rows, prices)
	c.program.maximise()
	c.worth, _ = c.program.solution()
	asked := make(resources.Vector, len(goods[0].size))
	for _, g := range goods {
		asked.Add(g.size, int64(g.most))
	}
	rates := worths(asked, templates, free)
	c.center = make([]float64, len(goods))
	for i, g := range goods {
		c.center[i] = g.size.Dot(rates) / moneyUnit
	}
	return c
}

// nudge is by how much at most demands are changed so that no two patterns are equally
// good, where the program would try one after another without getting anywhere.
const nudge = 1e-5

func nudged(i, demand int) float64 {
	_, part := math.Modf(float64(i+1) * math.Phi)
	return float64(demand) * (1 + nudge*part)
}

// seed starts the program off with the patterns of a plausible packing: the best node
// by the center's worths for what is left, as often as that allows, and so on.
func (c *columns) seed(steps int) {
	goods := slices.Clone(c.goods)
	ratings := make([]float64, len(c.templates))
	for t := range ratings {
		ratings[t] = math.Inf(1)
	}
	// A rating only falls while goods run out, so one that still leads is the best.
	for range 2 * len(goods) {
		var best int
		for fresh := -1; ; fresh = best {
			best = slices.Index(ratings, slices.Max(ratings))
			if best == fresh || ratings[best] == 0 {
				break
			}
			c.pack(best, c.center, steps)
			ratings[best] = float64(c.sack.best) / float64(max(c.templates[best].offer.Price, 1))
		}
		if ratings[best] == 0 {
			break
		}
		taken := slices.Clone(c.sack.bestTaken)
		c.use(best, taken)
		c.takeOff(taken)
	}
	c.goods = goods
	c.program.repair()
	c.worth, _ = c.program.solution()
}

// takeOff takes a pattern off what there is of the goods, as often as that allows.
func (c *columns) takeOff(taken []int) {
	times := math.MaxInt
	for i, n := range taken {
		if n > 0 {
			times = min(times, c.goods[i].most/n)
		}
	}
	for i, n := range taken {
		c.goods[i].most -= n * max(times, 1)
	}
}

// retarget changes how many there are of each good.
func (c *columns) retarget(counts []int) {
	demand := make([]float64, len(c.goods))
	for i, n := range counts {
		c.goods[i].most = n
		if !c.unheld[i] {
			demand[i] = nudged(i, n)
		}
	}
	c.program.retarget(demand)
	c.proved = 0
	c.worth, _ = c.program.solution()
}

// use adds a pattern to the program, on the cheapest template that takes it.
func (c *columns) use(t int, taken []int) {
	size := c.sizeOf(taken)
	for u, tm := range c.templates {
		if tm.offer.Price < c.templates[t].offer.Price && c.free[u].Covers(size) && c.allows(u, taken) {
			t = u
		}
	}
	row := make([]float64, len(c.goods))
	for i, n := range taken {
		row[i] = float64(n)
	}
	c.patterns = append(c.patterns, packing{t, slices.Clone(taken)})
	c.program.add(row, priceOf(c.templates[t]))
}

// times is how often the linear program uses each pattern, as if demands were not nudged.
func (c *columns) times() []float64 {
	_, duals := c.program.solution()
	for j, n := range duals {
		if whole := math.Round(n); math.Abs(n-whole) < 1e-6+2*nudge*n {
			duals[j] = whole
		}
	}
	return duals
}

// priceOf is a template's price in units of the currency, an order of magnitude that
// suits floating point.
func priceOf(t *template) float64 { return float64(t.offer.Price) / moneyUnit }

// grains is an amount in units of the currency in grains.
func grains(amount float64) int64 { return int64(max(amount, 0) * moneyUnit * (1 << grainBits)) }

// allows says whether the template takes all the goods of a pattern.
func (c *columns) allows(t int, taken []int) bool {
	for i, n := range taken {
		if n > 0 && !c.allowed[t][i] {
			return false
		}
	}
	return true
}

package plan

import (
	"slices"
)

// columns is the packing problem without what pods ask about each other: so many
// goods of every size, to be packed into the cheapest set of nodes. It is solved as
// a linear program over patterns (ways to fill one node) that grows by those worth
// having, and gives what every good is worth when all are packed as cheaply as can be.
type columns struct {
	goods     []good
	templates []*template
	free      []vec // by template, further resources of the problem included
	// allowed says by template and good whether the one takes the other.
	allowed [][]bool
	// unheld says by good that no template takes it.
	unheld   []bool
	program  *tableau
	patterns []packing
	worth    []float64 // by good, in units of the currency
	sack     knapsack
}

// packing is a pattern with its template and how many of each good it holds.
type packing struct {
	template int
	taken    []int
}

// newColumns sets the problem up with one pattern a good.
func newColumns(goods []good, templates []*template, free []vec, allowed [][]bool) *columns {
	c := &columns{goods: goods, templates: templates, free: free, allowed: allowed}
	c.unheld = make([]bool, len(goods))
	demand := make([]float64, len(goods))
	var rows [][]float64
	var prices []float64
	for i, g := range goods {
		demand[i] = float64(g.most)
		// One good alone, on the template where that is cheapest, bounds its worth.
		best, times := -1, 0
		for t, tm := range templates {
			n := 0
			if allowed[t][i] {
				n = free[t].times(g.size, g.most)
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
	return c
}

// grow adds patterns that hold more worth than their node costs, until there is
// none or rounds are over.
func (c *columns) grow(rounds, steps int) {
	for range rounds {
		grew := false
		for t := range c.templates {
			grew = c.improve(t, steps) || grew
		}
		if !grew {
			return
		}
		c.program.repair()
		c.program.thin(3 * len(c.goods))
		c.worth, _ = c.program.solution()
	}
}

// retarget changes how many there are of each good.
func (c *columns) retarget(counts []int) {
	demand := make([]float64, len(c.goods))
	for i, n := range counts {
		c.goods[i].most = n
		if !c.unheld[i] {
			demand[i] = float64(n)
		}
	}
	c.program.retarget(demand)
	c.worth, _ = c.program.solution()
}

// improve adds the packing of the template that is worth most now, if that is more
// than its price.
func (c *columns) improve(t, steps int) bool {
	c.price(t, steps)
	price := priceOf(c.templates[t])
	// A pattern that is better by less than this changes nothing that matters.
	if c.sack.best <= grains(price*(1+1e-3)) {
		return false
	}
	c.use(t, c.sack.bestTaken)
	return true
}

// use adds a pattern to the program.
func (c *columns) use(t int, taken []int) {
	row := make([]float64, len(c.goods))
	for i, n := range taken {
		row[i] = float64(n)
	}
	c.patterns = append(c.patterns, packing{t, slices.Clone(taken)})
	c.program.add(row, priceOf(c.templates[t]))
}

// price finds the packing of the template that is worth most now.
func (c *columns) price(t, steps int) {
	c.sack.goods = c.sack.goods[:0]
	for i, g := range c.goods {
		g.worth = grains(c.worth[i])
		if !c.allowed[t][i] {
			g.most = 0
		}
		c.sack.goods = append(c.sack.goods, g)
	}
	free := c.free[t]
	parts, rates := inParts(c.sack.goods, free)
	// The duals bound well; but where they leave resources out they guide badly, and
	// an even rate guides better.
	c.sack.reset(free)
	c.sack.seed(parts)
	c.sack.search(evenRates(free, priceOf(c.templates[t])), steps/2)
	c.sack.search(rates, steps/2)
}

// evenRates gives every resource of a node the same share of the price.
func evenRates(free vec, price float64) []float64 {
	even := make([]float64, len(free))
	for d, x := range free {
		even[d] = price / float64(max(x, 1))
	}
	return even
}

// inParts packs goods that may be packed in parts: how many of each, and what a unit
// of each resource is worth in that, in units of the currency.
func inParts(goods []good, free vec) (parts, rates []float64) {
	a := make([][]float64, len(free))
	b := make([]float64, len(free))
	for d, x := range free {
		a[d] = make([]float64, len(goods))
		b[d] = 1
		for i, g := range goods {
			if g.most > 0 && x > 0 {
				a[d][i] = float64(g.size[d]) / float64(x)
			}
		}
	}
	goal := make([]float64, len(goods))
	for i, g := range goods {
		if g.most > 0 && free.fits(g.size) {
			goal[i] = float64(g.worth) / (moneyUnit * (1 << grainBits))
		}
	}
	parts, rates = solveLP(goal, a, b)
	for d, x := range free {
		if x > 0 {
			rates[d] /= float64(x)
		}
	}
	return parts, rates
}

func partRates(goods []good, free vec) []float64 {
	_, rates := inParts(goods, free)
	return rates
}

// times is how often the linear program uses each pattern.
func (c *columns) times() []float64 {
	_, duals := c.program.solution()
	return duals
}

// priceOf is a template's price in units of the currency, an order of magnitude that
// suits floating point.
func priceOf(t *template) float64 { return float64(t.offer.Price) / moneyUnit }

// grains is an amount in units of the currency in grains.
func grains(amount float64) int64 { return int64(max(amount, 0) * moneyUnit * (1 << grainBits)) }

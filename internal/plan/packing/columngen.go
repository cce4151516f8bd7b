package packing

import (
	"math"
	"slices"
)

// Solve looks for the patterns that serve the items most cheaply (Gilmore and Gomory 1961:
// a pattern that is worth more than its bin costs makes the program cheaper).
func (m *Master) Solve(rounds int) {
	m.seed(m.steps() / 4)
	if m.tabled != nil {
		// The first patterns are found as well in a small table.
		m.growByTable(min(rounds, tableRounds), quickCells, roughly)
		m.growByTable(min(rounds, tableRounds), tableCells, m.near)
		if m.far() {
			m.growByTable(largeRounds, largeCells, m.near) // the bins that count may be larger than tables
		}
		if !m.far() {
			m.settle()
			return
		}
		m.tabled = nil // they are larger than any
	}
	m.grow(rounds, m.steps())
	m.grow(thoroughRounds, thoroughSteps)
	if len(m.Bins) <= exactBins {
		m.growExactly(int64(m.count())*exactWork, furtherRounds, m.steps())
	}
	m.settle()
}

// far says that the program's price is far above what is proved.
func (m *Master) far() bool { return m.price(m.Duals) > m.Proved*(1+farShare) }

// settle has the program's own duals prove the bound where they prove more: by them the patterns that are known are
// worth their price and no more, but others may be.
func (m *Master) settle() {
	value := m.price(m.Duals)
	if m.tabled == nil {
		if value <= m.Proved*(1+2*worthwhile) {
			m.Center = m.Duals
		}
		return
	}
	if value > m.Proved*(1+lpEpsilon) {
		if proved, _ := m.tabled.search(m.Duals, tableCells, 0); proved*value > m.Proved {
			m.Proved, m.Center = proved*value, m.Duals
		}
	}
}

// smooth are duals between the program's and the center.
func (m *Master) smooth(pull float64) []float64 {
	smooth := make([]float64, len(m.Duals))
	for i, w := range m.Duals {
		smooth[i] = pull*m.Center[i] + (1-pull)*w
	}
	return smooth
}

// grow adds patterns until there is none that is worth more than its bin, or rounds are
// over.
//
// The program's own duals swing far at first, and patterns that are best by them are good
// for nothing. So patterns are looked for by duals that lie between the program's and the
// best ones that were seen, by the bound that they prove; the closer the two come, the more
// the program's count (smoothing: Wentges 1997, Pessoa et al. 2018).
func (m *Master) grow(rounds, steps int) {
	pull := 0.8
	last := math.Inf(1)
	all := false
	for round := range rounds {
		// A bin that gave no pattern lately seldom gives one now.
		all = all || round%12 == 11
		if m.addPatterns(all, pull, steps) {
			m.resolve()
			value := m.price(m.Duals)
			if value <= m.Proved*(1+2e-3) {
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

// addPatterns looks for one pattern for every bin, or for the next few of those that were
// fruitful last time, and says whether there was any.
func (m *Master) addPatterns(all bool, pull float64, steps int) bool {
	smooth := m.smooth(pull)
	grew, proved := 0, 1.0
	for k := range m.Bins {
		t := (m.next + k) % len(m.Bins)
		if !all && grew == patternsPerRound {
			m.next = t
			break
		}
		if m.surpassed[t] || !all && !m.fruitful[t] {
			continue
		}
		price := m.fills[t].price
		bound, taken := m.fill(t, smooth, steps)
		proved = min(proved, price/max(bound, 1e-12))
		// A pattern that is better by less than this changes nothing that matters.
		m.fruitful[t] = taken != nil && m.valueOf(taken) > price*(1+1e-3)
		if m.fruitful[t] {
			m.use(t, taken)
			grew++
		}
	}
	// Farley's bound (1990): shrunk by the worst ratio, the duals are feasible.
	if bound := proved * m.price(smooth); all && bound > m.Proved {
		m.Proved, m.Center = bound, smooth
	}
	return grew > 0
}

// fill looks for the filling of a bin that is worth most by the duals. It returns a bound
// of the value of all fillings, in units of the currency, and the filling by item; nil when
// none is worth more than the bin.
func (m *Master) fill(t int, duals []float64, steps int) (bound float64, taken []int) {
	f := m.fills[t]
	f.value(duals, m.Items)
	if len(f.items) == 0 {
		return 0, nil
	}
	if bound = f.ceiling(); bound <= f.price*(1-1e-6) {
		return bound, nil // the rates of last time prove it
	}
	m.parts = zeros(m.parts, len(f.items))
	m.lp.solve(f, m.parts, f.rates)
	if bound = f.ceiling(); bound <= f.price*(1-1e-6) {
		return bound, nil
	}
	m.sack.reset(f)
	m.sack.start(m.parts)
	m.sack.above(Grains(f.price * (1 + worthwhile)))
	m.search(f, steps)
	return float64(m.sack.bound) / (unit * (1 << GrainBits)), m.taken(f, m.sack.bestTaken)
}

// search looks for a filling with the knapsack that was started.
func (m *Master) search(f *fill, steps int) {
	m.sack.search(f.rates, steps)
	m.searched += stepsToStart*len(f.items) + steps - m.sack.steps
}

// taken is a filling by item of the program.
func (m *Master) taken(f *fill, byFill []int) []int {
	taken := make([]int, len(m.Items))
	for j, n := range byFill {
		taken[f.items[j].index] = n
	}
	return taken
}

// seed starts the program off with the patterns of a plausible packing: the best bin by the
// center's duals for what is left, as often as that allows, and so on.
func (m *Master) seed(steps int) {
	items := slices.Clone(m.Items)
	ratings := make([]float64, len(m.Bins))
	best := make([][]int, len(m.Bins))
	for t := range ratings {
		if !m.surpassed[t] {
			ratings[t] = math.Inf(1)
		}
	}
	// A rating only falls while items run out, so one that still leads is the best.
	for range 2 * len(items) {
		var t int
		for fresh := -1; ; fresh = t {
			t = slices.Index(ratings, slices.Max(ratings))
			if t == fresh || ratings[t] == 0 {
				break
			}
			ratings[t], best[t] = m.rating(t, steps)
		}
		if ratings[t] == 0 {
			break
		}
		m.use(t, best[t])
		m.takeOff(best[t])
	}
	m.Items = items
	m.resolve()
}

// rating is what the best filling of a bin is worth for its price.
func (m *Master) rating(t, steps int) (float64, []int) {
	f := m.fills[t]
	f.value(m.Center, m.Items)
	m.parts = zeros(m.parts, len(f.items))
	m.lp.solve(f, m.parts, f.rates)
	m.sack.reset(f)
	m.sack.start(m.parts)
	m.search(f, steps)
	return float64(m.sack.best) / max(f.price, 1e-12), m.taken(f, m.sack.bestTaken)
}

// takeOff takes a pattern off what there is of the items, as often as that allows.
func (m *Master) takeOff(taken []int) {
	times := math.MaxInt
	for i, n := range taken {
		if n > 0 {
			times = min(times, m.Items[i].Count/n)
		}
	}
	for i, n := range taken {
		m.Items[i].Count -= n * max(times, 1)
	}
}

// growExactly adds patterns that the bounded search misses and what that leads to, until
// there is none or the work is done.
func (m *Master) growExactly(work int64, rounds, steps int) {
	for grew := true; grew; {
		if grew, work = m.addExact(work, 8*steps); !grew {
			return
		}
		m.resolve()
		m.Proved = 0 // what the search proved rested on its patterns being the best
		m.grow(rounds, steps)
	}
}

// addExact looks for the best pattern of every bin, in a table where a search of that many
// steps leaves open whether there is a better one, with no more work than given. It says
// whether there was any and how much work is left.
func (m *Master) addExact(work int64, steps int) (grew bool, left int64) {
	for t, f := range m.fills {
		if m.surpassed[t] {
			continue
		}
		if bound, _ := m.fill(t, m.Duals, steps); bound <= f.price*(1+1e-3) {
			continue
		}
		byFill, done := m.exact.fill(f, work)
		work -= done
		m.searched += int(done / productsAStep)
		if byFill == nil {
			continue
		}
		taken := m.taken(f, byFill)
		for i, n := range taken {
			taken[i] = min(n, m.Items[i].Count)
		}
		if m.valueOf(taken) > f.price*(1+1e-3) && m.Bins[t].Free.Covers(m.sizeOf(taken)) {
			m.use(t, taken)
			grew = true
		}
	}
	return grew, work
}

// GrowAgain looks on after Retarget.
func (m *Master) GrowAgain() {
	if m.tabled != nil {
		m.growByTable(fewRounds, quickCells, m.near)
		return
	}
	m.grow(furtherRounds, m.steps())
}

func (m *Master) count() int {
	n := 0
	for i := range m.Items {
		n += m.Items[i].Count
	}
	return n
}

// steps is how many steps the search for one pattern takes at most.
func (m *Master) steps() int {
	return min(max(pricingWork/(len(m.Items)*max(len(m.Bins), 1)), leastSteps), mostSteps)
}

package packing

import "math"

// Prove looks for duals that prove more, in a table that has larger bins.
func (m *Master) Prove() {
	if m.tabled != nil && m.price(m.Duals) > m.Proved*(1+enough) {
		m.growByTable(proofRounds, largeCells)
		m.settle()
	}
}

// growByTable adds patterns as grow does, of a table of so many cells at most. Many in a round are
// good for much more than one a bin: the best with each item.
func (m *Master) growByTable(rounds int, cells int64) {
	pull, last, proven := 0.5, math.Inf(1), 0.0
	for round := range rounds {
		smooth := m.smooth(pull)
		proved, found := m.tabled.search(smooth, cells, binsAnItem)
		if bound := proved * m.price(smooth); bound > m.Proved {
			m.Proved, m.Center = bound, smooth
		}
		grew := false
		for _, p := range found {
			if m.valueOf(p.Taken) > m.fills[p.Bin].price*(1+openShare) {
				m.use(p.Bin, p.Taken)
				grew = true
			}
		}
		grew = m.exchange() || grew
		if !grew {
			if pull == 0 {
				return
			}
			if pull /= 2; pull < 0.1 {
				pull = 0
			}
			continue
		}
		m.resolve()
		value := m.price(m.Duals)
		if value <= m.Proved*(1+enough) {
			return
		}
		if round%6 == 5 {
			if value > last*(1-enough/2) && m.Proved < proven*(1+enough) {
				return
			}
			last, proven = value, m.Proved
		}
	}
}

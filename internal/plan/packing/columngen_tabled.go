package packing

import "math"

// Prove looks for duals that prove more, in a table that has larger bins.
func (m *Master) Prove() {
	if m.tabled != nil && m.price(m.Duals) > m.Proved*(1+m.near) {
		m.growByTable(proofRounds, largeCells, m.near)
		m.settle()
	}
}

// growByTable adds patterns as grow does, of a table of so many cells at most, until the program is as near as that to the bound
// that it proves. Many in a round are good for much more than one a bin: the best with each item. Where the duals halfway to the
// center give none, the program's own do, or prove that there is none, which only counts where the end is to be found.
func (m *Master) growByTable(rounds int, cells int64, near float64) {
	const halfway = 0.5
	pull, last, proven := halfway, math.Inf(1), 0.0
	for round := range rounds {
		smooth := m.smooth(pull)
		proved, found := m.tabled.search(smooth, cells, binsAnItem)
		m.tabled.strict = m.tabled.strict && near <= m.near // the first patterns need not be the best
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
			if pull == 0 || near > m.near {
				return
			}
			pull = 0
			continue
		}
		pull = halfway
		m.resolve()
		value := m.price(m.Duals)
		if value <= m.Proved*(1+near) {
			return
		}
		if round%6 == 5 {
			if value > last*(1-near/2) && m.Proved < proven*(1+near) {
				return
			}
			last, proven = value, m.Proved
		}
	}
}

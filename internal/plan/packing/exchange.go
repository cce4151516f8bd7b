package packing

import (
	"cmp"
	"slices"
)

// An exchange is a pattern without a bin: where a pattern has an item, it can have others instead
// that together are no larger. So an item is worth at least what fits in its place, and with that in the
// program its duals settle in much fewer rounds (dual-optimal inequalities: Ben Amor, Desrosiers and
// Valério de Carvalho 2006). Exchanges cost nothing that patterns do not: Uses makes patterns of them.
const exchanged = -1

// exchange adds the exchanges by which items are worth less than they must, and says whether there
// are any. It looks at single items, and at what the table has.
func (m *Master) exchange() bool {
	some := false
	for c := range m.Items {
		best := c
		for a := range m.Items {
			if m.Duals[a] > m.Duals[best] && m.Items[a].Place == 0 && m.Items[c].Size.Covers(m.Items[a].Size) && m.goes(a, c) {
				best = a
			}
		}
		if best != c {
			instead := make([]int, len(m.Items))
			instead[best] = 1
			some = m.addExchange(c, instead) || some
		}
	}
	s := m.tabled
	for _, c := range s.even {
		x, y := s.size[c][0], s.size[c][1]
		if x >= s.width || y >= s.height || s.at(x, y) <= s.value[c] {
			continue
		}
		instead := make([]int, len(m.Items))
		s.read(x, y, instead)
		allowed := true
		for a, n := range instead {
			allowed = allowed && (n == 0 || m.Items[a].Place == 0 && m.goes(a, c))
		}
		some = allowed && m.addExchange(c, instead) || some
	}
	return some
}

// goes says whether an item goes wherever another one does.
func (m *Master) goes(a, c int) bool {
	return !slices.ContainsFunc(m.Bins, func(b Bin) bool { return b.takes(c) && !b.takes(a) })
}

// addExchange adds items instead of another one, if by the duals these are worth more.
func (m *Master) addExchange(c int, instead []int) bool {
	if m.valueOf(instead) <= m.Duals[c]*(1+openShare/10)+2*lpTolerance {
		return false
	}
	instead[c]--
	m.Patterns = append(m.Patterns, Pattern{exchanged, instead})
	m.program.add(instead, 0)
	return true
}

// Uses are the patterns that the linear program uses, with its exchanges made in them.
func (m *Master) Uses() []Use {
	var uses, exchanges []Use
	for j, n := range m.times() {
		if n <= 1e-6 {
			continue
		}
		use := Use{m.Patterns[j], n}
		if use.Bin == exchanged {
			exchanges = append(exchanges, use)
		} else {
			uses = append(uses, use)
		}
	}
	// What comes into an item's place may be exchanged itself, but for something smaller.
	slices.SortStableFunc(exchanges, func(a, b Use) int {
		x, y := &m.Items[slices.Index(a.Taken, -1)], &m.Items[slices.Index(b.Taken, -1)]
		return cmp.Or(-cmp.Compare(m.extent(x), m.extent(y)), cmp.Compare(y.Place, x.Place))
	})
	// Items of one size may come into each other's place in any order.
	for range exchanges {
		before, after := 0.0, 0.0
		for k := range exchanges {
			before += exchanges[k].Times
			uses = m.makeExchange(uses, &exchanges[k])
			after += exchanges[k].Times
		}
		if after <= 1e-6 || after >= before {
			break
		}
	}
	return uses
}

// extent grows with the size of an item.
func (m *Master) extent(it *Item) float64 {
	sum := 0.0
	for d, x := range it.Size {
		if most := m.largest[d]; most > 0 {
			sum += float64(x) / float64(most)
		}
	}
	return sum
}

// makeExchange makes an exchange in the patterns that have the item, as often as it is used, and takes
// that off.
func (m *Master) makeExchange(uses []Use, e *Use) []Use {
	c := slices.Index(e.Taken, -1)
	for k := 0; k < len(uses) && e.Times > 1e-6; k++ {
		has := uses[k].Taken[c]
		if has <= 0 {
			continue
		}
		changed := slices.Clone(uses[k].Taken)
		for i, n := range e.Taken {
			changed[i] += has * n
		}
		if !m.fits(uses[k].Bin, changed) {
			continue
		}
		times := min(uses[k].Times, e.Times/float64(has))
		e.Times -= times * float64(has)
		if uses[k].Times-times <= 1e-6 {
			uses[k].Taken = changed
			continue
		}
		uses[k].Times -= times
		uses = append(uses, Use{Pattern{uses[k].Bin, changed}, times})
	}
	return uses
}

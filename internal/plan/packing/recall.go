package packing

import (
	"cmp"
	"slices"
)

// resolve solves the program after rows have been added, and drops rows down to about two an item: more make
// every step take longer. Of what was dropped earlier, some may be worth more than its bin by the new
// duals; to look there comes before a search for new patterns, which takes many times as long.
func (m *Master) resolve() {
	for range recallRounds {
		m.program.repair()
		m.program.thin(2 * len(m.Items))
		m.Duals, _ = m.program.solution()
		if !m.recall() {
			return
		}
	}
	m.program.repair()
	m.Duals, _ = m.program.solution()
}

// recall adds patterns to the program again that were dropped from it, those that are worth most for what their
// bins cost, and says whether there are any. Exchanges are found anew as easily.
func (m *Master) recall() bool {
	type dropped struct {
		pattern int
		share   float64
	}
	var all []dropped
	inProgram := m.program.present()
	for j := range m.Patterns {
		if p := &m.Patterns[j]; !inProgram[j] && p.Bin != exchanged {
			if share := m.valueOf(p.Taken) / m.fills[p.Bin].price; share > 1+openShare {
				all = append(all, dropped{j, share})
			}
		}
	}
	m.searched += len(m.Patterns) * len(m.Items) / productsAStep
	slices.SortStableFunc(all, func(a, b dropped) int { return cmp.Compare(b.share, a.share) })
	for _, d := range all[:min(patternsPerRound, len(all))] {
		p := &m.Patterns[d.pattern]
		m.program.addAs(d.pattern, rowOf(p.Taken), m.fills[p.Bin].price)
	}
	return len(all) > 0
}

// rowOf is a pattern as a row of the program.
func rowOf(taken []int) []float64 {
	row := make([]float64, len(taken))
	for i, n := range taken {
		row[i] = float64(n)
	}
	return row
}

package packing

import (
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// TestTableIsLoose: nearly as many of an item as fit count as enough, which saves passes over the table, until it is to be strict.
func TestTableIsLoose(t *testing.T) {
	const fit = 9 // of the item, in a table of ten steps each way
	for _, c := range []struct {
		limit        int
		strict, told bool
	}{
		{limit: fit / anyShare, told: false},
		{limit: fit/anyShare - 1, told: true},
		{limit: fit - 1, strict: true, told: true},
		{limit: fit, strict: true, told: false},
	} {
		s := table{
			lattice: &lattice{even: []int{0}, size: [][2]int64{{1, 1}}},
			limit:   []int{c.limit}, value: []int64{10}, strict: c.strict,
		}
		s.build(fit+1, fit+1)
		want := int64(fit * 10)
		if c.told {
			want = int64(c.limit * 10)
		}
		if got := s.at(fit, fit); got != want {
			t.Errorf("limit %d, strict %t: the table is worth %d, want %d", c.limit, c.strict, got, want)
		}
	}
}

// TestTableBecomesStrict: tables are strict from where a filling that there is not keeps the program from proving more; the first
// patterns, which need prove nothing, are always of loose ones.
func TestTableBecomesStrict(t *testing.T) {
	program := func() *Master {
		// Of nine that fit there are six: by the table a bin holds nine, which are worth more than the six and what fits beside them.
		return NewMaster([]Item{{Size: resources.Vector{100, 100}, Count: 6}, {Size: resources.Vector{200, 100}, Count: 50}}, []int{0},
			[]Bin{{Price: 1_000_000, Free: resources.Vector{900, 900}}})
	}
	for _, c := range []struct {
		near   float64
		strict bool
	}{{roughly, false}, {enough, true}} {
		m := program()
		m.Duals, m.Center = []float64{0.2, 0.05}, []float64{0.2, 0.05}
		m.growByTable(1, quickCells, c.near)
		if m.tabled.strict != c.strict {
			t.Errorf("near %g: strict is %t, want %t", c.near, m.tabled.strict, c.strict)
		}
	}
}

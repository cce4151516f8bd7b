package packing

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// TestTableFindsWhatSearchFinds holds the patterns of tables, and what they prove, against a search that
// goes through everything.
func TestTableFindsWhatSearchFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for i := range rapid.IntRange(1, 6).Draw(t, "items") {
			items = append(items, Item{
				Size:  resources.Vector{50 * rapid.Int64Range(1, 8).Draw(t, "cpu"), 128 * rapid.Int64Range(1, 8).Draw(t, "memory"), 1},
				Count: rapid.IntRange(1, 9).Draw(t, "count"), Place: (i + 1) * rapid.IntRange(0, 1).Draw(t, "place"),
			})
		}
		if rapid.Bool().Draw(t, "odd") {
			items = append(items, Item{Size: resources.Vector{37, 105, 1}, Count: 5})
		}
		var bins []Bin
		for range rapid.IntRange(1, 3).Draw(t, "bins") {
			bins = append(bins, Bin{
				Price: rapid.Int64Range(1, 9).Draw(t, "price") * 1_000_000,
				Free:  resources.Vector{rapid.Int64Range(300, 1900).Draw(t, "cpu free"), rapid.Int64Range(700, 4000).Draw(t, "memory free"), 12},
			})
		}
		m := NewMaster(items, []int{0, 2, 1, 2, 3, 1, 2}, bins)
		if m.tabled == nil {
			t.Fatal("no lattice")
		}
		duals := make([]float64, len(items))
		for i := range duals {
			duals[i] = rapid.Float64Range(0.05, 2).Draw(t, "dual")
		}
		cells := rapid.SampledFrom([]int64{100, tableCells}).Draw(t, "cells")
		proved, found := m.tabled.search(duals, cells, 2)
		most := map[int]float64{}
		for _, p := range found {
			if !m.fits(p.Bin, p.Taken) {
				t.Fatalf("%v does not fit bin %d", p.Taken, p.Bin)
			}
			worth := 0.0
			for i, n := range p.Taken {
				worth += float64(n) * duals[i]
			}
			most[p.Bin] = max(most[p.Bin], worth)
		}
		for b, f := range m.fills {
			if m.surpassed[b] || len(f.items) == 0 {
				continue
			}
			f.value(duals, items)
			m.parts = zeros(m.parts, len(f.items))
			m.lp.solve(f, m.parts, f.rates)
			m.sack.reset(f)
			m.sack.search(f.rates, 1_000_000)
			best := float64(m.sack.best) / (unit * (1 << GrainBits))
			if proved*best > f.price*(1+1e-6) {
				t.Fatalf("%g of bin %d's price is said to prove, but a filling is worth %g of %g", proved, b, best, f.price)
			}
			if most[b] > best*(1+1e-6) {
				t.Fatalf("bin %d has a pattern that is worth %g, where the best is worth %g", b, most[b], best)
			}
		}
	})
}

// TestTableIsExact: where there is enough of every item, and nothing but the first two resources binds, the
// best pattern is found.
func TestTableIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			items = append(items, Item{
				Size:  resources.Vector{50 * rapid.Int64Range(1, 8).Draw(t, "cpu"), 128 * rapid.Int64Range(1, 8).Draw(t, "memory")},
				Count: 99,
			})
		}
		items = append(items, Item{Size: resources.Vector{137, 483}, Count: 99})
		free := resources.Vector{rapid.Int64Range(300, 1900).Draw(t, "cpu free"), rapid.Int64Range(700, 4000).Draw(t, "memory free")}
		m := NewMaster(items, []int{0}, []Bin{{Price: 1_000_000, Free: free}})
		duals := make([]float64, len(items))
		for i := range duals {
			duals[i] = rapid.Float64Range(0.1, 1).Draw(t, "dual")
		}
		_, found := m.tabled.search(duals, tableCells, 0)
		got := 1.0
		for _, p := range found {
			worth := 0.0
			for i, n := range p.Taken {
				worth += float64(n) * duals[i]
			}
			got = max(got, worth)
		}
		f := m.fills[0]
		f.value(duals, items)
		m.sack.reset(f)
		m.sack.search(f.even(nil), 1_000_000)
		want := max(float64(m.sack.best)/(unit*(1<<GrainBits)), 1)
		if got < want*(1-2*openShare) {
			t.Fatalf("the best pattern found is worth %g, where %g is there", got, want)
		}
	})
}

// TestExchangesAreMade: what the program uses serves all items, at the price that its duals say, with
// patterns that fit their bins.
func TestExchangesAreMade(t *testing.T) {
	made := false
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for i := range rapid.IntRange(8, 20).Draw(t, "items") {
			items = append(items, Item{
				Size:  resources.Vector{50 * rapid.Int64Range(1, 12).Draw(t, "cpu"), 128 * rapid.Int64Range(1, 12).Draw(t, "memory")},
				Count: rapid.IntRange(1, 40).Draw(t, "count"), Place: (i + 1) * max(rapid.IntRange(-2, 1).Draw(t, "place"), 0),
			})
		}
		m := NewMaster(items, slices.Repeat([]int{1}, len(items)+1), []Bin{
			{Price: 1_000_000, Free: resources.Vector{900, 1900}}, {Price: 1_800_000, Free: resources.Vector{1900, 3900}},
		})
		m.growByTable(rapid.IntRange(1, 12).Draw(t, "rounds"), tableCells, enough)
		for j, n := range m.times() {
			made = made || n > 1e-6 && m.Patterns[j].Bin == exchanged
		}
		served, price := make([]float64, len(items)), 0.0
		for _, u := range m.Uses() {
			if !m.fits(u.Bin, u.Taken) {
				t.Fatalf("%v does not fit bin %d", u.Taken, u.Bin)
			}
			price += u.Times * m.fills[u.Bin].price
			for i, n := range u.Taken {
				served[i] += u.Times * float64(n)
			}
		}
		for i, it := range items {
			if served[i] < float64(it.Count)*(1-1e-3)-1e-3 { // demands are nudged
				t.Fatalf("%g of %d of item %d are served", served[i], it.Count, i)
			}
		}
		if want := m.price(m.Duals); price > want*(1+1e-3) {
			t.Fatalf("what the program uses costs %g, by its duals %g", price, want)
		}
	})
	if !made {
		t.Error("no program used an exchange")
	}
}

package packing_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// TestPartsSolvedAlone holds a program that falls into two parts, whose items and bins come in any
// order, against one linear program for each of them.
func TestPartsSolvedAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []packing.Item
		var partOf []int
		for range rapid.IntRange(2, 6).Draw(t, "items") {
			items = append(items, packing.Item{
				Size:  resources.Vector{rapid.Int64Range(1, 4).Draw(t, "cpu"), rapid.Int64Range(1, 4).Draw(t, "memory")},
				Count: rapid.IntRange(1, 9).Draw(t, "count"),
			})
			partOf = append(partOf, rapid.IntRange(0, 1).Draw(t, "part"))
		}
		var bins []packing.Bin
		for range rapid.IntRange(2, 5).Draw(t, "bins") {
			part := rapid.IntRange(0, 1).Draw(t, "bin's part")
			takes := make([]bool, len(items))
			for i, own := range partOf {
				takes[i] = own == part
			}
			bins = append(bins, packing.Bin{
				Price: rapid.Int64Range(1, 9).Draw(t, "price") * 1_000_000, Takes: takes,
				Free: resources.Vector{rapid.Int64Range(4, 8).Draw(t, "cpu free"), rapid.Int64Range(4, 8).Draw(t, "memory free")},
			})
		}
		want := 0.0
		served := make([]float64, len(items))
		for part := range 2 {
			own, into := partAlone(items, bins, partOf, part)
			if len(own) == 0 || len(into) == 0 {
				for i := range items {
					if partOf[i] == part {
						served[i] = float64(items[i].Count) // nobody can
					}
				}
				continue
			}
			m := packing.NewMaster(own, []int{0}, into)
			m.Solve(packing.PricingRounds)
			for _, u := range m.Uses() {
				want += u.Times * float64(into[u.Bin].Price) / 1_000_000
			}
		}
		p := packing.NewProgram(items, []int{0}, bins)
		p.Solve(packing.PricingRounds)
		got := 0.0
		for _, u := range p.Uses() {
			got += u.Times * float64(bins[u.Bin].Price) / 1_000_000
			for i, n := range u.Taken {
				if n > 0 && !bins[u.Bin].Takes[i] {
					t.Fatalf("bin %d has item %d, which it does not take", u.Bin, i)
				}
				served[i] += u.Times * float64(n)
			}
		}
		if math.Abs(got-want) > 1e-6*want {
			t.Fatalf("the program costs %g, its parts %g", got, want)
		}
		for i, it := range items {
			if served[i] < float64(it.Count)*(1-1e-4) {
				t.Fatalf("%g of %d of item %d are served", served[i], it.Count, i)
			}
		}
	})
}

func partAlone(items []packing.Item, bins []packing.Bin, partOf []int, part int) (own []packing.Item, into []packing.Bin) {
	first := -1
	for i, it := range items {
		if partOf[i] == part {
			own, first = append(own, it), i
		}
	}
	for _, b := range bins {
		if first >= 0 && b.Takes[first] {
			into = append(into, packing.Bin{Price: b.Price, Free: b.Free})
		}
	}
	return own, into
}

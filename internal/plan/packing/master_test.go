package packing_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// TestMasterBetweenBoundAndBest holds the program against the cheapest packing there is: what
// it proves is no higher, and patterns are used often enough for all items.
func TestMasterBetweenBoundAndBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []packing.Item
		rooms := []int{0, 1}
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			items = append(items, packing.Item{
				Size:  resources.Vector{rapid.Int64Range(1, 4).Draw(t, "cpu"), rapid.Int64Range(1, 4).Draw(t, "memory")},
				Place: rapid.IntRange(0, 1).Draw(t, "place"), Count: rapid.IntRange(1, 3).Draw(t, "count"),
			})
		}
		var bins []packing.Bin
		for range rapid.IntRange(1, 3).Draw(t, "bins") {
			bins = append(bins, packing.Bin{
				Price: rapid.Int64Range(1, 9).Draw(t, "price") * 1_000_000,
				Free:  resources.Vector{rapid.Int64Range(4, 8).Draw(t, "cpu"), rapid.Int64Range(4, 8).Draw(t, "memory")},
			})
		}
		counts := make([]int, len(items))
		for i, it := range items {
			counts[i] = it.Count
		}
		best := cheapest(items, rooms, bins, counts, map[[3]int]float64{})
		m := packing.NewMaster(items, rooms, bins)
		m.Solve(packing.PricingRounds)
		if m.Proved > best*(1+1e-4) {
			t.Fatalf("proved %g, where %g is enough", m.Proved, best)
		}
		served, price := make([]float64, len(items)), 0.0
		for _, u := range m.Uses() {
			price += u.Times * float64(bins[u.Bin].Price) / 1_000_000
			inside, placed := make(resources.Vector, 2), 0
			for i, k := range u.Taken {
				served[i] += u.Times * float64(k)
				inside.Add(items[i].Size, int64(k))
				placed += k * items[i].Place
			}
			if !bins[u.Bin].Free.Covers(inside) || placed > rooms[1] {
				t.Fatalf("%v does not fit bin %d", u.Taken, u.Bin)
			}
		}
		for i, it := range items {
			if served[i] < float64(it.Count)*(1-1e-4) {
				t.Fatalf("%g of %d of item %d are served", served[i], it.Count, i)
			}
		}
		if price > best*(1+3e-3) {
			t.Fatalf("patterns cost %g, where whole bins cost %g", price, best)
		}
	})
}

// cheapest tries every packing of what is left.
func cheapest(items []packing.Item, rooms []int, bins []packing.Bin, left []int, known map[[3]int]float64) float64 {
	var key [3]int
	some := false
	for i, n := range left {
		key[i] = n
		some = some || n > 0
	}
	if !some {
		return 0
	}
	if price, ok := known[key]; ok {
		return price
	}
	best := math.Inf(1)
	for _, b := range bins {
		fillings(items, rooms[1], b.Free, left, func(rest []int) {
			best = min(best, float64(b.Price)/1_000_000+cheapest(items, rooms, bins, rest, known))
		})
	}
	known[key] = best
	return best
}

// fillings calls with what is left after every filling of a bin that takes something.
func fillings(items []packing.Item, room int, free resources.Vector, left []int, call func(rest []int)) {
	var try func(i, room int, free resources.Vector, rest []int, some bool)
	try = func(i, room int, free resources.Vector, rest []int, some bool) {
		if i == len(items) {
			if some {
				call(append([]int(nil), rest...))
			}
			return
		}
		for n := 0; n <= left[i] && free.Times(items[i].Size, n) == n && n <= max(room, n*(1-items[i].Place)); n++ {
			next := append(resources.Vector(nil), free...)
			next.Add(items[i].Size, int64(-n))
			rest[i] = left[i] - n
			try(i+1, room-n*items[i].Place, next, rest, some || n > 0)
		}
		rest[i] = left[i]
	}
	try(0, room, free, append([]int(nil), left...), false)
}

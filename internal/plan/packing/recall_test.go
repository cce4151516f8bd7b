package packing

import (
	"math/rand/v2"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// manySizes draws a packing of so many items, all multiples of a step, into eight bins of which some differ little. Every third item has a place of its own, of which rooms is how many there are.
func manySizes(r *rand.Rand, n int) (items []Item, rooms []int, bins []Bin) {
	items, rooms = make([]Item, n), []int{0}
	for i := range items {
		items[i] = Item{
			Size:  resources.Vector{50 << r.IntN(6), 128 << r.IntN(6)},
			Count: 1 + int(1/(0.003+r.Float64())),
		}
		items[i].Size[0] += 50 * r.Int64N(4)
		items[i].Size[1] += 128 * r.Int64N(4)
		if i%3 == 2 {
			rooms = append(rooms, 1+r.IntN(3))
			items[i].Place = len(rooms) - 1
		}
	}
	for i := range int64(8) {
		bins = append(bins, Bin{Price: 5_000_000<<(i/2) - i%3*300_000, Free: resources.Vector{1000 << (i / 2), (2048 + i%2*2048) << (i / 2)}})
	}
	return items, rooms, bins
}

// TestStepsEndAtTheOptimum holds the program's solution against each of its rows and its goal: a step that divides by
// a coefficient that is next to nothing would leave neither feasible.
func TestStepsEndAtTheOptimum(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		items, rooms, bins := manySizes(r, 65)
		m := NewMaster(items, rooms, bins)
		m.Solve(PricingRounds)
		for range 8 { // as nodes are bought, most items have run out
			counts := make([]int, len(items))
			for i := range counts {
				counts[i] = m.Items[i].Count * r.IntN(8) / 10
			}
			m.Retarget(counts)
			m.GrowAgain()
			for j, is := range m.program.present() {
				p := m.Patterns[j]
				price := 0.0
				if p.Bin != exchanged {
					price = m.fills[p.Bin].price
				}
				if is && m.valueOf(p.Taken) > price+1e-5 {
					t.Fatalf("seed %d: %v is worth %g, more than %g", seed, p.Taken, m.valueOf(p.Taken), price)
				}
			}
			for j, x := range m.program.goal[:m.program.n] {
				if x < -1e-5 {
					t.Fatalf("seed %d: more of variable %d would gain %g", seed, j, -x)
				}
			}
		}
	}
}

// TestDroppedPatternsComeBack drops all patterns that are not in use, asks for other numbers of items, and holds
// the program against one with all patterns.
func TestDroppedPatternsComeBack(t *testing.T) {
	recalled := 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 4))
		items, rooms, bins := manySizes(r, 6)
		m := NewMaster(items, rooms, bins)
		m.Solve(PricingRounds)
		m.program.thin(len(items))
		counts := make([]int, len(items))
		for i := range counts {
			counts[i] = 1 + r.IntN(40)
		}
		m.Retarget(counts)
		before := m.price(m.Duals)
		m.resolve()
		var rows [][]float64
		var prices, demand []float64
		for _, p := range m.Patterns {
			if p.Bin != exchanged {
				rows, prices = append(rows, rowOf(p.Taken)), append(prices, m.fills[p.Bin].price)
			}
		}
		for i, n := range counts {
			demand = append(demand, nudged(i, n))
		}
		duals, _ := Maximise(demand, rows, prices)
		got, want := m.price(m.Duals), m.price(duals)
		// Exchanges may make it cheaper.
		if got > want*(1+2*openShare) {
			t.Errorf("seed %d: %g, with all patterns %g", seed, got, want)
		}
		if before > got*(1+2*openShare) {
			recalled++
		}
	}
	if recalled < 5 {
		t.Errorf("dropped patterns made the program cheaper %d times of 20, too seldom to show anything", recalled)
	}
}

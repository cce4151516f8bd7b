package packing

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

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

// TestStepsEndAtTheOptimum holds the program's solution against all patterns and all items: a step that divides by
// a coefficient that is next to nothing would leave neither satisfied.
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
			for j := range m.Patterns {
				p := &m.Patterns[j]
				price := 0.0
				if p.Bin != exchanged {
					price = m.fills[p.Bin].price
				}
				if m.valueOf(p.Taken) > price+1e-5 {
					t.Fatalf("seed %d: %v is worth %g, more than %g", seed, p.Taken, m.valueOf(p.Taken), price)
				}
			}
			if m.program.drifted() {
				t.Fatalf("seed %d: the basis does not serve what is asked for", seed)
			}
		}
	}
}

// TestCovering holds the program, whose columns come one by one and whose demand changes, against one that is solved at once.
func TestCovering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "items")
		number := rapid.IntRange(0, 9)
		demand := make([]float64, n)
		draw := func() []float64 {
			asked := make([]float64, n)
			for i := range asked {
				asked[i] = float64(number.Draw(t, "demand"))
			}
			return asked
		}
		copy(demand, draw())
		p := newCovering(demand)
		var rows [][]float64
		var prices []float64
		add := func(taken []int, price float64) {
			row := make([]float64, n)
			for i, k := range taken {
				row[i] = float64(k)
			}
			rows, prices = append(rows, row), append(prices, price)
			p.add(taken, price)
		}
		for i := range n {
			alone := make([]int, n)
			alone[i] = 1 + number.Draw(t, "alone")
			add(alone, float64(1+number.Draw(t, "price alone")))
		}
		p.begin()
		for range rapid.IntRange(0, 12).Draw(t, "columns") {
			taken := make([]int, n)
			for i := range taken {
				taken[i] = number.Draw(t, "taken") % 4
			}
			price := float64(number.Draw(t, "price"))
			if price == 0 { // what comes in an item's place
				taken[number.Draw(t, "instead of")%n] = -1
			}
			add(taken, price)
			if rapid.Bool().Draw(t, "another demand") {
				p.retarget(draw())
			} else {
				p.solve()
			}
			duals, _ := Maximise(p.demand, rows, prices)
			want, got, paid := 0.0, 0.0, 0.0
			for i, n := range p.demand {
				want += duals[i] * n
				got += p.duals[i] * n
			}
			for j, times := range p.used() {
				paid += times * prices[j]
			}
			if math.Abs(got-want) > 1e-6*(1+want) || math.Abs(paid-want) > 1e-6*(1+want) || p.drifted() {
				t.Fatalf("%g by duals, %g paid, %g is the optimum", got, paid, want)
			}
		}
	})
}

// TestReplacing looks at which column comes into the basis for one that is used less than not at all.
func TestReplacing(t *testing.T) {
	for _, c := range []struct {
		name         string
		costs, inRow []float64
		want         int
	}{
		{"the one that costs least for what it gives", []float64{3, 1, 2}, []float64{-1, -1, -4}, 2},
		{"of equals the one with the largest coefficient", []float64{1, 2, 1}, []float64{-1, -2, -1}, 1},
		{"what rounding has left of nothing is not divided by", []float64{0, 5}, []float64{-3e-9, -1}, 1},
		{"none gives anything", []float64{1, 1}, []float64{2, 0}, -1},
	} {
		p := newCovering(make([]float64, 1))
		for j, cost := range c.costs {
			p.columns, p.in = append(p.columns, column{price: cost + 100*c.inRow[j], entries: []entry{{0, c.inRow[j]}}}), append(p.in, false)
			p.likely = append(p.likely, j)
		}
		p.duals[0] = 100
		got, _, some := p.replacing([]float64{1})
		if !some {
			got = -1
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestDriftIsMended: a program whose numbers have gone wrong is solved from the beginning.
func TestDriftIsMended(t *testing.T) {
	p := newCovering([]float64{3, 5})
	p.add([]int{1, 0}, 1)
	p.add([]int{0, 1}, 1)
	p.begin()
	p.add([]int{1, 2}, 1.5)
	p.times[0] += 0.5
	p.solve()
	if used := p.used(); math.Abs(used[0]-0.5) > 1e-9 || math.Abs(used[2]-2.5) > 1e-9 {
		t.Errorf("columns are used %v times, want 0.5, 0 and 2.5", used)
	}
}

// TestSpread: no two columns are used as little as each other, and what is asked for is what they serve.
func TestSpread(t *testing.T) {
	p := newCovering([]float64{4, 0, 0})
	for i := range 3 {
		taken := make([]int, 3)
		taken[i] = 2
		p.add(taken, 1)
	}
	p.begin()
	p.spread()
	if p.times[0] != 2 || p.times[1] <= 0 || p.times[2] <= 0 || p.times[1] == p.times[2] || p.drifted() {
		t.Errorf("columns are used %v times for %v", p.times, p.demand)
	}
}

// TestACheapPartIsSolvedLessClosely: two parts, of which one costs fifty times as much, are a thousandth of both from what they prove.
func TestACheapPartIsSolvedLessClosely(t *testing.T) {
	p := NewProgram(
		[]Item{{Size: resources.Vector{1, 1}, Count: 490}, {Size: resources.Vector{1, 1}, Count: 10}}, []int{0},
		[]Bin{{Price: 1_000_000, Free: resources.Vector{1, 1}, Takes: []bool{true, false}}, {Price: 1_000_000, Free: resources.Vector{1, 1}, Takes: []bool{false, true}}})
	p.aimFor(1e-4)
	dear, cheap := p.parts[0].master.near, p.parts[1].master.near
	if math.Abs(dear*490-0.05) > 1e-9 || math.Abs(cheap*10-0.05) > 1e-9 {
		t.Errorf("parts are to come as near as %g and %g", dear, cheap)
	}
}

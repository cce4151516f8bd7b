package packing

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// bestByTrying is the slow twin of a filling: it tries every one.
func bestByTrying(items []Item, values []int64, rooms []int, free resources.Vector) int64 {
	if len(items) == 0 {
		return 0
	}
	it := items[0]
	most := free.Times(it.Size, it.Count)
	if it.Place > 0 {
		most = min(most, rooms[it.Place])
	}
	best := int64(0)
	for n := range most + 1 {
		rest, left := append(resources.Vector(nil), free...), append([]int(nil), rooms...)
		rest.Add(it.Size, int64(-n))
		left[it.Place] -= n
		best = max(best, int64(n)*values[0]+bestByTrying(items[1:], values[1:], left, rest))
	}
	return best
}

// drawFill draws a small bin with items of small values; rooms[0] is none.
func drawFill(t *rapid.T) (items []Item, values []int64, rooms []int, bin Bin) {
	for range rapid.IntRange(0, 5).Draw(t, "items") {
		items = append(items, Item{
			Size:  resources.Vector{rapid.Int64Range(0, 6).Draw(t, "cpu"), rapid.Int64Range(0, 6).Draw(t, "memory"), 1},
			Place: rapid.IntRange(0, 2).Draw(t, "place"), Count: rapid.IntRange(0, 4).Draw(t, "count"),
		})
		values = append(values, rapid.Int64Range(0, 9).Draw(t, "value"))
	}
	rooms = []int{0, rapid.IntRange(0, 2).Draw(t, "room"), 1}
	free := resources.Vector{rapid.Int64Range(0, 12).Draw(t, "cpu"), rapid.Int64Range(0, 12).Draw(t, "memory"), 9}
	return items, values, rooms, Bin{Price: rapid.Int64Range(1, 9).Draw(t, "price"), Free: free}
}

func fillOf(items []Item, values []int64, rooms []int, bin Bin) *fill {
	f := newFill(items, rooms, bin)
	for j := range f.items {
		it := &f.items[j]
		it.exact, it.value, it.limit = values[it.index], float64(values[it.index]), min(it.room, items[it.index].Count)
	}
	return f
}

func TestKnapsackFindsTheBestAndBoundsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items, values, rooms, bin := drawFill(t)
		want := bestByTrying(items, values, rooms, bin.Free)
		f := fillOf(items, values, rooms, bin)
		k := &knapsack{}
		parts, rates := make([]float64, len(f.items)), make([]float64, len(f.rates))
		(&fractional{}).solve(f, parts, rates)
		for i := range rates {
			if rapid.Bool().Draw(t, "another rate") {
				rates[i] = float64(rapid.IntRange(0, 5).Draw(t, "rate"))
			}
		}
		k.reset(f)
		k.start(parts)
		k.search(rates, 1<<20)
		if k.best != want || k.bound != want {
			t.Fatalf("best %d, bound %d, want %d", k.best, k.bound, want)
		}
		used, left, value := make(resources.Vector, 3), append([]int(nil), rooms...), int64(0)
		for j, n := range k.bestTaken {
			it := items[f.items[j].index]
			used.Add(it.Size, int64(n))
			left[it.Place] -= n
			value += int64(n) * values[f.items[j].index]
			if n > it.Count || it.Place > 0 && left[it.Place] < 0 {
				t.Fatalf("taken %v is more than there is", k.bestTaken)
			}
		}
		if value != want || !bin.Free.Covers(used) {
			t.Fatalf("taken %v is worth %d and takes %v", k.bestTaken, value, used)
		}
		// Cut short, it still bounds.
		k.reset(f)
		k.search(rates, rapid.IntRange(0, 10).Draw(t, "steps"))
		if k.best > want || k.bound < want {
			t.Fatalf("cut short: best %d, bound %d, want %d", k.best, k.bound, want)
		}
		least := rapid.Int64Range(0, 60).Draw(t, "least")
		if most := (&Filler{}).Most(items, rooms, values, bin, least, rapid.IntRange(0, 10).Draw(t, "steps")); most < max(want, least) {
			t.Fatalf("most %d, want %d and at least %d", most, want, least)
		}
	})
}

// TestGridBoundsFillings holds the grid's bound against the best filling without what the grid
// leaves out of account.
func TestGridBoundsFillings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items, values, rooms, bin := drawFill(t)
		f := fillOf(items, values, rooms, bin)
		var relaxed []Item
		var worths []int64
		for _, it := range f.items {
			size := append(resources.Vector(nil), items[it.index].Size...)
			size[2] = 0
			relaxed, worths = append(relaxed, Item{Size: size, Count: it.limit}), append(worths, it.exact)
		}
		want := bestByTrying(relaxed, worths, []int{0}, bin.Free)
		rates := make([]float64, len(f.rates))
		(&fractional{}).solve(f, make([]float64, len(f.items)), rates)
		for i := range rates {
			rates[i] = (rates[i] + rapid.Float64Range(0, 1).Draw(t, "more")) / (unit * (1 << GrainBits))
		}
		least := rapid.Int64Range(0, 60).Draw(t, "least")
		g := &grid{work: rapid.Int64Range(1, 300).Draw(t, "work")}
		got, done := g.most(f, rates, least)
		if done && got != max(want, least) {
			t.Fatalf("most %d, want %d and at least %d", got, want, least)
		}
	})
}

// TestRelaxedFilling holds the relaxed filling against the same program with a row for every
// bound, and its ceiling against both.
func TestRelaxedFilling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := fillOf(drawFill(t))
		parts := make([]float64, len(f.items))
		(&fractional{}).solve(f, parts, f.rates)
		goal := make([]float64, len(f.items))
		var rows [][]float64
		var limits []float64
		row := func(limit int64, of func(j int) float64) {
			r := make([]float64, len(f.items))
			for j := range r {
				r[j] = of(j)
			}
			rows, limits = append(rows, r), append(limits, float64(limit))
		}
		got := 0.0
		for j, it := range f.items {
			goal[j] = it.value
			got += it.value * parts[j]
			row(int64(it.limit), func(k int) float64 {
				if k == j {
					return 1
				}
				return 0
			})
		}
		for d, free := range f.free {
			row(free, func(j int) float64 { return float64(f.sizeOf(j)[d]) })
		}
		for p, room := range f.rooms {
			row(room, func(j int) float64 {
				if f.items[j].place == p {
					return 1
				}
				return 0
			})
		}
		x, _ := Maximise(goal, rows, limits)
		want := 0.0
		for j, n := range x {
			want += n * goal[j]
		}
		if math.Abs(got-want) > 1e-6*(1+want) || math.Abs(f.ceiling()-want) > 1e-6*(1+want) {
			t.Fatalf("relaxed %g, ceiling %g, want %g", got, f.ceiling(), want)
		}
	})
}

// TestTableFindsTheBest holds fillings from the table against trying all of them.
func TestTableFindsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int64{1, 1000, 1 << 20}).Draw(t, "scale")
		items, values, rooms, bin := drawFill(t)
		bin.Free[2] = 110
		for i := range items {
			items[i].Size[0] = max(items[i].Size[0], 1) * scale
			items[i].Size[1] *= scale
			items[i].Count = 12
		}
		bin.Free[0], bin.Free[1] = bin.Free[0]*scale, bin.Free[1]*scale
		f := fillOf(items, values, rooms, bin)
		var plain []Item
		var worth []int64
		for j := range f.items {
			if it := &f.items[j]; it.place < 0 && f.amount(j, 0)+f.amount(j, 1) > 0 && it.exact > 0 {
				item := items[it.index]
				item.Place = 0
				plain, worth = append(plain, item), append(worth, values[it.index])
			}
		}
		limit := rapid.Int64Range(0, 2000).Draw(t, "limit")
		taken, work := (&exactTable{}).fill(f, limit)
		if work > limit {
			t.Fatalf("%d is more work than %d", work, limit)
		}
		if taken == nil {
			return
		}
		used, value := make(resources.Vector, 3), int64(0)
		for j, n := range taken {
			used.Add(items[f.items[j].index].Size, int64(n))
			value += f.items[j].exact * int64(n)
		}
		if best := bestByTrying(plain, worth, rooms, bin.Free); value != best || !bin.Free.Covers(used) {
			t.Fatalf("%v takes %v of %v and is worth %d, where %d can be had", taken, used, bin.Free, value, best)
		}
	})
}

// A bin whose table would have more cells than can be counted is none to fill one for.
func TestTableOfAVastBin(t *testing.T) {
	items := []Item{{Size: resources.Vector{101, 1000001}, Count: 5}, {Size: resources.Vector{103, 1000003}, Count: 5}}
	f := fillOf(items, []int64{3, 2}, []int{0}, Bin{Price: 1, Free: resources.Vector{1 << 30, 1 << 40}})
	if taken, work := (&exactTable{}).fill(f, 1<<20); taken != nil || work != 0 {
		t.Errorf("taken are %v, with %d work", taken, work)
	}
}

// What is overcommitted by others does not matter to items that ask for none of it.
func TestOvercommittedBin(t *testing.T) {
	f := fillOf([]Item{{Size: resources.Vector{100, 0, 1}, Count: 9}}, []int64{3}, []int{0}, Bin{Price: 1, Free: resources.Vector{250, -5, 110}})
	if taken, _ := (&exactTable{}).fill(f, 1<<20); len(taken) != 1 || taken[0] != 2 {
		t.Errorf("taken are %v, want 2", taken)
	}
}

func TestMulDivUp(t *testing.T) {
	for _, c := range [][4]int64{{7, 3, 2, 11}, {0, 5, 3, 0}, {1 << 60, 1 << 60, 1 << 60, 1 << 60}, {5, 0, 1, 0}} {
		if got := mulDivUp(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%d·%d/%d = %d, want %d", c[0], c[1], c[2], got, c[3])
		}
	}
}

package plan

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// bestByTrying is the slow twin: it tries every packing.
func bestByTrying(goods []good, free resources.Vector) int64 {
	if len(goods) == 0 {
		return 0
	}
	best := int64(0)
	g := goods[0]
	for n := range free.Times(g.size, g.most) + 1 {
		rest := append(resources.Vector(nil), free...)
		rest.Add(g.size, int64(-n))
		best = max(best, int64(n)*g.worth+bestByTrying(goods[1:], rest))
	}
	return best
}

func TestKnapsackFindsTheBestAndBoundsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := &knapsack{}
		rates := []float64{float64(rapid.IntRange(0, 5).Draw(t, "rate")), float64(rapid.IntRange(0, 5).Draw(t, "rate"))}
		var parts []float64
		for range rapid.IntRange(0, 5).Draw(t, "goods") {
			k.goods = append(k.goods, good{
				size:  resources.Vector{rapid.Int64Range(1, 6).Draw(t, "cpu"), rapid.Int64Range(0, 6).Draw(t, "memory")},
				worth: rapid.Int64Range(0, 9).Draw(t, "worth"), most: rapid.IntRange(0, 4).Draw(t, "most"),
			})
		}
		free := resources.Vector{rapid.Int64Range(-1, 12).Draw(t, "cpu"), rapid.Int64Range(-1, 12).Draw(t, "memory")}
		for range k.goods {
			parts = append(parts, rapid.Float64Range(0, 3).Draw(t, "part"))
		}
		want := bestByTrying(k.goods, resources.Vector{max(free[0], 0), max(free[1], 0)})
		k.reset(free)
		k.seed(parts)
		k.search(rates, 1<<20)
		if k.best != want || k.bound != want {
			t.Fatalf("best %d, bound %d, want %d", k.best, k.bound, want)
		}
		used, value := resources.Vector{0, 0}, int64(0)
		for i, n := range k.bestTaken {
			used.Add(k.goods[i].size, int64(n))
			value += int64(n) * k.goods[i].worth
		}
		if value != want || !(resources.Vector{max(free[0], 0), max(free[1], 0)}).Covers(used) {
			t.Fatalf("taken %v is worth %d and takes %v", k.bestTaken, value, used)
		}
		// Cut short, it still bounds.
		k.reset(free)
		k.search(rates, rapid.IntRange(0, 10).Draw(t, "steps"))
		if k.best > want || k.bound < want {
			t.Fatalf("cut short: best %d, bound %d, want %d", k.best, k.bound, want)
		}
	})
}

func TestMulDivUp(t *testing.T) {
	for _, c := range [][4]int64{{7, 3, 2, 11}, {0, 5, 3, 0}, {1 << 60, 1 << 60, 1 << 60, 1 << 60}, {5, 0, 1, 0}} {
		if got := mulDivUp(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%d·%d/%d = %d, want %d", c[0], c[1], c[2], got, c[3])
		}
	}
}

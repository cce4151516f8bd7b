package plan

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

func TestTableIsNeverBelowTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int64{1, 1000, 1 << 20}).Draw(t, "scale")
		var goods []good
		for range rapid.IntRange(0, 4).Draw(t, "goods") {
			goods = append(goods, good{
				size: resources.Vector{rapid.Int64Range(0, 6).Draw(t, "cpu") * scale, rapid.Int64Range(0, 6).Draw(t, "memory")*scale + rapid.Int64Range(0, 1).Draw(t, "odd"), 0, 1,
					rapid.Int64Range(0, 1).Draw(t, "place")},
				worth: rapid.Int64Range(0, 9).Draw(t, "worth"), most: rapid.IntRange(0, 4).Draw(t, "most"),
			})
		}
		free := resources.Vector{rapid.Int64Range(0, 12).Draw(t, "cpu") * scale, rapid.Int64Range(0, 12).Draw(t, "memory") * scale, 0, 110, 1}
		var fitting []good
		for _, g := range goods {
			if free.Fits(g.size) {
				fitting = append(fitting, g)
			}
		}
		tab := table{dims: 4}
		if got, least := tab.most(fitting, free, rapid.Int64Range(10, 10_000).Draw(t, "work")), bestByTrying(fitting, free); got < least {
			t.Fatalf("%d is below %d", got, least)
		}
	})
}

// TestPackingFromTheTableIsTheBest holds packings against trying all of them.
func TestPackingFromTheTableIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int64{1, 1000, 1 << 20}).Draw(t, "scale")
		free := resources.Vector{rapid.Int64Range(0, 12).Draw(t, "cpu") * scale, rapid.Int64Range(0, 12).Draw(t, "memory") * scale, 0, 110, 1}
		var goods, plain []good
		for range rapid.IntRange(0, 4).Draw(t, "goods") {
			g := good{
				size: resources.Vector{rapid.Int64Range(0, 6).Draw(t, "cpu") * scale, rapid.Int64Range(0, 6).Draw(t, "memory") * scale, 0, 1,
					rapid.Int64Range(0, 1).Draw(t, "place")},
				worth: rapid.Int64Range(0, 9).Draw(t, "worth"), most: 12,
			}
			goods = append(goods, g)
			if g.size[4] == 0 && g.size[resources.CPU]+g.size[resources.Memory] > 0 && free.Fits(g.size) {
				plain = append(plain, g)
			}
		}
		tab := table{dims: 4}
		limit := rapid.Int64Range(0, 2000).Draw(t, "limit")
		taken, work := tab.packing(goods, free, limit)
		if work > limit {
			t.Fatalf("%d is more work than %d", work, limit)
		}
		if taken == nil {
			return
		}
		sum, worth := make(resources.Vector, len(free)), int64(0)
		for i, n := range taken {
			sum.Add(goods[i].size, int64(n))
			worth += goods[i].worth * int64(n)
		}
		if best := bestByTrying(plain, free); worth != best || !free.Covers(sum) {
			t.Fatalf("%v takes %v of %v and is worth %d, where %d can be had", taken, sum, free, worth, best)
		}
	})
}

// A node whose table would have more cells than can be counted is none to fill one for.
func TestTableOfAVastNode(t *testing.T) {
	goods := []good{{size: resources.Vector{101, 1000001, 0, 1}, worth: 3, most: 5}, {size: resources.Vector{103, 1000003, 0, 1}, worth: 2, most: 5}}
	tab := table{dims: 4}
	if taken, work := tab.packing(goods, resources.Vector{1 << 30, 1 << 40, 0, 110}, 1<<20); taken != nil || work != 0 {
		t.Errorf("taken are %v, with %d work", taken, work)
	}
	if most := tab.most(goods, resources.Vector{1 << 30, 1 << 40, 0, 110}, 1<<20); most < 25 {
		t.Errorf("all of it fits and is worth 25, not at most %d", most)
	}
}

// What is overcommitted by DaemonSets does not matter to pods that ask for none of it.
func TestTableOfAnOvercommittedNode(t *testing.T) {
	goods := []good{{size: resources.Vector{100, 0, 0, 1}, worth: 3, most: 9}}
	tab := table{dims: 4}
	if taken, _ := tab.packing(goods, resources.Vector{250, -5, 0, 110}, 1<<20); len(taken) != 1 || taken[0] != 2 {
		t.Errorf("taken are %v, want 2", taken)
	}
}

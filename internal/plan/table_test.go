package plan

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTableIsNeverBelowTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int64{1, 1000, 1 << 20}).Draw(t, "scale")
		var goods []good
		for range rapid.IntRange(0, 4).Draw(t, "goods") {
			goods = append(goods, good{
				size: vec{rapid.Int64Range(0, 6).Draw(t, "cpu") * scale, rapid.Int64Range(0, 6).Draw(t, "memory")*scale + rapid.Int64Range(0, 1).Draw(t, "odd"), 0, 1,
					rapid.Int64Range(0, 1).Draw(t, "place")},
				worth: rapid.Int64Range(0, 9).Draw(t, "worth"), most: rapid.IntRange(0, 4).Draw(t, "most"),
			})
		}
		free := vec{rapid.Int64Range(0, 12).Draw(t, "cpu") * scale, rapid.Int64Range(0, 12).Draw(t, "memory") * scale, 0, 110, 1}
		var fitting []good
		for _, g := range goods {
			if free.fits(g.size) {
				fitting = append(fitting, g)
			}
		}
		tab := table{dims: 4}
		if got, least := tab.most(fitting, free, rapid.Int64Range(10, 10_000).Draw(t, "work")), bestByTrying(fitting, free); got < least {
			t.Fatalf("%d is below %d", got, least)
		}
	})
}

package plan

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// spreading is a small cluster of pods of one app that spread by hostname, and others, some of which only a tainted group
// takes, whose nodes the spread counts.
type spreading struct {
	// size and spread are by pod: milli-cores, and whether it is of the app; batch, whether it needs the tainted group.
	size          []int
	spread, batch []bool
	skew          int
	// room and price are by type, those of the tainted group from tainted on.
	room    []int
	price   []Money
	tainted int
}

// cheapest tries all sets of nodes with all ways to lay the pods on them, for the least price at which no node has more than
// skew pods of the app above the node with the fewest.
func (c *spreading) cheapest() Money {
	var nodes, left, apps []int
	var lay func(pod int) bool
	lay = func(pod int) bool {
		if pod == len(c.size) {
			return slices.Max(apps) <= slices.Min(apps)+c.skew
		}
		for n, kind := range nodes {
			if left[n] < c.size[pod] || (kind >= c.tainted) != c.batch[pod] {
				continue
			}
			left[n] -= c.size[pod]
			if c.spread[pod] {
				apps[n]++
			}
			done := lay(pod + 1)
			left[n] += c.size[pod]
			if c.spread[pod] {
				apps[n]--
			}
			if done {
				return true
			}
		}
		return false
	}
	return cheapestSet(c.price, len(c.size), math.MaxInt64, func(kinds []int) bool {
		nodes, left, apps = kinds, left[:0], make([]int, len(kinds))
		for _, kind := range kinds {
			left = append(left, c.room[kind])
		}
		return len(kinds) > 0 && lay(0)
	})
}

// TestBoundKnowsSpread holds the bound against the cheapest of all plans, and sees to it that spread makes it higher where no
// plan can do without a node that has none of the pods.
func TestBoundKnowsSpread(t *testing.T) {
	knew := false
	rapid.Check(t, func(t *rapid.T) {
		c := &spreading{skew: rapid.IntRange(1, 2).Draw(t, "skew")}
		s, say, told := drawn(t)
		say("offer small cpu=1 memory=4096 price=%d", rapid.IntRange(1, 9).Draw(t, "price"))
		say("offer large cpu=4 memory=8192 price=%d", rapid.IntRange(1, 9).Draw(t, "price"))
		say("offer batch cpu=1 memory=4096 price=%d", rapid.IntRange(1, 9).Draw(t, "price"))
		say("group web max=100 offers=small,large mixed")
		say("group batch max=100 offers=batch taint=t:NoSchedule labels=tier=x")
		add := func(n, size int, spread, batch bool) {
			for range n {
				c.size, c.spread, c.batch = append(c.size, size), append(c.spread, spread), append(c.batch, batch)
			}
		}
		n, size := rapid.IntRange(4, 5).Draw(t, "app"), rapid.IntRange(1, 9).Draw(t, "size")*100
		say("pod app x%d cpu=%dm memory=1Mi labels=app=web spread=host/%d/app=web", n, size, c.skew)
		add(n, size, true, false)
		if rapid.Bool().Draw(t, "tainted") {
			say("pod batch cpu=500m memory=1Mi tolerate=t:NoSchedule selector=tier=x")
			add(1, 500, false, true)
		}
		n, size = rapid.IntRange(0, 2).Draw(t, "others"), rapid.IntRange(1, 9).Draw(t, "other size")*100
		if n > 0 {
			say("pod other x%d cpu=%dm memory=1Mi", n, size)
			add(n, size, false, false)
		}
		for _, tainted := range []bool{false, true} {
			c.tainted = len(c.room)
			for _, tm := range newWorld(&s.state).templates {
				if (tm.group.Name == "batch") == tainted {
					c.room, c.price = append(c.room, int(tm.free[0])), append(c.price, tm.offer.Price)
				}
			}
		}
		p := Decide(&s.state)
		best := c.cheapest()
		if Money(p.Cost.LowerBound) > best || Money(p.Cost.After) < best {
			t.Fatalf("the cheapest is %s, the plan %s, the bound %s\n%s", Hourly(best), p.Cost.After, p.Cost.LowerBound, told)
		}
		c.spread = make([]bool, len(c.spread))
		knew = knew || Money(p.Cost.LowerBound) > c.cheapest()
	})
	if !knew {
		t.Error("no bound was above the cheapest plan without spread")
	}
}

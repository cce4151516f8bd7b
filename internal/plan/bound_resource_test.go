package plan

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

func TestNoPlanCostsLessThanItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s *story
		told := ""
		if rapid.Bool().Draw(t, "sociable") {
			s, told = drawSociable(t)
		} else {
			s, told = drawStory(t)
		}
		p := Decide(&s.state)
		if p.Cost.LowerBound > p.Cost.After || p.Cost.LowerBound < 0 {
			t.Fatalf("costs %s, at least %s\n%s\n%s", p.Cost.After, p.Cost.LowerBound, tell(p, s.state.Now), told)
		}
	})
}

// cheapest tries every number of nodes of every template for the least price at
// which all pods fit, each pod anywhere.
func cheapest(nodes []resources.Vector, prices []Money, sizes []resources.Vector, best Money) Money {
	var free []resources.Vector
	var fits func(i int) bool
	fits = func(i int) bool {
		if i == len(sizes) {
			return true
		}
		for _, f := range free {
			if f.Fits(sizes[i]) {
				f.Add(sizes[i], -1)
				ok := fits(i + 1)
				f.Add(sizes[i], 1)
				if ok {
					return true
				}
			}
		}
		return false
	}
	return cheapestSet(prices, len(sizes), best, func(kinds []int) bool {
		free = free[:0]
		for _, kind := range kinds {
			free = append(free, slices.Clone(nodes[kind]))
		}
		return fits(0)
	})
}

// cheapestSet is what the cheapest set of nodes costs, at most so many, that holds what it has to; best when none costs less. Nodes
// are told by their kind, of which these are the prices.
func cheapestSet(prices []Money, most int, best Money, holds func(kinds []int) bool) Money {
	var kinds []int
	var try func(from int, spent Money)
	try = func(from int, spent Money) {
		if spent >= best {
			return
		}
		if holds(kinds) {
			best = spent
			return
		}
		for kind := from; kind < len(prices) && len(kinds) < most; kind++ {
			kinds = append(kinds, kind)
			try(kind, spent+prices[kind])
			kinds = kinds[:len(kinds)-1]
		}
	}
	try(0, 0)
	return best
}

// TestPlansAreNearlyTheCheapest holds plans for a handful of pods against the best
// that there is, and the bound against it too.
func TestPlansAreNearlyTheCheapest(t *testing.T) {
	var paid, needed float64
	rapid.Check(t, func(t *rapid.T) {
		s := newStory()
		say := func(line string) {
			if err := s.line(line); err != nil {
				t.Fatal(err)
			}
		}
		say("offer small cpu=2 memory=4096 price=12")
		say("offer medium cpu=4 memory=8192 price=20")
		say("offer large cpu=8 memory=16384 price=44")
		say("group web max=100 offers=small,medium,large mixed")
		for range rapid.IntRange(1, 7).Draw(t, "pods") {
			object := benchPod("default", rapid.StringMatching("[a-z]{8}").Draw(t, "name"), int64(rapid.IntRange(1, 38).Draw(t, "cpu")*100), int64(rapid.IntRange(1, 70).Draw(t, "memory")*100), nil)
			s.state.Pods = append(s.state.Pods, NewPod(object))
		}
		w := newWorld(&s.state)
		var nodes, sizes []resources.Vector
		var prices []Money
		for _, tm := range w.templates {
			nodes, prices = append(nodes, tm.free), append(prices, tm.offer.Price)
		}
		for _, p := range s.state.Pods {
			sizes = append(sizes, w.dims.Size(&p.requests))
		}
		best := cheapest(nodes, prices, sizes, math.MaxInt64)
		p := Decide(&s.state)
		if Money(p.Cost.LowerBound) > best || Money(p.Cost.After) < best {
			t.Fatalf("the cheapest is %s, the plan %s, the bound %s", best, Money(p.Cost.After), Money(p.Cost.LowerBound))
		}
		if float64(p.Cost.After) > 1.7*float64(best) {
			t.Fatalf("the cheapest is %s, the plan %s", best, Money(p.Cost.After))
		}
		paid, needed = paid+float64(p.Cost.After), needed+float64(best)
	})
	if paid > 1.05*needed {
		t.Errorf("plans for a few pods cost %.3f times the least on average", paid/needed)
	}
	t.Logf("plans for a few pods cost %.4f times the least on average", paid/needed)
}

// offerTolerance is by how much a plan may become dearer when an offer is added; see
// the package documentation.
const offerTolerance = 1.15

func TestAnotherOfferMakesNoPlanMuchDearer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory()
		say := func(line string) {
			if err := s.line(line); err != nil {
				t.Fatal(err)
			}
		}
		say("offer small cpu=2 memory=4096 price=12")
		say("offer medium cpu=4 memory=8192 price=20")
		say("offer large cpu=8 memory=16384 price=44")
		say(fmt.Sprintf("offer extra cpu=%d memory=%d price=%d", rapid.IntRange(1, 12).Draw(t, "cpu"), rapid.IntRange(1, 24).Draw(t, "gb")*1024, rapid.IntRange(5, 60).Draw(t, "price")))
		say("group web max=100 offers=small,medium,large mixed")
		for i := range rapid.IntRange(1, 24).Draw(t, "pods") {
			object := benchPod("default", fmt.Sprint("p", i), int64(rapid.IntRange(1, 38).Draw(t, "cpu")*100), int64(rapid.IntRange(1, 70).Draw(t, "memory")*100), nil)
			s.state.Pods = append(s.state.Pods, NewPod(object))
		}
		before := Decide(&s.state).Cost.After
		s.state.Groups[0].Offers = append(s.state.Groups[0].Offers, "extra")
		after := Decide(&s.state).Cost.After
		if float64(after) > offerTolerance*float64(before) {
			t.Fatalf("with another offer the plan costs %s instead of %s", after, before)
		}
	})
}

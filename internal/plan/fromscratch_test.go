package plan

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What is paid above the bound is explained to the last unit; the comparison depends on
// nothing but the state, and leaves it as it is.
func TestTheDifferenceFromScratchAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawStory(t)
		p := Decide(&s.state)
		before := encode(t, p)
		f := CompareFromScratch(&s.state, p)
		var sum Hourly
		for _, d := range f.Difference {
			if d.Cost <= 0 || !slices.Contains(DifferenceReasons(), d.Reason) {
				t.Fatalf("%s\ndifference %+v", told, d)
			}
			sum += d.Cost
		}
		if f.LowerBound < 0 || f.Known < f.LowerBound || p.Cost.After < f.Known || p.Cost.After-f.LowerBound != sum {
			t.Fatalf("%s\nafter %d, known %d, bound %d, difference %d", told, p.Cost.After, f.Known, f.LowerBound, sum)
		}
		if after := encode(t, Decide(&s.state)); after != before {
			t.Fatalf("%s\nthe comparison changes the state:\n%s\n%s", told, before, after)
		}
		shuffled := s.state
		shuffled.Groups = rapid.Permutation(s.state.Groups).Draw(t, "groups")
		shuffled.Nodes = rapid.Permutation(s.state.Nodes).Draw(t, "nodes")
		shuffled.Pods = rapid.Permutation(s.state.Pods).Draw(t, "pods")
		again, _ := json.Marshal(CompareFromScratch(&shuffled, Decide(&shuffled)))
		if once, _ := json.Marshal(f); string(once) != string(again) {
			t.Fatalf("%s\n%s\nand in another order\n%s", told, once, again)
		}
	})
}

package plan

import "testing"

// TestPriceIsNearTheBound: pods of many sizes, some of which only the largest types take, cost next to no more than
// what is proved to be the least. Programs that price well on types of a size leave a fifth on the table here.
func TestPriceIsNearTheBound(t *testing.T) {
	offers := vpsOffers()
	for _, n := range []int{1000, 2000} {
		p := Decide(&State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(deployments(n))})
		if share := float64(p.Cost.After) / float64(p.Cost.LowerBound); share > 1.005 || len(p.Unplaced) > 0 {
			t.Errorf("%d pods cost %.3f of the bound, want 1.005 at most; %d are unplaced", n, share, len(p.Unplaced))
		}
	}
}

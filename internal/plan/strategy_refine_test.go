package plan

import "testing"

// TestRefiningIsCheaper: buying anew for the worst nodes lowers the price of some plans, raises that
// of none, and serves no fewer pods.
func TestRefiningIsCheaper(t *testing.T) {
	cheaper := 0
	for n := 100; n <= 400; n += 50 {
		offers := vpsOffers()
		w := newWorld(&State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(deployments(n))})
		s := w.newSearch(w.bySize(w.lots))
		s.begin()
		before := s.result
		s.refine()
		s.show()
		after := w.outcome(s.lots)
		if before.better(after) || after.misses() {
			t.Errorf("%d pods: %+v is refined to %+v", n, before, after)
		}
		if after.price < before.price {
			cheaper++
		}
	}
	if cheaper == 0 {
		t.Error("no plan is cheaper")
	}
}

package plan

import "testing"

// TestPodsThatSpreadByOthersAreBoughtAlong: for pods that spread by the labels of others it is tried to buy last and along with the
// rest, and the better one is kept. Without such pods the second is not tried.
func TestPodsThatSpreadByOthersAreBoughtAlong(t *testing.T) {
	const name = "spread-along"
	offers, names := cloudOffers(), map[string]int{}
	for n := 60; n <= 240; n += 30 {
		w := newWorld(&State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(diverse(n))})
		s := w.newSearch(w.bySize(w.lots))
		s.begin()
		last := s.result
		s.tryAll(strategies())
		if last.better(s.result) {
			t.Errorf("%d pods: %+v became %+v", n, last, s.result)
		}
		if s.best.together && !s.result.better(last) {
			t.Errorf("%d pods are bought for along with the rest, which is no better", n)
		}
		names[s.name]++
	}
	if names[name] == 0 || len(names) < 2 {
		t.Errorf("the best are %v, want %s and another", names, name)
	}
	w := newWorld(&State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(deployments(100))})
	if s := w.newSearch(w.bySize(w.lots)); s.fickle {
		t.Error("Deployments without topology spread count as spread by others")
	}
}

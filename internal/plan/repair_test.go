package plan

import "testing"

// TestPodsTurnedOutChangePlaces: pods that spread by others' labels, and lose their places when nodes are bought later, change
// places with pods that do not mind, and buy no nodes for themselves. Of many, most find a place when they are bought for along
// with the others.
func TestPodsTurnedOutChangePlaces(t *testing.T) {
	offers := cloudOffers()
	for pods, most := range map[int]float64{2000: 1.039, 4000: 1.04} {
		p := Decide(&State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(diverse(pods))})
		if share := float64(p.Cost.After) / float64(p.Cost.LowerBound); share > most || len(p.Unplaced) > 0 {
			t.Errorf("%d pods: %.4f of the bound with %d pods unplaced, want %.3f at most with none", pods, share, len(p.Unplaced), most)
		}
	}
}

package plan_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// drawCrowd draws a cluster of up to 400 apps that ask for anything.
func drawCrowd(t *rapid.T) plantest.Crowd {
	c := plantest.Crowd{
		Seed: rapid.Uint64().Draw(t, "seed"), Apps: rapid.IntRange(20, 400).Draw(t, "apps"), Replicas: rapid.IntRange(1, 4).Draw(t, "replicas"),
		Groups: rapid.IntRange(1, 6).Draw(t, "groups"), Types: rapid.IntRange(1, 24).Draw(t, "types"), OneType: rapid.Bool().Draw(t, "one type"),
		Wishes: rapid.UintRange(0, 1<<plantest.CrowdWishes-1).Draw(t, "wishes"), Percent: rapid.IntRange(10, 100).Draw(t, "percent"),
	}
	if rapid.Bool().Draw(t, "has nodes") {
		c.Nodes = rapid.IntRange(1, 150).Draw(t, "nodes")
	}
	if rapid.Bool().Draw(t, "is limited") {
		c.Most = rapid.IntRange(1, 10).Draw(t, "most")
	}
	return c
}

// However many classes of pods get in each other's way, the steps of a plan are bounded by what a
// stage may take before it leaves out what a plan can do without, and by what it has to do for each
// pod, node and type.
func TestNoClusterMakesAPlanTakeLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCrowd(t)
		s := c.State()
		_, steps, share := plan.DecideCounting(s)
		if steps > 3*share {
			t.Fatalf("%d steps, more than 3 times a stage's share of %d: %+v", steps, share, c)
		}
	})
}

// Which of twelve types four groups shall have is tried as long as that stage's steps last, and then estimated: a plan takes its
// two or three shares, not one for every type of every group.
func TestTheChoiceOfATypeTakesOneShare(t *testing.T) {
	c := plantest.Crowd{Seed: 7, Apps: 250, Replicas: 3, Groups: 4, Types: 12, OneType: true, Wishes: 1<<plantest.CrowdWishes - 1, Percent: 30}
	p, steps, share := plan.DecideCounting(c.State())
	if steps > 3*share {
		t.Errorf("%d steps, more than 3 times a stage's share of %d", steps, share)
	}
	if len(p.Launches) == 0 {
		t.Error("nothing is bought")
	}
}

// Pods that are turned out of every place that the repair gives them, by others that are given one in turn, are not given another
// for ever.
func TestRepairEnds(t *testing.T) {
	done := make(chan *plan.Plan)
	go func() {
		c := plantest.Crowd{Seed: 55, Apps: 330, Replicas: 1, Groups: 2, Types: 6, OneType: true, Wishes: 1<<plantest.CrowdWishes - 1, Percent: 27}
		done <- plan.Decide(c.State())
	}()
	select {
	case p := <-done:
		if len(p.Launches) == 0 {
			t.Error("nothing is bought")
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("the plan does not end")
	}
}

// A plan that leaves out what it can do without is the same in whatever order the state's lists come.
func TestPlansThatAreCutShortKnowNoOrder(t *testing.T) {
	c := plantest.Crowd{Seed: 12, Apps: 60, Replicas: 3, Groups: 4, Types: 12, OneType: true, Wishes: 0b1100011000011, Percent: 37}
	s, reversed := c.State(), c.State()
	slices.Reverse(reversed.Pods)
	slices.Reverse(reversed.Groups)
	slices.Reverse(reversed.Offers)
	p, steps, share := plan.DecideCounting(s)
	if steps <= share {
		t.Fatalf("%d steps of %d: nothing is left out", steps, share)
	}
	if want, got := asJSON(t, p), asJSON(t, plan.Decide(reversed)); got != want {
		t.Errorf("with the lists in reverse:\n%s\nwant\n%s", got, want)
	}
}

func asJSON(t *testing.T, p *plan.Plan) string {
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package control

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// The next-best type is bought in the same round; the refused one is left alone
// through a restart, longer each time, and forgiven when it is sold again.
func TestRefusedOfferingIsLeftAloneThroughRestarts(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{Stock: map[string]*int{small: new(0)}})
	g := w.group("refused", 1, 3, func(g *v1alpha1.NodeGroup) {
		g.Spec.OfferingIDs = []string{small, medium}
		g.Spec.AllowMixedInstances = true
	})
	machine := w.ready(g, 1)[0]
	if machine.Spec.InstanceType != medium {
		t.Fatalf("bought %s", machine.Spec.InstanceType)
	}
	w.reload(g)
	c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
	if c.Status != metav1.ConditionFalse || c.Reason != "OfferingsRefused" || !strings.Contains(c.Message, small+": CreateVM: Instance type not available") {
		t.Errorf("condition Error: %+v", c)
	}
	if len(g.Status.Backoffs) != 1 || g.Status.Backoffs[0].InstanceType != small || g.Status.Backoffs[0].Failures != 1 {
		t.Fatalf("status.backoffs: %+v", g.Status.Backoffs)
	}
	tries := w.asked(http.MethodPost)
	w.start(w.deps.Options)
	w.patch(g, `{"spec":{"minNodes":2}}`)
	w.ready(g, 2)
	if n := w.asked(http.MethodPost) - tries; n != 1 {
		t.Errorf("%d orders after the restart, want that of %s alone", n, medium)
	}
	w.clock.SetTime(g.Status.Backoffs[0].Until.Add(time.Second))
	w.start(w.deps.Options)
	w.patch(g, `{"spec":{"minNodes":3}}`)
	w.ready(g, 3)
	w.reload(g)
	if len(g.Status.Backoffs) != 1 || g.Status.Backoffs[0].Failures != 2 {
		t.Fatalf("after the second refusal status.backoffs is %+v", g.Status.Backoffs)
	}
	w.must(w.fake.PatchKnobs([]byte(`{"stock":{"` + small + `":null}}`)))
	w.clock.SetTime(g.Status.Backoffs[0].Until.Add(time.Second))
	w.patch(g, `{"spec":{"minNodes":4,"maxNodes":4}}`)
	w.ready(g, 4)
	w.until(time.Second, "the refusal to be forgiven", func() error {
		w.reload(g)
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); len(g.Status.Backoffs) > 0 || c.Reason != "NoError" {
			return fmt.Errorf("%+v, %+v", g.Status.Backoffs, c)
		}
		return nil
	})
}

// The first machine that does not join is replaced at once, also at minimum size;
// those after it with growing pauses, also after a restart.
func TestMachinesThatKeepNotJoiningAreBoughtLessAndLessOften(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{NeverJoin: 1000})
	g := w.group("joinless", 1, 2)
	var bought []time.Time
	count := func() int { return len(w.fake.Ledger().VMs) }
	for i := 1; i <= 4; i++ {
		w.until(20*time.Second, fmt.Sprintf("order %d", i), func() error {
			if count() < i {
				return errNotYet
			}
			return nil
		})
		bought = append(bought, w.clock.Now())
		if i == 3 {
			w.start(w.deps.Options)
		}
		w.until(20*time.Second, "the failure to be told", func() error {
			if w.heard("JoinFailed", "Node join timeout") < i {
				return errNotYet
			}
			return nil
		})
		w.until(time.Second, "the VPS to be deleted", func() error {
			if len(w.bills()) > 1 || len(w.vpsieNodes()) > 1 {
				return fmt.Errorf("%d VPSes", len(w.bills()))
			}
			return nil
		})
	}
	slack := 2 * time.Minute
	for i, pause := range []time.Duration{0, time.Minute, 2 * time.Minute} {
		if got := bought[i+1].Sub(bought[i]) - w.deps.Options.JoinTimeout; got < pause || got > pause+slack {
			t.Errorf("order %d came %s after the failure before it, want %s", i+2, got, pause)
		}
	}
	w.until(time.Second, "the pause to be told", func() error {
		w.reload(g)
		c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if c.Status != metav1.ConditionTrue || c.Reason != reasonNotArriving || !strings.Contains(c.Message, "4 machines in a row") {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	w.must(w.fake.PatchKnobs([]byte(`{"neverJoin":0}`)))
	w.patch(g, `{"spec":{"userData":"#cloud-config\n"}}`) // a person mends the group
	w.ready(g, 1)
	w.until(time.Second, "the failures to be forgotten", func() error {
		w.reload(g)
		if len(g.Status.Backoffs) > 0 {
			return fmt.Errorf("%+v", g.Status.Backoffs)
		}
		return nil
	})
}

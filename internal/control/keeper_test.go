package control

import (
	"encoding/json"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// What machines have cost and what was decided is there after a restart, and the time in
// which nothing ran is counted.
func TestSpendAndJournalSurviveARestart(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	t.Cleanup(func() {
		for _, name := range []string{observe.SpendConfigMap, observe.JournalConfigMap} {
			cm := &corev1.ConfigMap{}
			cm.Namespace, cm.Name = w.deps.Options.Namespace, name
			_ = client.IgnoreNotFound(w.admin.Delete(w.clearCtx(), cm))
		}
	})
	k := newKeeper(&w.deps)
	w.must(k.keep(w.Context())) // nothing is stored yet
	g := w.group("kept", 1, 1)
	machine := w.ready(g, 1)[0]
	hours := func(n int) {
		t.Helper()
		for range n {
			w.clock.Step(time.Hour)
			w.turn(time.Second)
		}
	}
	hours(2)
	total := func() (cost float64) {
		for _, day := range w.deps.Spend.Spent().Days {
			for _, e := range day.Entries {
				if e.Group == "kept" && e.Offering == small {
					cost += e.Cost
				}
			}
		}
		return cost
	}
	if got := total(); got < 2*0.0166 || got > 2.2*0.0167 {
		t.Fatalf("two hours of %s cost %v", small, got)
	}
	w.must(k.keep(w.Context()))

	w.clock.Step(3 * time.Hour) // nothing runs
	w.start(w.deps.Options)
	k = newKeeper(&w.deps)
	w.must(k.keep(w.Context()))
	hours(1)
	if got := total(); got < 6*0.0166 || got > 6.2*0.0167 {
		t.Errorf("six hours, three of them without a controller, cost %v", got)
	}
	var launched bool
	for _, r := range w.deps.Journal.Rounds(observe.Filter{Node: machine.Name}) {
		launched = launched || len(r.Launches) == 1 && r.Launches[0].Machine == machine.Name
	}
	if !launched {
		t.Error("the journal does not know any more when the machine was bought")
	}
	w.must(k.keep(w.Context()))
	var cm corev1.ConfigMap
	w.must(w.admin.Get(w.Context(), client.ObjectKey{Namespace: w.deps.Options.Namespace, Name: observe.SpendConfigMap}, &cm))
	var spent observe.Spent
	w.must(json.Unmarshal([]byte(cm.Data[observe.SpendKey]), &spent))
	if len(spent.Days) == 0 || spent.Until.IsZero() {
		t.Errorf("stored: %s", cm.Data[observe.SpendKey])
	}
}

package control

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// busy: VPSie takes no orders now.
var busy = vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Status: http.StatusTooManyRequests, Effect: "before", Headers: map[string]string{"Retry-After": "1"}}

// A machine waits to be ordered, because VPSie takes no orders or is not there at all. When nothing needs it any more, it goes,
// and is not bought when VPSie is back.
func TestWhatIsNotOrderedYetGoesWhenNothingNeedsIt(t *testing.T) {
	for name, then := range map[string]vpsietest.Fault{
		"while VPSie takes no orders": busy, "during an outage": {Status: 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			w.must(w.fake.SetFaults(busy))
			g := w.group("cancelled", 0, 2)
			w.pending("waits", "1")
			w.until(time.Second, "an order that VPSie does not take", func() error {
				for _, m := range w.vpsieNodes() {
					if m.Status.LastError != "" {
						return nil
					}
				}
				return errNotYet
			})
			w.must(w.fake.SetFaults(then))
			m := w.vpsieNodes()[0]
			p := &corev1.Pod{}
			p.Namespace, p.Name = "default", "waits"
			w.must(w.admin.Delete(w.Context(), p))
			w.until(time.Second, "the machine to be given up", func() error {
				if !w.gone(m) && m.DeletionTimestamp == nil {
					return fmt.Errorf("it is %s", m.Status.Phase)
				}
				return nil
			})
			w.must(w.fake.SetFaults())
			w.ended(m)
			w.after(time.Minute, 5*time.Second)
			if n := w.ordered(); n > 0 {
				t.Errorf("%d VPSes were bought", n)
			}
			w.reload(g)
			if g.Status.LastScaleTime != nil {
				t.Error("what was never bought counts as a scaling")
			}
		})
	}
}

// Machines that are not ordered yet when somebody lowers the maximum are not bought, though pods wait for them.
func TestWhatIsNotOrderedYetIsNotBoughtBeyondALowerMaximum(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.must(w.fake.SetFaults(busy))
	g := w.group("lowered", 0, 3)
	for i := range 3 {
		w.pending(fmt.Sprint("waits-", i), "1500m")
	}
	waiting := func(want int) func() error {
		return func() error {
			if n := len(w.vpsieNodes()); n != want {
				return fmt.Errorf("there are %d", n)
			}
			return nil
		}
	}
	w.until(time.Second, "three machines that wait to be ordered", waiting(3))
	w.patch(g, `{"spec":{"maxNodes":1}}`)
	w.until(time.Second, "one to be left", waiting(1))
	w.must(w.fake.SetFaults())
	w.ready(g, 1)
	w.after(time.Minute, 5*time.Second)
	if n := w.ordered(); n != 1 {
		t.Errorf("%d VPSes were bought, want 1", n)
	}
}

package control

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestOrdersComeBeforeJoins: while a machine is about to be ordered, what VPSie lists of another is not written down, but not for long. That it
// is listed counts at once: others may be ordered for it.
func TestOrdersComeBeforeJoins(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"until it is ordered": func(w *world) { w.deps.arrivals.upcoming.served("another") },
		"not for ever":        func(w *world) { w.clock.Step(shortWait) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			g := w.group("first", 1, 1)
			w.until(time.Second, "the order", func() error {
				w.deps.arrivals.upcoming.expect("another")
				if w.ordered() == 0 {
					return errNotYet
				}
				return nil
			})
			w.after(5*time.Second, time.Second)
			m := w.vpsieNodes()[0]
			if m.Spec.VPSieInstanceID != 0 || m.Status.Phase != v1alpha1.PhaseProvisioning {
				t.Errorf("the machine is %s and VPS %d while another waits to be ordered", m.Status.Phase, m.Spec.VPSieInstanceID)
			}
			if n := len(w.deps.arrivals.orders.open); n != 0 {
				t.Errorf("%d orders count as not listed, want none", n)
			}
			end(w)
			w.turn(0)
			if w.reload(m); m.Spec.VPSieInstanceID == 0 {
				t.Error("the machine still waits")
			}
			w.ready(g, 1)
		})
	}
}

// TestNoMachineStaysUpcoming: what has had its turn, or will have none, keeps nobody waiting.
func TestNoMachineStaysUpcoming(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	u := w.deps.arrivals.upcoming
	none := func(when string) {
		t.Helper()
		if len(u.names) > 0 {
			t.Errorf("after %s, machines %v are still to be ordered", when, u.names.UnsortedList())
		}
	}
	refused := 0
	w.roundThrough(interceptor.NewClient(w.withRights(), interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if _, ok := o.(*v1alpha1.VPSieNode); ok {
				u.mu.Lock() // several are created at once
				defer u.mu.Unlock()
				if !u.names.Has(o.GetName()) {
					t.Errorf("nobody waits for VPSieNode %s, which is being created", o.GetName())
				}
				if refused++; refused <= 2 {
					return errors.New("refused")
				}
			}
			return c.Create(ctx, o, opts...)
		},
	}))
	g := w.group("upcoming", 2, 2)
	w.until(time.Second, "the refusal", func() error {
		if refused < 2 {
			return errNotYet
		}
		return nil
	})
	none("the API server refused to store them")
	w.ready(g, 2)
	none("they are ready")
	u.expect("gone")
	_, err := w.machines.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKey{Namespace: g.Namespace, Name: "gone"}})
	w.must(err)
	none("one was deleted before its turn")
}

// TestWokenMachinesAreUpcoming: what is let on is ordered before those that have been are carried further.
func TestWokenMachinesAreUpcoming(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("woken machines")
	defer queue.ShutDown()
	a, now := newArrivals(), time.Now()
	if err := whenAdmitted(a).Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	a.orders.recall(nil)
	for i := range mostLost + 3 {
		name := fmt.Sprint(i)
		a.orders.admit(&v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}, now)
	}
	if wait := a.upcoming.yield(now, now); wait != 0 {
		t.Errorf("others wait for %s while none may be ordered", wait)
	}
	a.orders.see("0", true, now)
	if wait, want := a.upcoming.yield(now, now), 2*orderTime; wait != want {
		t.Errorf("others wait for %s when two may be ordered, want %s", wait, want)
	}
}

package control

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// behindTheBack has somebody else act on a machine's VPS.
func (w *world) behindTheBack(m *v1alpha1.VPSieNode, action string) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.fake.AdminURL()+"/vms/"+w.billOf(m).Identifier+"/"+action, nil)
	w.must(err)
	answer, err := http.DefaultClient.Do(request)
	w.must(err)
	w.must(answer.Body.Close())
	if answer.StatusCode/100 != 2 {
		w.Fatalf("%s: %s", action, answer.Status)
	}
}

// A node that stays not ready is replaced after the limit and not before, also at
// minimum size, and one machine at a time.
func TestBrokenNodesAreReplacedOneAfterAnother(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("broken", 3, 4)
	machines := w.ready(g, 3)
	limit := w.deps.Options.UnreadyTimeout
	w.setReady(machines[0].Name, false)
	w.after(30*time.Second, 10*time.Second)
	for _, m := range machines[1:] {
		w.setReady(m.Name, false)
	}
	w.after(limit-time.Minute, time.Minute)
	if n := w.heard("Repairing"); n > 0 || len(w.fake.Ledger().VMs) != 3 {
		t.Fatalf("replaced before the limit: %q", w.events)
	}
	w.until(20*time.Second, "the first repair", func() error {
		if w.heard("Repairing "+machines[0].Name, "has not been ready for 10m") == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.heard("Repairing broken"); n != 1 {
		t.Errorf("%d machines are under repair at once, want 1", n)
	}
	w.until(10*time.Second, "the others to be told why they wait", func() error {
		for _, m := range machines[1:] {
			w.reload(m)
			if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeError); c.Reason == reasonRepairHeld && strings.Contains(c.Message, "--repair-limit=20") {
				return nil
			}
		}
		return errNotYet
	})
	most := 0
	w.until(10*time.Second, "all three to be replaced", func() error {
		leaving := 0
		for _, m := range w.vpsieNodes() {
			if underRepair(m) && !m.DeletionTimestamp.IsZero() {
				leaving++
			}
		}
		most = max(most, leaving)
		if n := w.heard("Repairing broken"); n != 3 {
			return fmt.Errorf("%d are", n)
		}
		return nil
	})
	w.ready(g, 3)
	if most > 1 {
		t.Errorf("%d machines left at the same time, want 1", most)
	}
	if all := w.fake.Ledger().VMs; len(all) != 6 || len(w.bills()) != 3 {
		t.Errorf("%d VPSes were bought and %d run, want 6 and 3", len(all), len(w.bills()))
	}
}

// What a stopped VPS is like is told before it is replaced; one that runs again is not replaced.
func TestStoppedVPSIsToldAndReplaced(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("stopped", 1, 2)
	m := w.ready(g, 1)[0]
	w.behindTheBack(m, "stop")
	w.setReady(m.Name, false)
	w.until(5*time.Second, "the stop to be told", func() error {
		w.reload(m)
		c := condition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
		if c.Status != metav1.ConditionFalse || c.Reason != "VPSStopped" || m.Status.VPSieStatus != "stopped" || w.heard("VPSStopped "+m.Name) != 1 {
			return fmt.Errorf("%s, %+v", m.Status.VPSieStatus, c)
		}
		return nil
	})
	w.setReady(m.Name, true)
	w.after(w.deps.Options.UnreadyTimeout+time.Minute, time.Minute)
	w.setReady(m.Name, false)
	w.after(w.deps.Options.UnreadyTimeout-2*time.Minute, time.Minute)
	if n := w.heard("Repairing"); n > 0 {
		t.Fatalf("a node that came back was replaced: %q", w.events)
	}
	w.patch(m, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationDoNotDelete+`":"true"}}}`)
	w.after(5*time.Minute, time.Minute)
	if w.heard("Repairing") > 0 || w.heard("RepairHeld "+m.Name, v1alpha1.AnnotationDoNotDelete) != 1 {
		t.Fatalf("do-not-delete: %q", w.events)
	}
	w.patch(m, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationDoNotDelete+`":null}}}`)
	w.until(5*time.Second, "the repair", func() error {
		if w.heard("Repairing "+m.Name, "is stopped at VPSie") == 0 {
			return errNotYet
		}
		return nil
	})
	if again := w.ready(g, 1)[0]; again.Name == m.Name {
		t.Error("it was not replaced")
	}
}

// A node that runs a static pod of etcd is one of the control plane, label or not: it is not
// replaced, and that is told.
func TestANodeWithStaticControlPlanePodsIsNotReplaced(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("static", 1, 2), 1)[0]
	w.pod("etcd-"+m.Name, m.Name, func(p *corev1.Pod) {
		p.OwnerReferences = nil
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
	})
	w.setReady(m.Name, false)
	w.after(w.deps.Options.UnreadyTimeout+3*time.Minute, time.Minute)
	if w.heard("Repairing") > 0 || w.heard("RepairHeld "+m.Name, "static pod default/etcd-"+m.Name) != 1 {
		t.Errorf("a node of the control plane: %q", w.events)
	}
}

// A VPS that somebody else destroyed is told, forgotten and replaced. While its node
// is ready the cloud's list must be wrong, and nothing is deleted on its word.
func TestVPSThatSomebodyDestroyedIsReplaced(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("destroyed", 1, 2)
	m := w.ready(g, 1)[0]
	w.behindTheBack(m, "destroy")
	w.until(time.Second, "the loss to be told", func() error {
		w.reload(m)
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c.Reason != reasonVPSGone || w.heard("VPSGone "+m.Name) != 1 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	w.after(time.Hour, 5*time.Minute)
	if w.reload(m); !m.DeletionTimestamp.IsZero() {
		t.Fatal("its object was deleted although its node is ready")
	}
	w.setReady(m.Name, false)
	if again := w.ready(g, 1)[0]; again.Name == m.Name {
		t.Error("it was not replaced")
	}
	if err := w.admin.Get(t.Context(), client.ObjectKey{Name: m.Name}, &corev1.Node{}); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("its Node is still there: %v", err)
	}
}

func TestRepairsAtOnce(t *testing.T) {
	for _, test := range []struct{ limit, machines, want int }{{20, 1, 1}, {20, 9, 1}, {20, 10, 2}, {100, 7, 7}, {0, 10, 0}} {
		if got := (Options{RepairLimit: test.limit}).repairsAtOnce(test.machines); got != test.want {
			t.Errorf("--repair-limit=%d lets %d of %d machines be repaired at once, want %d", test.limit, got, test.machines, test.want)
		}
	}
}

func TestWhatAVPSThatDoesNotRunIsCalled(t *testing.T) {
	for want, vm := range map[string]vpsie.VM{
		"VPSStopped":   {ID: 7, Active: true},
		"VPSSuspended": {ID: 7, Active: true, PoweredOn: true, Suspended: true},
	} {
		if status, reason, message := notRunning(&vm); reason != want || status != metav1.ConditionFalse || !strings.Contains(message, "VPS 7 is "+strings.ToLower(strings.TrimPrefix(want, "VPS"))) {
			t.Errorf("%s %s %q, want %s", status, reason, message, want)
		}
	}
}

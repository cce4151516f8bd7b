package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// ordersPath is where VPSes are listed and deleted; the fake cloud takes a fault of orders there for all order routes.
const ordersPath = "/apps/v2/vm"

// asked counts the requests of a method to machines.
func (w *world) asked(method string) int {
	n := 0
	for _, r := range w.fake.Ledger().Requests {
		if r.Method == method && (strings.HasPrefix(r.Path, ordersPath) || vpsietest.IsOrder(r.Method, r.Path)) {
			n++
		}
	}
	return n
}

// Whatever becomes of the answer, one order is one VPS, also when the controller is
// killed after it.
func TestAmbiguousAnswersNeverBuyTwice(t *testing.T) {
	for name, fault := range map[string]vpsietest.Fault{
		"dropped after the effect":  {Status: 0, Effect: "after"},
		"502 after the effect":      {Status: 502, Body: json.RawMessage(`"<html>Bad Gateway</html>"`), Effect: "after"},
		"500 after the effect":      {Status: 500, Effect: "after"},
		"dropped before the effect": {Status: 0},
		"503 before the effect":     {Status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{CreateMillis: 50, GapMillis: 50})
			fault.Method, fault.Path, fault.Count = http.MethodPost, ordersPath, 2
			w.must(w.fake.SetFaults(fault))
			g := w.group("ambiguous", 2, 2)
			w.until(time.Second, "the orders", func() error {
				if w.asked(http.MethodPost) < 2 {
					return errNotYet
				}
				return nil
			})
			w.start(w.deps.Options)
			w.ready(g, 2)
			if all := w.fake.Ledger().VMs; len(all) != 2 {
				t.Errorf("%d VPSes were bought, want 2", len(all))
			}
		})
	}
}

// A VPS without an address can never join: it is told, deleted and replaced.
func TestVPSWithoutAddressIsReplaced(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{AddressMillis: 3_600_000})
	w.silent = true // what has no address reaches no API server
	g := w.group("addressless", 1, 2)
	w.until(time.Minute, "the missing address to be told", func() error {
		if w.heard("ProvisioningFailed vpsie-addressless", "no IPv4 address") == 0 {
			return errNotYet
		}
		return nil
	})
	w.must(w.fake.PatchKnobs([]byte(`{"addressMillis":0}`)))
	w.silent = false
	w.ready(g, 1)
	w.until(time.Second, "the first VPS to be deleted", func() error {
		if n := len(w.bills()); n != 1 {
			return fmt.Errorf("%d run", n)
		}
		return nil
	})
}

// A node has the group's labels and taints before it takes pods, also those labels
// that its kubelet may not set; what others put there stays.
func TestNodesGetTheGroupsLabelsAndTaints(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("furnished", 1, 2, func(g *v1alpha1.NodeGroup) {
		g.Spec.Labels = map[string]string{"team": "web", "node-role.kubernetes.io/worker": ""}
		g.Spec.NodeSelector = map[string]string{"tier": "front"}
		g.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "web", Effect: corev1.TaintEffectNoSchedule}}
	})
	n := w.node(w.ready(g, 1)[0].Name)
	for k, v := range map[string]string{
		"team": "web", "tier": "front", "node-role.kubernetes.io/worker": "", v1alpha1.LabelNodeGroup: "furnished", v1alpha1.LabelInstanceType: small,
		corev1.LabelInstanceTypeStable: small, corev1.LabelHostname: n.Name,
	} {
		if got, there := n.Labels[k]; !there || got != v {
			t.Errorf("label %s is %q (%t), want %q", k, got, there, v)
		}
	}
	if !slices.ContainsFunc(n.Spec.Taints, func(have corev1.Taint) bool { return have.MatchTaint(&g.Spec.Taints[0]) }) || slices.ContainsFunc(n.Spec.Taints, isStartup) {
		t.Errorf("taints: %v", n.Spec.Taints)
	}
	w.patch(g, `{"spec":{"labels":{"team":"a b"}}}`)
	w.until(time.Second, "the bad label to be told", func() error {
		w.reload(g)
		c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if c.Reason != "InvalidConfiguration" || !strings.Contains(c.Message, `spec.labels[team]: "a b"`) {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
}

// What is edited of a NodeGroup's labels and taints reaches its nodes at once, and what leaves
// it goes; what others put there, and what they took away, stays so.
func TestEditsOfLabelsAndTaintsReachNodes(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	taint := func(key, value string) corev1.Taint {
		return corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffectNoSchedule}
	}
	g := w.group("edited", 1, 2, func(g *v1alpha1.NodeGroup) {
		g.Spec.Labels = map[string]string{"team": "web", "tier": "front", "kubernetes.io/os": "linux", "handed-over": "yes"}
		g.Spec.Taints = []corev1.Taint{taint("dedicated", "web"), taint("old", "x"), taint("lifted", "x")}
	})
	m := w.ready(g, 1)[0]
	n := w.node(m.Name)
	n.Labels["own"], n.Labels["handed-over"] = "mine", "theirs"
	n.Spec.Taints = append(slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == "lifted" }), taint("own", "mine"))
	w.must(w.admin.Update(t.Context(), n))

	w.reload(g)
	g.Spec.Labels = map[string]string{"team": "db", "rack": "7"}
	g.Spec.Taints = []corev1.Taint{taint("dedicated", "db"), taint("lifted", "x"), taint("new", "x")}
	w.must(w.admin.Update(t.Context(), g))
	w.until(time.Minute, "the node to follow", func() error {
		n := w.node(m.Name)
		for k, v := range map[string]string{"team": "db", "rack": "7", "tier": "", "own": "mine", "handed-over": "theirs", "kubernetes.io/os": "linux"} {
			if n.Labels[k] != v {
				return fmt.Errorf("label %s is %q, want %q", k, n.Labels[k], v)
			}
		}
		var taints []string
		for _, t := range n.Spec.Taints {
			taints = append(taints, t.ToString())
		}
		slices.Sort(taints)
		if got := strings.Join(taints, " "); got != "dedicated=db:NoSchedule new=x:NoSchedule own=mine:NoSchedule" {
			return fmt.Errorf("taints %s", got)
		}
		return nil
	})

	// What no node may have is told by the NodeGroup, and does not hold up its machines.
	w.patch(g, `{"spec":{"labels":{"team":"a b","rack":"8"}}}`)
	w.until(time.Minute, "the bad label to be told", func() error {
		w.reload(g)
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Reason != "InvalidConfiguration" {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	n = w.node(m.Name)
	delete(n.Labels, "team")
	w.must(w.admin.Update(t.Context(), n))
	w.until(time.Minute, "the label that was there before to be put back", func() error {
		if n := w.node(m.Name); n.Labels["team"] != "db" || n.Labels["rack"] != "7" {
			return fmt.Errorf("%v", n.Labels)
		}
		return nil
	})
}

// An object whose status was lost, as in a restored backup, is found again: its VPS
// is neither bought anew nor deleted.
func TestLostStatusIsFoundAgain(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("restored", 1, 2)
	m := w.ready(g, 1)[0]
	w.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(m), m))
	m.Status = v1alpha1.VPSieNodeStatus{}
	w.must(w.admin.Status().Update(t.Context(), m))
	g.Status = v1alpha1.NodeGroupStatus{}
	w.reload(g)
	g.Status = v1alpha1.NodeGroupStatus{}
	w.must(w.admin.Status().Update(t.Context(), g))
	w.start(w.deps.Options)
	if again := w.ready(g, 1)[0]; again.UID != m.UID || again.Status.NodeName != m.Name {
		t.Errorf("it is %s on node %q now", again.Name, again.Status.NodeName)
	}
	if all := w.fake.Ledger().VMs; len(all) != 1 || all[0].DeletedAt != nil {
		t.Errorf("VPSes: %+v", all)
	}
}

// A deletion that fails is asked for again, of a node that is still empty; the object
// stays until good lists prove the absence, and a list that fails proves nothing.
func TestFailedDeletionIsRepeatedUntilTheAbsenceIsProved(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("stubborn", 1, 2), 1)[0]
	pod := w.pod("moved", m.Name)
	w.must(w.fake.SetFaults(vpsietest.Fault{Method: http.MethodDelete, Status: 500, Count: 3}))
	w.dismiss(m)
	w.until(time.Second, "the failure to be told", func() error {
		w.reload(m)
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeError); c.Reason != "DeleteFailed" {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	if !w.gone(pod) || m.Status.Phase != v1alpha1.PhaseDeleting {
		t.Errorf("the machine is %s", m.Status.Phase)
	}
	// Bound by somebody past the scheduler: it must not be lost with the VPS.
	late := w.pod("late", m.Name)
	w.until(5*time.Second, "the VPS to be deleted", func() error {
		if slices.ContainsFunc(w.bills(), func(b vpsietest.Bill) bool { return b.Hostname == m.Name }) {
			return errNotYet
		}
		return w.fake.SetFaults(vpsietest.Fault{Method: http.MethodGet, Status: 503})
	})
	if !w.gone(late) {
		t.Error("the VPS was deleted under a pod")
	}
	if w.heard("Terminating "+m.Name) != 1 || w.heard("DrainFailed") > 0 {
		t.Error("the removal was begun again")
	}
	w.after(2*time.Minute, 10*time.Second)
	if w.gone(m) {
		t.Fatal("lists that failed were taken for proof that the VPS is gone")
	}
	w.must(w.fake.SetFaults())
	w.ended(m)
}

// A VPS of this cluster without an object is deleted after its grace, one of another
// cluster or of nobody's never.
func TestStrayVPSIsSweptAfterItsGrace(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.turn(time.Second)
	order := func(name, mark string) {
		other := cloud.New(cloud.Options{
			ClusterID: mark, Namespace: "x", SecretName: "x", Clock: w.clock, RequestsPerMinute: 60_000, CatalogueTTL: time.Minute, Timeout: 10 * time.Second,
		})
		other.Configure(map[string][]byte{
			cloud.KeyURL: []byte(w.fake.URL()), cloud.KeyToken: []byte(vpsietest.DefaultToken), cloud.KeyAccountPassword: []byte(vpsietest.DefaultAccountPassword),
		})
		w.must(other.Create(t.Context(), cloud.Order{
			Name: name, UID: "gone", Group: "web", InstanceType: small,
			Wanted: cloud.Wanted{Datacenter: "dc-us-east-1", Offerings: []string{small}, Image: "ubuntu-22.04-lts"},
		}))
	}
	order("vpsie-web-ours", "test")
	order("vpsie-web-theirs", "another-cluster")
	names := func() string {
		var all []string
		for _, b := range w.bills() {
			all = append(all, b.Hostname)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	w.after(w.deps.Options.SweepGrace-time.Minute, time.Minute)
	if got := names(); got != "vpsie-web-ours vpsie-web-theirs" {
		t.Fatalf("before the grace there are %q", got)
	}
	w.until(time.Minute, "the stray to be swept", func() error {
		if strings.Contains(names(), "ours") {
			return errNotYet
		}
		return nil
	})
	w.after(time.Hour, 10*time.Minute)
	if got := names(); got != "vpsie-web-theirs" {
		t.Errorf("left are %q", got)
	}
}

// A cloud that is down delays: it is told, nothing is deleted, and all goes on when
// it is back.
func TestDeadCloudDelaysAndDeletesNothing(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("outage", 1, 3)
	m := w.ready(g, 1)[0]
	w.must(w.fake.SetFaults(vpsietest.Fault{Status: 0}))
	w.patch(g, `{"spec":{"minNodes":2}}`)
	w.start(w.deps.Options) // nothing is remembered
	w.until(10*time.Second, "the outage to be told", func() error {
		w.reload(g)
		c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if c.Reason != "VPSieUnreachable" || !strings.Contains(c.Message, "VPSie API not reachable") || w.heard("ProvisioningFailed outage") == 0 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	w.after(time.Hour, 10*time.Minute)
	if w.reload(m); !m.DeletionTimestamp.IsZero() || m.Status.Phase != v1alpha1.PhaseReady || len(w.fake.Ledger().VMs) != 1 {
		t.Errorf("the machine is %s, deleted at %v", m.Status.Phase, m.DeletionTimestamp)
	}
	w.must(w.fake.SetFaults())
	w.clock.Step(time.Minute)
	w.ready(g, 2)
}

// A wrong account password is told, tried seldom, and nothing is bought that could
// not be deleted; the right one ends it at once.
func TestWrongPasswordIsToldAndNotHammered(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("locked", 1, 3)
	m := w.ready(g, 1)[0]
	right := w.asked(http.MethodDelete) // the right password was tried as well
	w.setAccount(map[string]string{cloud.KeyAccountPassword: "wrong-password"})
	w.turn(time.Second)
	w.reload(g)
	if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); !strings.Contains(c.Message, "the account password is wrong") {
		t.Errorf("the wrong password is not told before it is needed: %+v", c)
	}
	w.dismiss(m)
	w.after(time.Hour, 15*time.Second)
	if n := w.asked(http.MethodDelete) - right; n < 2 || n > 7 {
		t.Errorf("the wrong password was tried %d times in an hour, want once in ten minutes", n)
	}
	if len(w.fake.Ledger().VMs) > 1 {
		t.Errorf("%d VPSes were bought", len(w.fake.Ledger().VMs))
	}
	bought := len(w.fake.Ledger().VMs)
	w.patch(g, `{"spec":{"minNodes":3}}`)
	w.after(time.Minute, 10*time.Second)
	if n := len(w.fake.Ledger().VMs); n != bought {
		t.Errorf("%d VPSes were bought that could not be deleted", n-bought)
	}
	w.reload(g)
	w.reload(m)
	for _, c := range []metav1.Condition{condition(g.Status.Conditions, v1alpha1.NodeGroupError), condition(m.Status.Conditions, v1alpha1.VPSieNodeError)} {
		if c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "VPSie API authentication failed: the account password is wrong") {
			t.Errorf("condition: %+v", c)
		}
	}
	w.correctAccount()
	w.ended(m)
	w.ready(g, 3)
}

// Nothing is cordoned or drained for VPSes that cannot be deleted, neither with a wrong password nor while the cloud is
// away, which is told although nothing is to be bought; they go as soon as they can be.
func TestNothingIsDrainedThatCouldNotBeDeleted(t *testing.T) {
	for name, trouble := range map[string]struct {
		spoil, mend func(w *world)
		left        int // of three
		reason      string
	}{
		"wrong password": {
			func(w *world) {
				w.setAccount(map[string]string{cloud.KeyAccountPassword: "wrong-password"})
				w.turn(time.Second) // the round reads it
				w.dismiss(w.vpsieNodes()[0])
				w.until(time.Second, "the wrong password to be known", func() error {
					if w.asked(http.MethodDelete) == 0 {
						return errNotYet
					}
					return nil
				})
			},
			(*world).correctAccount,
			2, "AccountNotUsable",
		},
		"outage": {
			func(w *world) { w.must(w.fake.SetFaults(vpsietest.Fault{Status: 0})) },
			func(w *world) { w.must(w.fake.SetFaults()) },
			3, "VPSieUnreachable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			g := w.group("lasting", 3, 3, shrinking)
			w.ready(g, 3)
			trouble.spoil(w)
			w.patch(g, `{"spec":{"minNodes":0}}`)
			w.after(10*time.Minute, time.Minute)
			left := slices.DeleteFunc(w.vpsieNodes(), func(m *v1alpha1.VPSieNode) bool { return !m.DeletionTimestamp.IsZero() })
			if len(left) != trouble.left {
				t.Errorf("%d machines are left, want %d", len(left), trouble.left)
			}
			for _, m := range left {
				if w.node(m.Name).Spec.Unschedulable {
					t.Errorf("node %s is cordoned", m.Name)
				}
			}
			w.reload(g)
			if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status != metav1.ConditionTrue || c.Reason != trouble.reason {
				t.Errorf("Error is %+v", c)
			}
			trouble.mend(w)
			w.until(time.Second, "the end of all machines", func() error {
				if len(w.vpsieNodes()) > 0 || len(w.bills()) > 0 {
					return errNotYet
				}
				return nil
			})
			w.reload(g)
			if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status == metav1.ConditionTrue {
				t.Errorf("afterwards Error is %+v", c)
			}
		})
	}
}

// A machine whose deletion has to wait for another's, which will show whether the password is right, is in no trouble.
func TestDeletionThatWaitsForThePasswordIsNoTrouble(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("trial", 2, 2)
	machines := w.ready(g, 2)
	for _, m := range machines {
		w.dismiss(m)
	}
	first, second := machines[0], machines[1]
	w.during = map[string]func(){"DeleteVM": func() {
		for range 5 { // steps of a removal
			_, err := w.machines.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(second)})
			w.must(err)
		}
		w.reload(second)
		if c := condition(second.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c.Reason != reasonNotDeleted || c.Message != cloud.ErrPasswordOnTrial.Error() {
			t.Errorf("VPSReady is %+v", c)
		}
		if c := condition(second.Status.Conditions, v1alpha1.VPSieNodeError); c.Status == metav1.ConditionTrue {
			t.Errorf("Error is %+v", c)
		}
	}}
	w.ended(first)
	if w.during["DeleteVM"] != nil {
		t.Fatal("the first machine ended without a deletion")
	}
	w.clock.Step(trialRetry)
	w.ended(second)
}

// Deleting a NodeGroup takes its machines with it; a stopped autoscaler takes nothing.
func TestDeletedNodeGroupTakesItsMachinesAndAStoppedControllerNone(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("deleted", 2, 2)
	machines := w.ready(g, 2)
	w.must(w.admin.Delete(t.Context(), g))
	w.must(w.admin.Delete(t.Context(), machines[0]))
	if n := len(w.bills()); n != 2 || w.gone(g) || w.gone(machines[0]) {
		t.Fatalf("%d VPSes run and the objects are gone, although no controller worked", n)
	}
	w.start(w.deps.Options)
	w.until(time.Second, "the end of the group", func() error {
		if !w.gone(g) {
			return fmt.Errorf("%+v", g.Status.Conditions)
		}
		return nil
	})
	if n := len(w.bills()); n != 0 {
		t.Errorf("%d VPSes are left", n)
	}
	if n := len(w.fake.Ledger().VMs); n != 2 {
		t.Errorf("%d VPSes were bought for a group that was being deleted", n-2)
	}
}

// TestOwnChangesOfTheSpecAreSeen: what a step writes into a machine's spec needs no further write of its status that only says that it was
// seen. A change that the step has not seen stays unseen.
func TestOwnChangesOfTheSpecAreSeen(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("seen", 1, 1), 1)[0]
	for _, seen := range []bool{true, false} {
		m.Status.ObservedGeneration = m.Generation
		if !seen {
			m.Status.ObservedGeneration--
		}
		before := m.DeepCopy()
		w.must(w.machines.patch(w.Context(), m, func(m *v1alpha1.VPSieNode) { m.Spec.IPv6Address += "::1" }))
		if m.Generation == before.Generation {
			t.Fatal("the patch changed no spec")
		}
		if got := m.Status.ObservedGeneration == m.Generation; got != seen {
			t.Errorf("generation %d is observed as %d after one of %d, seen as %d, was patched", m.Generation, m.Status.ObservedGeneration, before.Generation, before.Status.ObservedGeneration)
		}
	}
}

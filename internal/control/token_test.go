package control

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A machine that has been ordered joins by the token of its order: whoever works from an older copy of its object must
// not replace that, or the machine is paid for and never joins.
func TestOrderedMachineKeepsItsToken(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{CreateMillis: 1_000_000})
	g := w.group("token", 1, 1, func(g *v1alpha1.NodeGroup) { g.Spec.UserData = "kubeadm join --token {{.BootstrapToken}}" })
	var unordered *v1alpha1.VPSieNode
	w.until(time.Second, "the VPS to be ordered", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Status.Phase == "" || m.Status.Phase == v1alpha1.PhasePending {
				unordered = m
			}
		}
		if len(w.bills()) == 0 {
			return errNotYet
		}
		return nil
	})
	if unordered == nil {
		calls := machinesOf(w.vpsieNodes(), g.Name)
		unordered = calls[0].DeepCopy()
		unordered.Status, unordered.ResourceVersion = v1alpha1.VPSieNodeStatus{}, "1"
	}
	before := w.tokenOf(unordered)

	deps := w.deps
	deps.Client = stale{w.deps.Client, unordered}
	old := newMachines(&deps)
	for range 3 {
		if _, err := old.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(unordered)}); err != nil {
			t.Log(err)
		}
	}
	if after := w.tokenOf(unordered); after.UID != before.UID {
		t.Errorf("the token of the order was replaced")
	}
	if n := len(w.bills()); n != 1 {
		t.Errorf("%d VPSes were ordered", n)
	}
}

func (w *world) tokenOf(m *v1alpha1.VPSieNode) *corev1.Secret {
	w.Helper()
	s := &corev1.Secret{ObjectMeta: tokenMeta(m)}
	w.must(w.admin.Get(w.Context(), client.ObjectKeyFromObject(s), s))
	return s
}

// The token of an order that VPSie refused cannot be read any more: the next order takes another in its place, and the
// machine joins by that.
func TestTokenOfARefusedOrderIsReplaced(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{CreateMillis: 1_000_000})
	w.must(w.fake.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Status: http.StatusServiceUnavailable, Count: 1}))
	g := w.group("again", 1, 1, func(g *v1alpha1.NodeGroup) { g.Spec.UserData = "kubeadm join --token {{.BootstrapToken}}" })
	var first types.UID
	w.until(5*time.Second, "the VPS to be ordered", func() error {
		machines := machinesOf(w.vpsieNodes(), g.Name)
		if len(w.bills()) == 0 {
			if len(machines) == 1 && machines[0].Status.OrderedAt != nil && first == "" {
				first = w.tokenOf(machines[0]).UID
			}
			return errNotYet
		}
		return nil
	})
	after := w.tokenOf(machinesOf(w.vpsieNodes(), g.Name)[0])
	if first == "" || after.UID == first {
		t.Errorf("the token was %q before and is %q; want that of the refused order replaced", first, after.UID)
	}
}

package control

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// stale is a cache that has not heard of what happened to one VPSieNode or Node.
type stale struct {
	client.Client
	seen client.Object
}

func (s stale) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if reflect.TypeOf(o) == reflect.TypeOf(s.seen) && key == client.ObjectKeyFromObject(s.seen) {
		reflect.ValueOf(o).Elem().Set(reflect.ValueOf(s.seen.DeepCopyObject()).Elem())
		return nil
	}
	return s.Client.Get(ctx, key, o, opts...)
}

// nodeless is a cache that has not heard of any Node yet.
type nodeless struct{ client.Client }

func (n nodeless) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if _, ok := o.(*corev1.Node); ok {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "nodes"}, key.Name)
	}
	return n.Client.Get(ctx, key, o, opts...)
}

func (n nodeless) List(ctx context.Context, l client.ObjectList, opts ...client.ListOption) error {
	if _, ok := l.(*corev1.NodeList); ok {
		return nil
	}
	return n.Client.List(ctx, l, opts...)
}

// blind makes the reconciler of VPSieNodes work with such a cache.
func (w *world) blind() {
	w.machines = newMachines(&w.deps)
	w.machinesThrough(nodeless{w.deps.Client})
}

// TestUnseenNodeIsDrained: a controller that has just started, or whose watch is late, does not know of a Node. It
// must neither delete the VPS under its pods nor leave the Node behind.
func TestUnseenNodeIsDrained(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("unseen", 1, 1), 1)[0]
	p := w.pod("held", m.Name)
	b := w.budget(p.Name, 0)
	w.blind()
	w.must(w.admin.Delete(w.Context(), m))
	for range 5 {
		w.clock.Step(time.Second)
		if _, err := w.machines.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(m)}); err != nil {
			t.Log(err)
		}
	}
	if w.gone(p) {
		t.Error("the pod is gone, which its budget holds")
	}
	w.billOf(m) // it must still run
	w.allow(b, 1)
	w.until(time.Second, "the machine to be gone", func() error {
		if !w.gone(m) {
			return errNotYet
		}
		return nil
	})
	if !w.gone(&corev1.Node{ObjectMeta: m.ObjectMeta}) {
		t.Error("the Node was left behind")
	}
}

// TestReadyNodesPodsAreHeldThoughItLooksDead: a node that has been dead for long holds no pod back; one that is ready
// again does, whatever the cache shows.
func TestReadyNodesPodsAreHeldThoughItLooksDead(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("awake", 1, 1), 1)[0]
	p := w.pod("held", m.Name)
	w.budget(p.Name, 0)
	w.dismiss(m)
	w.turn(time.Second)
	w.setReady(m.Name, false)
	dead := w.node(m.Name)
	if !dead.Spec.Unschedulable {
		t.Fatal("the drain has not begun")
	}
	w.setReady(m.Name, true)
	w.machinesThrough(stale{w.deps.Client, dead})
	w.after(w.deps.Options.DrainTimeout+w.deps.Options.UnreadyTimeout+time.Minute, 20*time.Second)
	if w.gone(p) || p.DeletionTimestamp != nil {
		t.Error("the pod is gone, which its budget holds")
	}
	w.billOf(m) // it must still run
}

// TestUnseenNodeIsNotLeftBehind: the VPS is destroyed by somebody else, and its Node is not in the cache.
func TestUnseenNodeIsNotLeftBehind(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("left", 1, 1), 1)[0]
	w.must(w.fake.Act(w.billOf(m).Identifier, "destroy"))
	w.setReady(m.Name, false)
	w.blind()
	w.must(w.admin.Delete(w.Context(), m))
	w.until(time.Second, "the machine to be gone", func() error {
		if !w.gone(m) {
			return errNotYet
		}
		return nil
	})
	if !w.gone(&corev1.Node{ObjectMeta: m.ObjectMeta}) {
		t.Error("the Node was left behind")
	}
}

// TestUnseenNodeHasJoined: a machine's node is ready in time, and the cache does not show it.
func TestUnseenNodeHasJoined(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.blind()
	g := w.group("joined", 1, 1)
	w.after(w.deps.Options.JoinTimeout+2*time.Minute, 20*time.Second)
	if w.heard("JoinFailed") > 0 {
		t.Error("a node that is ready was given up")
	}
	w.machinesThrough(w.deps.Client)
	w.ready(g, 1)
	if n := len(w.fake.Ledger().VMs); n != 1 {
		t.Errorf("%d VPSes were bought, want 1", n)
	}
}

// TestNodeThatIsReadyAgainIsNotRepaired: a cache that is late shows a node as broken that has long been ready again.
func TestNodeThatIsReadyAgainIsNotRepaired(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("again", 1, 1), 1)[0]
	w.setReady(m.Name, false)
	broken := w.node(m.Name)
	w.turn(time.Second)
	w.setReady(m.Name, true)
	w.machinesThrough(stale{w.deps.Client, broken})
	w.sweep.Client = w.machines.Client
	w.sweep.serving.Client = w.machines.Client
	w.after(w.deps.Options.UnreadyTimeout+time.Minute, 10*time.Second)
	if w.gone(m) || m.DeletionTimestamp != nil {
		t.Fatalf("a node that is ready was replaced: %s", m.Annotations[v1alpha1.AnnotationRepair])
	}
	if condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Reason != reasonNodeNotReady {
		t.Errorf("the cache was not late: %+v", m.Status.Conditions)
	}
}

// TestNothingIsOrderedForAnObjectThatIsGone: a controller that begins with an old list sees a VPSieNode that has come
// to its end. Nobody would ever stand for a VPS that it ordered.
func TestNothingIsOrderedForAnObjectThatIsGone(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("gone", 0, 1)
	m := machineFor(g, plan.Launch{Group: g.Name, InstanceType: small, DatacenterID: g.Spec.DatacenterID, Reason: plan.PendingPods})
	w.must(w.deps.Client.Create(w.Context(), m))
	deps := w.deps
	deps.Client = stale{w.deps.Client, m.DeepCopy()}
	old := newMachines(&deps)
	w.patch(m, `{"metadata":{"finalizers":null}}`)
	w.must(w.admin.Delete(w.Context(), m))
	w.must(w.round.account.loadAccount(w.Context()))
	for range 3 {
		if _, err := old.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(m)}); err != nil {
			t.Log(err)
		}
	}
	if n := len(w.bills()); n != 0 {
		t.Errorf("%d VPSes were ordered", n)
	}
}

// refusing is an API server that cannot make Secrets for the time being.
type refusing struct{ client.Client }

func (r refusing) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	if _, ok := o.(*corev1.Secret); ok {
		return apierrors.NewInternalError(errors.New("etcdserver: request timed out"))
	}
	return r.Client.Create(ctx, o, opts...)
}

// TestTokenThatCannotBeMadeFailsNoMachine: Kubernetes' trouble is neither the template's fault nor the cloud's.
func TestTokenThatCannotBeMadeFailsNoMachine(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.machinesThrough(refusing{w.deps.Client})
	g := w.group("mint", 1, 1, func(g *v1alpha1.NodeGroup) { g.Spec.UserData = "kubeadm join --token {{.BootstrapToken}}" })
	w.until(time.Second, "the order to wait", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Status.Phase == v1alpha1.PhaseFailed {
				t.Fatalf("the machine failed: %s", m.Status.LastError)
			}
			if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c.Reason == reasonNotOrdered {
				return nil
			}
		}
		return errNotYet
	})
	w.machinesThrough(w.deps.Client)
	w.ready(g, 1)
}

package control

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// setTaints gives a node, as an agent or an administrator does, exactly these taints.
func (w *world) setTaints(node string, taints ...corev1.Taint) {
	w.Helper()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	w.reload(n)
	n.Spec.Taints = taints
	w.must(w.admin.Update(w.Context(), n))
}

// A startup taint that no agent takes away keeps the machine from becoming Ready; after
// the join time-out it is told by name and the machine is replaced.
func TestStartupTaintThatStaysIsToldAndTheMachineReplaced(t *testing.T) {
	agent := corev1.Taint{Key: "net.example.com/agent-not-ready", Effect: corev1.TaintEffectNoExecute}
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("stuck", 1, 2, func(g *v1alpha1.NodeGroup) { g.Spec.Taints = []corev1.Taint{agent} })
	var first *v1alpha1.VPSieNode
	w.until(time.Second, "a node with the taint", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			first = m
			if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady); c.Reason == reasonStartupTaint && m.Status.Phase == v1alpha1.PhaseJoining {
				return nil
			}
		}
		return errNotYet
	})
	w.after(w.deps.Options.JoinTimeout-time.Minute, time.Minute)
	if n := len(w.fake.Ledger().VMs); n != 1 {
		t.Fatalf("%d VPSes were bought before the time-out, want 1", n)
	}
	w.until(30*time.Second, "the time-out to be told", func() error {
		if w.heard("JoinFailed "+first.Name, "net.example.com/agent-not-ready:NoExecute") == 0 {
			return errNotYet
		}
		return nil
	})
	w.until(time.Second, "the taint of its successor to go", func() error {
		for _, m := range machinesOf(w.vpsieNodes(), g.Name) {
			if m.Name != first.Name && condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Reason == reasonStartupTaint {
				w.setTaints(m.Status.NodeName)
				return nil
			}
		}
		return errNotYet
	})
	second := w.ready(g, 1)[0]
	w.after(5*time.Minute, time.Minute)
	if taints := w.node(second.Name).Spec.Taints; len(taints) > 0 {
		t.Errorf("the group's startup taint was put back: %v", taints)
	}
	// An agent that is gone has as long to come back as on a new node.
	w.setTaints(second.Name, agent)
	w.after(w.deps.Options.JoinTimeout-time.Minute, time.Minute)
	if w.reload(second); !second.DeletionTimestamp.IsZero() {
		t.Error("a node that was Ready once was replaced before the join time-out")
	}
	w.until(time.Minute, "the repair", func() error {
		if w.heard("Repairing "+second.Name, agent.ToString()) == 0 {
			return errNotYet
		}
		return nil
	})
}

// A startup taint that an agent took away before the machine was first seen is not put
// back; one that no kubelet has registered is put on the node.
func TestStartupTaintsArePutOnOnce(t *testing.T) {
	agent := corev1.Taint{Key: "node.cilium.io/agent-not-ready", Effect: corev1.TaintEffectNoExecute}
	for name, uninitialized := range map[string]bool{"registered": true, "not registered": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "furnished"}}
			if uninitialized {
				node.Spec.Taints = []corev1.Taint{startupTaint()}
			}
			w.must(w.admin.Create(t.Context(), node))
			g := &v1alpha1.NodeGroup{Spec: v1alpha1.NodeGroupSpec{Taints: []corev1.Taint{agent}}}
			m := machineFor(&v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Namespace: w.deps.Options.Namespace, Name: "apps"}, Spec: g.Spec}, plan.Launch{InstanceType: small, DatacenterID: "dc"})
			m.Spec.VPSieInstanceID = 7
			w.must(w.admin.Create(t.Context(), m))
			w.must(w.machines.furnish(t.Context(), m, g, node))
			put := slices.ContainsFunc(w.node("furnished").Spec.Taints, func(have corev1.Taint) bool { return have.MatchTaint(&agent) })
			if put == uninitialized {
				t.Errorf("the taint was put on: %t", put)
			}
			w.must(w.admin.Delete(t.Context(), node))
			m.Finalizers = nil
			w.must(w.admin.Update(t.Context(), m))
			w.must(w.admin.Delete(t.Context(), m))
		})
	}
}

// The group's own startup taints are in the user data, hold the machine back until an agent
// takes them away, and are not put back.
func TestStartupTaintsOfTheGroup(t *testing.T) {
	driver := corev1.Taint{Key: "gpu.example.com/driver", Effect: corev1.TaintEffectNoSchedule}
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("gpus", 1, 2, func(g *v1alpha1.NodeGroup) {
		g.Spec.StartupTaints = []corev1.Taint{driver}
		g.Spec.UserData = "#!/bin/sh\n# {{.KubeletExtraArgs}}\n"
	})
	m := w.ready(g, 1)[0]
	if !strings.Contains(w.userData[m.Name], "gpu.example.com/driver") {
		t.Errorf("the user data of %s does not have the taint:\n%s", m.Name, w.userData[m.Name])
	}
	reason := func(want string) {
		t.Helper()
		w.until(time.Second, "the node to be "+want, func() error {
			w.reload(m)
			if condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Reason != want {
				return errNotYet
			}
			return nil
		})
	}
	w.setTaints(m.Status.NodeName, driver)
	reason(reasonStartupTaint)
	w.setTaints(m.Status.NodeName)
	reason("NodeReady")
	w.after(5*time.Minute, time.Minute)
	if taints := w.node(m.Name).Spec.Taints; len(taints) > 0 {
		t.Errorf("the node has the taints %v again", taints)
	}
	if n := len(w.fake.Ledger().VMs); n != 1 {
		t.Errorf("%d VPSes were bought, want 1", n)
	}
}

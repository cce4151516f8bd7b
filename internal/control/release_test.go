package control

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// daemon makes a pod of a DaemonSet, which takes the given time in seconds to end. ask is its annotation enable-ds-eviction, empty
// for none.
func (w *world) daemon(name, node, ask string, seconds int64) *corev1.Pod {
	w.Helper()
	return w.pod(name, node, ownedBy("DaemonSet"), func(p *corev1.Pod) {
		p.Spec.TerminationGracePeriodSeconds = new(seconds)
		if ask != "" {
			p.Annotations = map[string]string{"cluster-autoscaler.kubernetes.io/enable-ds-eviction": ask}
		}
	})
}

// evicted takes turns until the pod is ending.
func (w *world) evicted(p *corev1.Pod) {
	w.Helper()
	w.until(time.Second, "the eviction of "+p.Name, func() error {
		if !w.gone(p) && p.DeletionTimestamp == nil {
			return errNotYet
		}
		return nil
	})
}

// deleting says that DaemonSets make no pods anew on the node.
func deleting(n *corev1.Node) bool {
	for _, t := range n.Spec.Taints {
		if t.Key == v1alpha1.TaintDeleting && t.Effect == corev1.TaintEffectNoSchedule {
			return true
		}
	}
	return false
}

// Pods of DaemonSets that are annotated to be evicted are, when all others have left, and the VPS waits for their end. One that is
// made anew all the same goes with the VPS, as do those that ask for nothing.
func TestDaemonSetPodsThatAskForItAreEvictedLast(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("daemons", 1, 2), 1)[0]
	moves, asks := w.pod("moves", m.Name), w.daemon("asks", m.Name, "true", 600)
	stays, declines := w.daemon("stays", m.Name, "", 0), w.daemon("declines", m.Name, "false", 0)
	budget := w.budget("moves", 0)
	w.dismiss(m)
	w.after(time.Minute, 5*time.Second)
	if w.reload(asks); asks.DeletionTimestamp != nil || deleting(w.node(m.Name)) {
		t.Fatal("a DaemonSet's pod was evicted before the others could be")
	}
	w.allow(budget, 1)
	w.evicted(asks)
	if !w.gone(moves) || !deleting(w.node(m.Name)) {
		t.Errorf("the other pod is gone %t, and the node is tainted %t", w.gone(moves), deleting(w.node(m.Name)))
	}
	anew := w.daemon("anew", m.Name, "true", 600)
	w.after(time.Minute, 5*time.Second)
	w.billOf(m)
	if w.reload(m); !strings.Contains(condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Message, "1 DaemonSet pod left") {
		t.Errorf("what the VPS waits for is not told: %+v", m.Status.Conditions)
	}
	for _, p := range []*corev1.Pod{anew, stays, declines} {
		if w.reload(p); p.DeletionTimestamp != nil {
			t.Errorf("%s was evicted", p.Name)
		}
	}
	w.must(w.admin.Delete(t.Context(), asks, client.GracePeriodSeconds(0)))
	w.ended(m)
}

// A drain does not fail because of a DaemonSet's pod: one that a budget holds goes with the VPS when the drain's time is over.
func TestDaemonSetPodThatMayNotBeEvictedGoesWithItsVPS(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("daemon-held", 1, 2), 1)[0]
	w.daemon("held", m.Name, "true", 0)
	w.budget("held", 0)
	w.dismiss(m)
	w.after(9*time.Minute, 30*time.Second)
	w.billOf(m)
	if w.reload(m); !strings.Contains(condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Message, "default/held") {
		t.Errorf("what holds the pod is not told: %+v", m.Status.Conditions)
	}
	w.ended(m)
	if w.heard("DrainFailed") > 0 {
		t.Errorf("%q", w.events)
	}
}

// A drain that is given up lets DaemonSets onto the node again.
func TestDaemonSetsComeBackWhenADrainIsGivenUp(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("daemons-back", 1, 2), 1)[0]
	asks := w.daemon("asks", m.Name, "true", 3600)
	w.dismiss(m)
	w.evicted(asks)
	w.budget("late", 0)
	w.pod("late", m.Name)
	w.until(30*time.Second, "the drain to be given up", func() error {
		if w.heard("DrainFailed "+m.Name, "default/late") == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.node(m.Name); deleting(n) || n.Annotations[annotationDraining] != "" {
		t.Errorf("the node keeps %v and %v", n.Spec.Taints, n.Annotations)
	}
}

// The VPS of a drained node waits while an annotation delays the deletion of the node, no longer than the flag says.
func TestDeletionIsDelayedByAnnotationsOfTheNode(t *testing.T) {
	const prefix = "delay-deletion.cluster-autoscaler.kubernetes.io/"
	w := newWorld(t, vpsietest.Knobs{})
	machines := w.ready(w.group("delayed", 3, 3), 3)
	short, long, skipped := machines[0], machines[1], machines[2]
	for _, m := range machines {
		w.patch(w.node(m.Name), `{"metadata":{"annotations":{"`+prefix+`balancer":""}}}`)
	}
	w.patch(skipped, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationSkipDrain+`":"true"}}}`)
	began := w.clock.Now()
	for _, m := range machines {
		w.dismiss(m)
	}
	w.ended(skipped)
	if took := w.clock.Since(began); took > time.Minute {
		t.Errorf("the machine whose drain was skipped has waited for %s", took)
	}
	w.after(began.Add(time.Minute).Sub(w.clock.Now()), 5*time.Second)
	w.billOf(short)
	if w.reload(short); !strings.Contains(condition(short.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Message, prefix+"balancer") {
		t.Errorf("what the VPS waits for is not told: %+v", short.Status.Conditions)
	}
	w.patch(w.node(short.Name), `{"metadata":{"annotations":{"`+prefix+`balancer":null}}}`)
	w.ended(short)
	w.billOf(long)
	w.ended(long)
	if took := w.clock.Since(began); took < w.deps.Options.DeletionDelay || took > w.deps.Options.DeletionDelay+time.Minute {
		t.Errorf("the machine whose node keeps the annotation has waited for %s, want %s", took, w.deps.Options.DeletionDelay)
	}
}

package control

import (
	"fmt"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// That a node has stopped being ready is told in the turn that sees it, with the time at
// which its VPS is replaced, once; the NodeGroup does not call it a node on the way. A
// pause is told, and shown where kubectl get looks.
func TestABrokenNodeIsToldAtOnceAndAPauseIsShown(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("broken", 1, 2)
	m := w.ready(g, 1)[0]
	w.setReady(m.Status.NodeName, false)
	w.turn(time.Second)
	if n := w.heard("NodeNotReady "+m.Name, "The Kubernetes node is not ready", "if that lasts until "); n != 1 {
		t.Errorf("told %d times: %q", n, w.events)
	}
	w.until(time.Second, "the NodeGroup's conditions", func() error {
		w.reload(g)
		ready, scaling := condition(g.Status.Conditions, v1alpha1.NodeGroupReady), condition(g.Status.Conditions, v1alpha1.NodeGroupScaling)
		if ready.Reason != "NodesNotReady" || scaling.Reason != "Stable" {
			return fmt.Errorf("%+v %+v", ready, scaling)
		}
		return nil
	})
	if n := w.heard("NodeNotReady " + m.Name); n != 1 {
		t.Errorf("told %d times", n)
	}
	w.setReady(m.Status.NodeName, true)
	w.patch(g, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationPause+`":"true"}}}`)
	w.until(time.Second, "the pause", func() error {
		w.reload(g)
		if ready := condition(g.Status.Conditions, v1alpha1.NodeGroupReady); ready.Reason != "Paused" || ready.Status != "True" {
			return fmt.Errorf("%+v", ready)
		}
		return nil
	})
	if n := w.heard("Paused "+g.Name, v1alpha1.AnnotationPause); n != 1 {
		t.Errorf("the pause was told %d times", n)
	}
}

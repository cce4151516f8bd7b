package control

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// What a machine replaces is part of the intent, so that it is known after a restart.
func TestReplacementsNameTheirNodes(t *testing.T) {
	g := &v1alpha1.NodeGroup{}
	g.Name = "web"
	m := machineFor(g, plan.Launch{Reason: plan.Replacement, Replaces: []string{"a", "b"}, Together: 2})
	if got := cluster.Replaces(m); !slices.Equal(got, []string{"a", "b"}) || m.Annotations[v1alpha1.AnnotationReplaces] != "a,b" {
		t.Errorf("replaces %q, annotations %v", got, m.Annotations)
	}
	if m.Annotations[v1alpha1.AnnotationReplacesTogether] != "2" {
		t.Errorf("how many replace them together is not said: %v", m.Annotations)
	}
	if m := machineFor(g, plan.Launch{Reason: plan.PendingPods}); m.Annotations[v1alpha1.AnnotationReplaces] != "" || len(cluster.Replaces(m)) > 0 {
		t.Errorf("a machine that replaces nothing has annotations %v", m.Annotations)
	}
}

// rolling is a simulation with a group of so many nodes, one pod on each.
func rolling(s *sim, nodes int, change func(*v1alpha1.Disruption)) *v1alpha1.NodeGroup {
	s.Helper()
	s.podAnnotations = map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"}
	g := s.group("web", 1, 10, func(g *v1alpha1.NodeGroup) {
		g.Spec.Disruption.DriftPolicy = v1alpha1.DriftReplace
		change(&g.Spec.Disruption)
	})
	s.replicas, s.due["scheduler"] = nodes, s.clock.Now()
	s.run(20 * time.Minute)
	if n := len(s.bills()); n != nodes || s.waitingPods() > 0 {
		s.Fatalf("%d VPSes run for %d pods that fill one each, %d wait", n, nodes, s.waitingPods())
	}
	return g
}

// gentle steps on for so long, killing the controller on the way, and wants no more nodes to leave at once.
func (s *sim) gentle(long time.Duration, leaving, bills int, until func() bool) {
	s.Helper()
	for end := s.clock.Now().Add(long); s.clock.Now().Before(end); {
		s.run(7 * time.Second)
		s.restart()
		gone, waiting := 0, s.waitingPods()
		for _, m := range s.vpsieNodes() {
			if !m.DeletionTimestamp.IsZero() {
				gone++
			}
		}
		if gone > leaving || waiting > leaving || len(s.bills()) > bills {
			s.Fatalf("%s: %d nodes leave, %d pods wait, %d VPSes run", s.clock.Now(), gone, waiting, len(s.bills()))
		}
		if until() {
			return
		}
	}
	for _, m := range s.vpsieNodes() {
		s.Logf("%s %s %v made %v", m.Name, m.Status.Phase, m.Annotations, m.Status.MadeFrom)
	}
	s.Fatal("the roll-out did not come to its end")
}

// updated tells that all of so many nodes were made from the image.
func (s *sim) updated(image string, nodes int) bool {
	all := s.vpsieNodes()
	return len(all) == nodes && !slices.ContainsFunc(all, func(m *v1alpha1.VPSieNode) bool {
		return m.Status.Phase != v1alpha1.PhaseReady || m.Status.MadeFrom == nil ||
			!slices.Contains(m.Status.MadeFrom.Fields, v1alpha1.MadeFromField{Name: "osImageID", Value: image})
	})
}

// An edited image reaches all nodes, a new one first and one at a time, however often the controller is killed.
func TestEditedImageRollsOut(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		g := rolling(s, 3, func(d *v1alpha1.Disruption) {
			d.Budgets = []v1alpha1.DisruptionBudget{{Nodes: new(intstr.FromInt32(1)), Reasons: []v1alpha1.DisruptionReason{"Drifted", "Expired"}}}
		})
		s.patch(g, `{"spec":{"osImageID":"debian-12"}}`)
		s.run(15 * time.Second)
		drifted := 0
		for _, m := range s.vpsieNodes() {
			if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeDrifted); c != nil && c.Status == metav1.ConditionTrue && c.Message == "osImageID: ubuntu-22.04-lts -> debian-12" {
				drifted++
			}
		}
		if drifted != 3 {
			s.Errorf("%d of 3 VPSieNodes say that they are drifted", drifted)
		}
		s.gentle(time.Hour, 1, 4, func() bool { return s.updated("debian-12", 3) })
		s.run(time.Hour)
		if n := len(s.fake.Ledger().VMs); n != 6 {
			s.Errorf("%d VPSes were bought for 3 nodes that were replaced once", n)
		}
		s.reload(g)
		if g.Status.UpdatedNodes != 3 || s.waitingPods() > 0 || len(s.broken) > 0 {
			s.Errorf("%d nodes updated, %d pods wait, broken rules: %q", g.Status.UpdatedNodes, s.waitingPods(), s.broken)
		}
	})
}

// A paused NodeGroup is not rolled.
func TestPauseHoldsARollout(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		g := rolling(s, 2, func(*v1alpha1.Disruption) {})
		s.patch(g, `{"metadata":{"annotations":{"autoscaler.vpsie.com/pause":"true"}},"spec":{"osImageID":"debian-12"}}`)
		s.run(time.Hour)
		if n := len(s.fake.Ledger().VMs); n != 2 {
			s.Fatalf("%d VPSes were bought while the NodeGroup was paused", n-2)
		}
		s.patch(g, `{"metadata":{"annotations":{"autoscaler.vpsie.com/pause":null}}}`)
		s.gentle(time.Hour, 1, 3, func() bool { return s.updated("debian-12", 2) })
	})
}

// A machine that does not join stops the roll-out, also over a restart, until a person asks for another try.
func TestRolloutStopsWhenAMachineDoesNotJoin(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		g := rolling(s, 3, func(*v1alpha1.Disruption) {})
		s.must(s.fake.PatchKnobs([]byte(`{"neverJoin":1}`)))
		s.patch(g, `{"spec":{"osImageID":"debian-12"}}`)
		for range 60 {
			s.run(10 * time.Minute)
			s.restart()
		}
		s.run(time.Minute)
		if n := len(s.fake.Ledger().VMs); n != 4 {
			s.Errorf("%d machines were bought after the first that did not join", n-4)
		}
		s.reload(g)
		c := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.NodeGroupRolloutPaused)
		if c == nil || c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "did not join") {
			s.Errorf("the condition RolloutPaused is %+v", c)
		}
		if s.metric("vpsie_autoscaler_nodegroup_rollout_paused") != 1 || s.metric("vpsie_autoscaler_nodegroup_outdated_nodes") != 3 {
			s.Error("the metrics do not show three outdated nodes of a roll-out that is paused")
		}
		if s.heard("RolloutPaused web") == 0 {
			s.Error("no event tells that the roll-out is paused")
		}
		s.patch(g, `{"metadata":{"annotations":{"autoscaler.vpsie.com/try-now":"true"}}}`)
		s.gentle(2*time.Hour, 1, 4, func() bool { return s.updated("debian-12", 3) })
		s.run(time.Minute)
		s.reload(g)
		if c := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.NodeGroupRolloutPaused); c == nil || c.Status != metav1.ConditionFalse {
			s.Errorf("the condition RolloutPaused is %+v after the roll-out", c)
		}
	})
}

// Nodes are replaced at their age, give or take a tenth.
func TestNodesExpire(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		began := s.clock.Now()
		rolling(s, 2, func(d *v1alpha1.Disruption) { d.NodeMaxAgeSeconds = new(int32(36_000)) })
		s.run(time.Until(began.Add(9*time.Hour - time.Minute)))
		if n := len(s.fake.Ledger().VMs); n != 2 {
			s.Fatalf("%d VPSes were bought before the earliest age", n-2)
		}
		s.run(time.Until(began.Add(11*time.Hour + 30*time.Minute)))
		if n := len(s.fake.Ledger().VMs); n != 4 || len(s.bills()) != 2 {
			s.Errorf("%d VPSes were bought in the place of 2, %d run", n-2, len(s.bills()))
		}
		if s.heard("Drifted", "nodeMaxAgeSeconds") == 0 {
			s.Error("no event tells that a node has expired")
		}
	})
}

// After terminationDeadlineSeconds a node that a person deletes goes with the pods that do not end; one that only
// saves money does not.
func TestTerminationDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		removal string
		goes    bool
	}{"a person": {"", true}, "drift": {string(plan.Drifted), true}, "saving": {string(plan.Underutilized), false}} {
		t.Run(name, func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
				rolling(s, 1, func(d *v1alpha1.Disruption) { d.TerminationDeadlineSeconds = new(int32(7200)) })
				for _, object := range s.store.all() {
					if p, is := object.(*corev1.Pod); is {
						s.patch(p.DeepCopy(), `{"metadata":{"finalizers":["example.com/slow"]}}`)
					}
				}
				m := s.vpsieNodes()[0]
				if test.removal != "" {
					s.patch(m, `{"metadata":{"annotations":{"autoscaler.vpsie.com/removal":"`+test.removal+`"}}}`)
				}
				s.must(s.store.Delete(s.ctx, m))
				there := func() bool {
					return slices.ContainsFunc(s.vpsieNodes(), func(o *v1alpha1.VPSieNode) bool { return o.Name == m.Name })
				}
				s.run(119 * time.Minute)
				if !there() {
					s.Fatal("the VPS went before the deadline")
				}
				s.restart()
				s.run(10 * time.Minute)
				if there() == test.goes {
					s.Errorf("the VPSieNode is there: %v", there())
				}
				if told := s.heard("DrainForced "+m.Name, "default/app-1") > 0; told != test.goes {
					s.Errorf("an event tells of the forced drain: %v", told)
				}
			})
		})
	}
}

package control

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A schedule that takes maxNodes to 0 empties the NodeGroup from its start on, also when the controller was not there
// then, and gives it back at its end.
func TestAScheduleEmptiesANodeGroupAndGivesItBack(t *testing.T) {
	for name, down := range map[string]bool{"the controller runs": false, "the controller starts later": true} {
		t.Run(name, func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
				s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
					g.Spec.ScaleDownPolicy.Enabled = new(true)
					g.Spec.Schedules = []v1alpha1.Schedule{{Name: "off", Cron: "0 2 * * *", TimeZone: "Europe/Berlin", DurationSeconds: 7200, MaxNodes: new(int32(0))}}
				})
				s.replicas, s.due["scheduler"] = 2, s.clock.Now()
				starts := time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)
				s.run(10 * time.Minute)
				s.ownPods()
				s.run(time.Until(starts) - time.Second)
				if n := len(s.bills()); n != 2 {
					s.Fatalf("%d VPSes run for 2 pods that fill one each", n)
				}
				if down {
					s.clock.SetTime(starts.Add(10 * time.Minute))
					s.restart()
					s.run(5 * time.Second)
				} else {
					s.run(2 * time.Second)
				}
				leaving := 0
				for _, m := range s.vpsieNodes() {
					if !m.DeletionTimestamp.IsZero() {
						leaving++
					}
				}
				if leaving != 2 {
					s.Errorf("%d of 2 nodes leave at %s; the schedule starts at %s", leaving, s.clock.Now(), starts)
				}
				s.run(time.Until(starts.Add(30 * time.Minute)))
				s.restart()
				s.run(10 * time.Minute)
				if n := len(s.bills()); n != 0 {
					s.Errorf("%d VPSes are left in the time of the schedule", n)
				}
				g := s.groupNow()
				if !slices.Equal(g.Status.ActiveSchedules, []string{"off"}) || *g.Status.MaxNodes != 0 {
					s.Errorf("status: schedules %q, maxNodes %d", g.Status.ActiveSchedules, *g.Status.MaxNodes)
				}
				s.run(time.Until(starts.Add(2*time.Hour + 3*time.Second)))
				if n := len(s.vpsieNodes()); n != 2 {
					s.Errorf("%d machines are ordered for 2 pods right after the end of the schedule", n)
				}
				s.run(5 * time.Minute)
				if g := s.groupNow(); len(g.Status.ActiveSchedules) != 0 || *g.Status.MaxNodes != 6 {
					s.Errorf("status: schedules %q, maxNodes %d", g.Status.ActiveSchedules, *g.Status.MaxNodes)
				}
				if n := s.heard("SchedulesChanged web", "Active now: schedule off; minNodes is 0, maxNodes 0"); n == 0 {
					s.Error("nobody was told that the schedule started")
				}
				if n := s.heard("SchedulesChanged web", "No schedule is active any more; minNodes is 0, maxNodes 6"); n != 1 {
					s.Errorf("%d times it was told that the schedule ended", n)
				}
			})
		})
	}
}

// A schedule pauses a NodeGroup, which buys when the schedule has ended.
func TestASchedulePausesANodeGroup(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
			g.Spec.Schedules = []v1alpha1.Schedule{{Name: "still", Cron: "0 0 * * *", DurationSeconds: 3600, Paused: new(true)}}
		})
		s.replicas, s.due["scheduler"] = 1, s.clock.Now()
		s.run(time.Hour - time.Second)
		if n := len(s.vpsieNodes()); n != 0 {
			s.Errorf("%d machines while the group is paused", n)
		}
		if n := s.heard("Paused web", "Nothing is bought or removed: paused by schedule still until 2000-01-01T01:00:00Z"); n != 1 {
			s.Errorf("the pause was told %d times", n)
		}
		if c := condition(s.groupNow().Status.Conditions, v1alpha1.NodeGroupScaling); c.Reason != "Paused" {
			s.Errorf("%+v", c)
		}
		if got := s.groupNow().Status.Waiting; got != "1 Paused" {
			s.Errorf("waiting: %q", got)
		}
		s.run(3 * time.Second)
		if got := s.groupNow().Status.Waiting; got != "" {
			s.Errorf("waiting after the pause: %q", got)
		}
		if n := len(s.vpsieNodes()); n != 1 {
			s.Errorf("%d machines after the pause", n)
		}
	})
}

func (s *sim) groupNow() *v1alpha1.NodeGroup {
	s.Helper()
	for _, object := range s.store.all() {
		if g, is := object.(*v1alpha1.NodeGroup); is {
			return g
		}
	}
	s.Fatal("there is no NodeGroup")
	return nil
}

// ownPods gives the pods a controller, without which nothing evicts them.
func (s *sim) ownPods() {
	for _, object := range s.store.all() {
		if p, is := object.(*corev1.Pod); is {
			owned := p.DeepCopy()
			owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "app", UID: "app", Controller: new(true)}}
			s.must(s.store.Update(s.ctx, owned))
		}
	}
}

// Around both changes of the clock a schedule acts once: a start that the clock skips is made up for, and of one that it
// repeats the first counts. Each action buys one machine and gives it back.
func TestScheduleActsOnceOverEachChangeOfTheClock(t *testing.T) {
	for name, change := range map[string]time.Time{
		"put forward": time.Date(2000, 3, 26, 1, 0, 0, 0, time.UTC), "put back": time.Date(2000, 10, 29, 1, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
				s.clock.SetTime(change.Add(-2 * time.Hour))
				s.restart()
				s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
					g.Spec.ScaleDownPolicy.Enabled, g.Spec.ScaleDownPolicy.UnneededTime = new(true), new(int32(0))
					g.Spec.ScaleDownPolicy.StabilizationWindowSeconds = new(int32(1))
					g.Spec.Schedules = []v1alpha1.Schedule{{Name: "ready", Cron: "30 2 * * *", TimeZone: "Europe/Berlin", DurationSeconds: 600, MinNodes: new(int32(1))}}
				})
				for range 5 {
					s.run(time.Hour)
					s.restart() // It remembers nothing of what it has done.
				}
				if n := s.heard("SchedulesChanged web", "Active now: schedule ready"); n != 1 {
					s.Errorf("the schedule became active %d times: %v", n, s.events)
				}
				if ordered, left := len(s.fake.Ledger().VMs), len(s.bills()); ordered != 1 || left != 0 {
					s.Errorf("%d VPSes were bought, %d are left", ordered, left)
				}
			})
		})
	}
}

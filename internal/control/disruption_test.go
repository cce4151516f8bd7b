package control

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Nodes that nobody needs go in the window alone, one at a time, however often the controller is killed meanwhile.
func TestNodesGoInTheirWindowOneAtATime(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
			g.Spec.ScaleUpPolicy.CPUThreshold, g.Spec.ScaleUpPolicy.MemoryThreshold = new(int32(100)), new(int32(100))
			g.Spec.ScaleDownPolicy.Enabled = new(true)
			g.Spec.ScaleDownPolicy.UnneededTime, g.Spec.ScaleDownPolicy.StabilizationWindowSeconds = new(int32(60)), new(int32(1))
			g.Spec.Disruption.Budgets = []v1alpha1.DisruptionBudget{
				{Kind: v1alpha1.DisruptionWindow, Cron: "0 7 * * *", TimeZone: "Europe/Berlin", DurationSeconds: new(int32(3600)), Reasons: []v1alpha1.DisruptionReason{"Empty", "Underutilized"}},
				{Nodes: new(intstr.FromString("10%"))},
			}
		})
		s.replicas, s.due["scheduler"] = 4, s.clock.Now()
		s.run(20 * time.Minute)
		if n := len(s.bills()); n != 4 {
			s.Fatalf("%d VPSes run for 4 pods that fill one each", n)
		}
		s.replicas = 0
		for _, object := range s.store.all() {
			if p, is := object.(*corev1.Pod); is {
				s.must(s.store.Delete(s.ctx, p))
			}
		}
		opens := time.Date(2000, 1, 1, 6, 0, 0, 0, time.UTC)
		for s.clock.Now().Before(opens.Add(-10 * time.Minute)) {
			s.run(10 * time.Minute)
			s.restart()
			if n := len(s.bills()); n != 4 {
				s.Fatalf("%d of 4 VPSes are left at %s; the window opens at %s", n, s.clock.Now(), opens)
			}
		}
		s.run(time.Until(opens) - time.Second)
		for s.clock.Now().Before(opens.Add(30 * time.Minute)) {
			s.run(time.Second)
			leaving := 0
			for _, m := range s.vpsieNodes() {
				if !m.DeletionTimestamp.IsZero() {
					leaving++
				}
			}
			if leaving > 1 {
				s.Fatalf("%d nodes leave at once at %s", leaving, s.clock.Now())
			}
		}
		if n := len(s.bills()); n != 0 {
			s.Errorf("%d VPSes are left half an hour after the window has opened", n)
		}
	})
}

// A node that nobody needs any more stays until shortly before its next paid hour, and is gone when that begins.
func TestNodesGoBeforeTheirNextPaidHour(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 5_000, BootMillis: 10_000, DeleteMillis: 10_000}, func(s *sim) {
		s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
			g.Spec.ScaleDownPolicy.Enabled = new(true)
			g.Spec.ScaleUpPolicy.CPUThreshold, g.Spec.ScaleUpPolicy.MemoryThreshold = new(int32(100)), new(int32(100))
			g.Spec.ScaleDownPolicy.UnneededTime, g.Spec.ScaleDownPolicy.StabilizationWindowSeconds = new(int32(60)), new(int32(1))
			g.Spec.Disruption.AlignToPaidPeriodSeconds = new(int32(3600))
		})
		began := s.clock.Now()
		s.replicas, s.due["scheduler"] = 2, began
		s.run(15 * time.Minute)
		s.replicas = 0
		for _, object := range s.store.all() {
			if p, is := object.(*corev1.Pod); is {
				s.must(s.store.Delete(s.ctx, p))
			}
		}
		s.run(time.Until(began.Add(49 * time.Minute)))
		s.restart()
		if n := len(s.bills()); n != 2 {
			s.Fatalf("%d of 2 VPSes are left before the end of their paid hour", n)
		}
		s.run(time.Until(began.Add(time.Hour)))
		if n := len(s.bills()); n != 0 {
			s.Errorf("%d VPSes are left when the next hour begins", n)
		}
	})
}

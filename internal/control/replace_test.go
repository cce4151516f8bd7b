package control

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const large = "large-8cpu-16gb"

// cheaperLarge has four pods on four small nodes, and then a large type that would hold them for less.
func cheaperLarge(s *sim, change func(*v1alpha1.NodeGroup)) {
	s.owned = true
	g := s.group("web", 0, 6, func(g *v1alpha1.NodeGroup) {
		g.Spec.AllowMixedInstances = true
		g.Spec.ScaleDownPolicy.Enabled = new(true)
		g.Spec.ScaleDownPolicy.UnneededTime, g.Spec.ScaleDownPolicy.StabilizationWindowSeconds = new(int32(600)), new(int32(60))
		g.Spec.Disruption.Consolidation = v1alpha1.ConsolidateWhenCheaper
		g.Spec.Disruption.PaybackHours = new(int32(24)) // so that nothing waits for the end of the paid hour
		change(g)
	})
	s.replicas, s.due["scheduler"] = 4, s.clock.Now()
	s.run(15 * time.Minute)
	if got := s.plans(); !slices.Equal(got, []string{small, small, small, small}) {
		s.Fatalf("four pods run on %v", got)
	}
	s.patch(g, `{"spec":{"offeringIDs":["`+small+`","`+large+`"]}}`)
}

// plans are the types of the VPSes that are paid for.
func (s *sim) plans() []string {
	plans := []string{}
	for _, b := range s.bills() {
		plans = append(plans, b.Plan)
	}
	slices.Sort(plans)
	return plans
}

func (s *sim) node(name string) *corev1.Node {
	for _, object := range s.store.all() {
		if n, is := object.(*corev1.Node); is && n.Name == name {
			return n
		}
	}
	return nil
}

// Four small nodes give way to a large one that costs less: it is bought first, and they go when it is Ready, however
// often the controller is killed meanwhile. At no moment is more paid than for them and for it.
func TestNodesAreReplacedByACheaperOne(t *testing.T) {
	for _, kills := range []bool{false, true} {
		t.Run(fmt.Sprintf("kills=%t", kills), func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 60_000, DeleteMillis: 10_000, Prices: map[string]string{large: "20.00"}}, func(s *sim) {
				cheaperLarge(s, func(*v1alpha1.NodeGroup) {})
				old := s.vpsieNodes()
				end, bought, marked := s.clock.Now().Add(time.Hour), 0, false
				for s.clock.Now().Before(end) {
					s.run(5 * time.Second)
					if kills {
						s.restart()
					}
					plans := s.plans()
					larges := len(slices.DeleteFunc(slices.Clone(plans), func(p string) bool { return p != large }))
					bought = max(bought, larges)
					if larges > 1 || len(plans)-larges > 4 {
						s.Fatalf("paid for at %s: %v", s.clock.Now(), plans)
					}
					arrived := false
					for _, m := range s.vpsieNodes() {
						if m.Spec.InstanceType == large && m.Status.Phase == v1alpha1.PhaseReady {
							arrived = true
						}
					}
					if !arrived && len(plans)-larges < 4 {
						s.Fatalf("a node has gone at %s before its replacement was Ready", s.clock.Now())
					}
					if larges == 1 && !arrived {
						n := s.node(cluster.NodeNameOf(old[0]))
						marked = marked || slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool {
							return t.Key == v1alpha1.TaintReplacing && t.Effect == corev1.TaintEffectPreferNoSchedule
						})
					}
				}
				if got := s.plans(); !slices.Equal(got, []string{large}) || s.waitingPods() > 0 || !marked {
					s.Errorf("paid for in the end: %v; %d pods wait; nodes to be replaced were tainted: %t", got, s.waitingPods(), marked)
				}
				for _, g := range s.nodeGroups() {
					if at := g.(*v1alpha1.NodeGroup).Status.LastScaleTime; at == nil || at.After(end.Add(-50*time.Minute)) {
						s.Errorf("a replacement counts as a scaling: %s", at)
					}
				}
			})
		})
	}
}

// Who dies between writing down two machines of one replacement has bought nothing with the first: it is never ordered, and
// all stays as it was.
func TestHalfAReplacementIsNeverOrdered(t *testing.T) {
	inSim(t, vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 60_000, Prices: map[string]string{large: "60.00"}}, func(s *sim) {
		cheaperLarge(s, func(*v1alpha1.NodeGroup) {})
		bought := s.asked(http.MethodPost)
		g := s.nodeGroups()[0].(*v1alpha1.NodeGroup)
		var nodes []string
		for _, m := range s.vpsieNodes() {
			nodes = append(nodes, cluster.NodeNameOf(m))
		}
		half := OrderFor(g, plan.Launch{InstanceType: large, DatacenterID: g.Spec.DatacenterIDs()[0], Reason: plan.Replacement, Replaces: nodes, Together: 2}, "half")
		s.must(s.admin.Create(s.ctx, half))
		// Also not before a round has seen it.
		_, err := s.machines.Reconcile(s.ctx, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(half)})
		s.must(err)
		s.restart()
		s.run(3 * time.Minute)
		if n := s.asked(http.MethodPost) - bought; n > 0 || !s.gone(half) || len(s.vpsieNodes()) != 4 {
			s.Errorf("%d machines were ordered, half a replacement is gone: %t, %d VPSieNodes", n, s.gone(half), len(s.vpsieNodes()))
		}
		for _, m := range s.vpsieNodes() {
			if f := cluster.FailedReplacement(m); f == nil || !strings.HasPrefix(f.Why, "only 1 of the 2 machines") {
				s.Errorf("%s does not say what became of its replacement: %v", m.Name, m.Annotations)
			}
		}
	})
}

// When the new machine never joins, everything stays as it was, and it is not tried again before the pause is over.
func TestReplacementThatDoesNotJoinIsGivenUp(t *testing.T) {
	for _, kills := range []bool{false, true} {
		t.Run(fmt.Sprintf("kills=%t", kills), func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 60_000, DeleteMillis: 10_000, Prices: map[string]string{large: "20.00"}}, func(s *sim) {
				cheaperLarge(s, func(*v1alpha1.NodeGroup) {})
				s.must(s.fake.PatchKnobs([]byte(`{"neverJoin":1000}`)))
				bills := len(s.fake.Ledger().VMs)
				for range 4 * 60 {
					s.run(time.Minute)
					if kills {
						s.restart()
					}
					smalls := slices.DeleteFunc(s.plans(), func(p string) bool { return p != small })
					if len(smalls) < 4 {
						s.Fatalf("a node has gone at %s for a replacement that never came", s.clock.Now())
					}
				}
				// Of the first, after its join time-out and one hour, after another and two hours.
				if n := len(s.fake.Ledger().VMs) - bills; n < 2 || n > 3 {
					s.Errorf("%d replacements were bought in four hours that never join", n)
				}
				if s.waitingPods() > 0 {
					s.Errorf("%d pods wait", s.waitingPods())
				}
				for _, m := range s.vpsieNodes() {
					if m.Spec.InstanceType == small && cluster.FailedReplacement(m) == nil {
						s.Errorf("%s does not say that its replacement has failed: %v", m.Name, m.Annotations)
					}
				}
			})
		})
	}
}

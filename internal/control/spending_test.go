package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// careful are the shipped limits, with a restart in the same place.
func (w *world) careful() {
	o := w.deps.Options
	o.UnprovenLimit = 3
	w.start(o)
}

// ordered is how many VPSes were ever bought.
func (w *world) ordered() int { return len(w.fake.Ledger().VMs) }

// restart kills the controller: only what is stored is left.
func (w *world) restart() { w.start(w.deps.Options) }

// inSim runs a test in simulated time.
func inSim(t *testing.T, knobs vpsietest.Knobs, test func(s *sim)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newSim(t, knobs)) })
}

// Machines that boot and never join are bought ever more seldom, also when the
// controller is killed now and then.
func TestMachinesThatNeverJoinAreBoughtEverMoreSeldom(t *testing.T) {
	for _, kills := range []bool{false, true} {
		t.Run(fmt.Sprintf("kills=%v", kills), func(t *testing.T) {
			inSim(t, vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 30_000}, func(s *sim) { neverJoining(s, kills) })
		})
	}
}

func neverJoining(s *sim, kills bool) {
	s.silent = true
	g := s.group("web", 5, 10)
	together := 0
	begin := s.clock.Now()
	for s.clock.Since(begin) < 4*time.Hour {
		s.run(5 * time.Minute)
		if kills {
			s.restart()
		}
		running := len(s.bills())
		together = max(together, running)
		if s.clock.Since(begin) > time.Hour && running > 1 {
			s.Fatalf("%d VPSes run at once after an hour of failures", running)
		}
	}
	if n := s.ordered(); together > 3 || n > 12 || n < 5 {
		s.Errorf("%d VPSes were bought in 4 hours, %d at once", n, together)
	}
	s.reload(g)
	if len(g.Status.Backoffs) != 1 || g.Status.Backoffs[0].Failures < 3 || g.Status.Backoffs[0].Reason != reasonNotArriving {
		s.Errorf("status.backoffs: %+v", g.Status.Backoffs)
	}
	if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status != metav1.ConditionTrue && len(s.bills()) == 0 {
		s.Errorf("nobody is told: %+v", c)
	}
	s.run(time.Minute)
	if s.metric("vpsie_autoscaler_nodegroup_unproven") != 1 {
		s.Error("the metric does not show that one machine is bought at a time")
	}
	// What was wrong is put right: one machine joins, then all are bought.
	s.silent = false
	s.patch(g, tryNowPatch)
	s.run(30 * time.Minute)
	s.reload(g)
	if g.Status.ReadyNodes != 5 || g.Status.ProvenSpec == "" || g.Annotations[v1alpha1.AnnotationTryNow] != "" {
		s.Errorf("after machines have joined: %+v, annotations %v", g.Status, g.Annotations)
	}
	if s.metric("vpsie_autoscaler_nodegroup_unproven") != 0 {
		s.Error("the metric stays")
	}
}

const tryNowPatch = `{"metadata":{"annotations":{"` + v1alpha1.AnnotationTryNow + `":"true"}}}`

// Pods wait with the reason Unproven; one machine that joins lets the rest be bought.
func TestPodsWaitUntilAMachineHasJoined(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.careful()
	w.silent = true
	w.group("web", 0, 10)
	for i := range 5 {
		w.pending(fmt.Sprintf("api-%d", i), "1500m")
	}
	w.after(time.Minute, 5*time.Second)
	if n := w.ordered(); n != 3 {
		t.Fatalf("%d VPSes were bought before any has joined", n)
	}
	if w.heard("Waiting", "Unproven") == 0 {
		t.Errorf("the pods' owners hear nothing of it: %v", w.events)
	}
}

// Orders that VPSie takes and never lists are at most two, until a person allows another.
func TestOrdersThatAreNeverListedStopAllBuying(t *testing.T) {
	for _, lift := range []string{"annotation", "Secret", "Secret while the controller is down"} {
		t.Run(lift, func(t *testing.T) {
			inSim(t, vpsietest.Knobs{NeverAppear: 1000, CreateMillis: 20_000}, func(s *sim) { neverListed(s, lift) })
		})
	}
}

func neverListed(s *sim, lift string) {
	web := s.group("web", 5, 10)
	other := s.group("other", 2, 10)
	for range 24 {
		s.run(15 * time.Minute)
		s.restart()
	}
	if n := s.asked(http.MethodPost); n != 2 {
		s.Fatalf("%d orders were made in six hours", n)
	}
	s.run(time.Minute)
	for _, g := range []*v1alpha1.NodeGroup{web, other} {
		s.reload(g)
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status != metav1.ConditionTrue || c.Reason != reasonNotListed {
			s.Errorf("NodeGroup %s: %+v", g.Name, c)
		}
		if s.heard("BuyingStopped "+g.Name, v1alpha1.AnnotationTryNow) == 0 {
			s.Errorf("NodeGroup %s has no event", g.Name)
		}
	}
	switch lift {
	case "annotation":
		s.patch(other, tryNowPatch)
	case "Secret":
		s.setAccount(map[string]string{"note": "looked after"})
	default:
		s.setAccount(map[string]string{"note": "looked after"})
		s.restart()
	}
	s.run(90 * time.Minute)
	s.restart()
	s.run(90 * time.Minute)
	if n := s.asked(http.MethodPost); n != 3 {
		s.Fatalf("%d orders were made after a person allowed one more", n)
	}
	// The cloud works again.
	s.must(s.fake.PatchKnobs([]byte(`{"neverAppear":0}`)))
	s.patch(other, tryNowPatch)
	s.run(time.Hour)
	s.reload(web)
	s.reload(other)
	if web.Status.ReadyNodes != 5 || other.Status.ReadyNodes != 2 {
		s.Errorf("%d and %d nodes are ready", web.Status.ReadyNodes, other.Status.ReadyNodes)
	}
	if c := condition(web.Status.Conditions, v1alpha1.NodeGroupError); c.Status == metav1.ConditionTrue {
		s.Errorf("after all: %+v", c)
	}
}

// The stop is stored where the API server keeps it, and told by condition, event, metric and log.
func TestTheStopOfBuyingIsStoredAndTold(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{NeverAppear: 1000})
	w.careful()
	g := w.group("stopped", 2, 10)
	w.after(25*time.Minute, 30*time.Second)
	for _, restarted := range []bool{false, true} {
		w.reload(g)
		lost := 0
		for _, b := range g.Status.Backoffs {
			if b.Scope == scopeOrder && b.NodeGroup == g.Name && b.Account != "" && b.InstanceType == small && strings.HasPrefix(b.VPSieNode, "vpsie-stopped-") {
				lost++
			}
		}
		c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if lost != 2 || c.Reason != reasonNotListed || w.metric("vpsie_autoscaler_buying_stopped") != 1 {
			t.Fatalf("restarted %v: %d lost orders, %+v, metric %v, %+v", restarted, lost, c, w.metric("vpsie_autoscaler_buying_stopped"), g.Status.Backoffs)
		}
		w.restart()
		w.after(time.Minute, 30*time.Second)
	}
	if w.heard("BuyingStopped stopped", "VPSie's console") == 0 {
		t.Errorf("no event: %v", w.events)
	}
	if !strings.Contains(logged.String(), "an order was lost") {
		t.Error("nothing is logged")
	}
	if n := w.asked(http.MethodPost); n != 2 {
		t.Errorf("%d orders were made", n)
	}
	w.patch(g, tryNowPatch)
	w.must(w.fake.PatchKnobs([]byte(`{"neverAppear":0}`)))
	w.ready(g, 2)
	w.after(2*time.Second, time.Second)
	if w.metric("vpsie_autoscaler_buying_stopped") != 0 {
		t.Error("the metric stays")
	}
}

// Between order and list the VPS may be in neither list for minutes: it is waited for.
func TestLateVPSIsUsed(t *testing.T) {
	inSim(t, vpsietest.Knobs{GapMillis: 5 * 60 * 1000}, func(s *sim) {
		g := s.group("web", 2, 10)
		s.run(2 * time.Minute)
		s.restart()
		s.run(18 * time.Minute)
		s.reload(g)
		if n := s.asked(http.MethodPost); n != 2 || g.Status.ReadyNodes != 2 {
			s.Errorf("%d orders were made for 2 machines, %d are ready", n, g.Status.ReadyNodes)
		}
	})
}

// A VPS that is listed after its order was given up is used by the group that still wants it.
func TestVPSThatIsListedAfterItsOrderWasGivenUpIsUsed(t *testing.T) {
	inSim(t, vpsietest.Knobs{GapMillis: 25 * 60 * 1000}, func(s *sim) {
		g := s.group("web", 2, 10)
		s.run(22 * time.Minute)
		s.reload(g)
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Reason != reasonNotListed {
			s.Errorf("after 22 minutes: %+v", c)
		}
		s.restart()
		s.run(20 * time.Minute)
		s.reload(g)
		if n := s.asked(http.MethodPost); n != 2 || g.Status.ReadyNodes != 2 || len(s.bills()) != 2 || len(s.broken) > 0 {
			s.Errorf("%d orders were made, %d VPSes run, %d nodes are ready, %v", n, len(s.bills()), g.Status.ReadyNodes, s.broken)
		}
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status == metav1.ConditionTrue {
			s.Errorf("in the end: %+v", c)
		}
	})
}

// A VPS that VPSie takes minutes to list is deleted with its NodeGroup, and its VPSieNode says meanwhile what it waits for.
func TestOrderThatIsNotListedYetIsDeletedWithItsNodeGroup(t *testing.T) {
	inSim(t, vpsietest.Knobs{GapMillis: 5 * 60 * 1000}, func(s *sim) {
		g := s.group("web", 2, 10)
		s.run(2 * time.Minute)
		s.must(s.admin.Delete(s.ctx, g))
		s.run(time.Minute)
		s.restart()
		s.run(time.Minute)
		machines := s.vpsieNodes()
		if len(machines) != 2 {
			s.Fatalf("%d of 2 VPSieNodes wait for their VPSes", len(machines))
		}
		for _, m := range machines {
			if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); c.Reason != reasonOrdered || !strings.Contains(c.Message, "lists no VPS yet; it is looked for until 20") {
				s.Errorf("VPSieNode %s: %+v", m.Name, c)
			}
		}
		s.run(5 * time.Minute)
		if left := len(s.vpsieNodes()); left != 0 || len(s.bills()) != 0 || !s.gone(g) {
			s.Errorf("%d VPSieNodes and %d VPSes are left", left, len(s.bills()))
		}
		if n := s.asked(http.MethodPost); n != 2 {
			s.Errorf("%d orders were made", n)
		}
	})
}

// An order that VPSie never lists counts as lost, whoever takes its VPSieNode away: else deleting and making NodeGroups would buy without end.
func TestOrdersThatAreNeverListedAreLostAlsoWhenTheirNodeGroupsGo(t *testing.T) {
	inSim(t, vpsietest.Knobs{NeverAppear: 1000}, func(s *sim) {
		for i := range 8 {
			g := s.group(fmt.Sprintf("web-%d", i), 1, 10)
			s.run(2 * time.Minute)
			s.must(s.admin.Delete(s.ctx, g))
			s.run(28 * time.Minute)
			if !s.gone(g) {
				s.Fatalf("NodeGroup %s stays", g.Name)
			}
		}
		if n := s.asked(http.MethodPost); n != mostLost {
			s.Errorf("%d orders were made", n)
		}
	})
}

// The account's limit concerns all groups: one back-off, nothing dearer instead, no
// head-room before the pod, no scaling, and the cheap type once it is lifted.
func TestQuotaIsOneBackoffForTheAccount(t *testing.T) {
	inSim(t, vpsietest.Knobs{Quota: 5}, func(s *sim) {
		s.silent = true
		for i := range 8 {
			_, err := s.fake.AddVM(vpsietest.VMSpec{Hostname: fmt.Sprintf("other-%d", i), Plan: small, Datacenter: "dc-us-east-1", Image: "ubuntu-22.04-lts"})
			s.must(err)
		}
		s.run(time.Second)
		s.silent = false
		limited(s)
	})
}

func limited(s *sim) {
	cheap := s.group("cheap", 0, 5, func(g *v1alpha1.NodeGroup) { g.Spec.OfferingIDs = []string{medium} })
	dear := s.group("dear", 0, 5, func(g *v1alpha1.NodeGroup) {
		g.Spec.OfferingIDs = []string{medium, "large-8cpu-16gb"}
		g.Spec.AllowMixedInstances = true
		g.Spec.ScaleUpPolicy.CPUThreshold = new(int32(50))
	})
	s.pending("api", "2500m")
	s.run(10 * time.Second)
	if n := s.asked(http.MethodPost); n != 1 {
		s.Errorf("%d orders were made at once for one pod", n)
	}
	s.run(20 * time.Minute)
	s.restart()
	s.run(10 * time.Minute)
	if n := s.asked(http.MethodPost); n > 5 { // after 0, 1, 3, 7 and 15 minutes
		s.Errorf("%d orders were made in half an hour", n)
	}
	for _, g := range []*v1alpha1.NodeGroup{cheap, dear} {
		s.reload(g)
		if c := condition(g.Status.Conditions, v1alpha1.NodeGroupError); c.Status != metav1.ConditionTrue || c.Reason != "QuotaExceeded" {
			s.Errorf("NodeGroup %s: %+v", g.Name, c)
		}
		if g.Status.LastScaleTime != nil {
			s.Errorf("NodeGroup %s: a refused order counts as a scaling at %s", g.Name, g.Status.LastScaleTime)
		}
	}
	if s.metric("vpsie_autoscaler_account_backoff") != 1 {
		s.Error("the metric does not show the back-off")
	}
	s.must(s.fake.PatchKnobs([]byte(`{"quota":0}`)))
	s.patch(cheap, tryNowPatch)
	s.run(20 * time.Second)
	if bought := s.bills()[8:]; len(bought) != 1 || bought[0].Plan != medium {
		s.Fatalf("bought after the quota was lifted: %+v", bought)
	}
}

// metric reads a gauge without labels.
func (w *world) metric(name string) float64 {
	w.Helper()
	families, err := w.registry.Gather()
	w.must(err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	w.Fatalf("there is no metric %s", name)
	return 0
}

// pending creates a pod that has no node.
func (w *world) pending(name, cpu string) {
	w.Helper()
	var p corev1.Pod
	text := fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"default"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":%q}}}]}}`, name, cpu)
	w.must(json.Unmarshal([]byte(text), &p))
	w.must(w.admin.Create(w.Context(), &p))
}

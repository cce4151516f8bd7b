package control

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// lostAnswer is an order that VPSie takes, and whose answer never arrives.
var lostAnswer = vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Status: 0, Effect: "after", Count: 1}

// orderedTwice has a NodeGroup of one node whose machine is ordered twice: VPSie lists the VPS of the first order after a
// minute, and that of the second half a minute later.
func orderedTwice(s *sim) *v1alpha1.NodeGroup {
	s.must(s.fake.SetFaults(lostAnswer))
	g := s.group("web", 1, 1)
	s.run(50 * time.Second)
	if n := s.asked(http.MethodPost); n != 2 {
		s.Fatalf("%d orders were made", n)
	}
	return g
}

func (s *sim) servesOnce(g *v1alpha1.NodeGroup, orders int) {
	s.Helper()
	s.reload(g)
	if n := s.asked(http.MethodPost); n != orders || g.Status.ReadyNodes != 1 || len(s.bills()) != 1 || len(s.vpsieNodes()) != 1 || len(s.broken) > 0 {
		s.Errorf("%d orders were made, %d VPSes run, %d nodes are ready, %v", n, len(s.bills()), g.Status.ReadyNodes, s.broken)
	}
}

func TestVPSThatWasOrderedTwiceIsThereOnce(t *testing.T) {
	for name, knobs := range map[string]vpsietest.Knobs{
		"the first one joins":  {GapMillis: 60_000, BootMillis: 40_000},
		"the second one joins": {GapMillis: 60_000, BootMillis: 40_000, NeverJoin: 1},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, knobs, func(s *sim) {
				g := orderedTwice(s)
				s.replicas, s.due["scheduler"] = 1, s.clock.Now()
				s.run(20 * time.Minute)
				s.servesOnce(g, 2+knobs.NeverJoin)
			})
		})
	}
}

// Both are listed before the VPSieNode has taken one of them.
func TestOfTwoVPSesTheLastOrderedIsTaken(t *testing.T) {
	inSim(t, vpsietest.Knobs{GapMillis: 60_000, BootMillis: 240_000}, func(s *sim) {
		s.flags.SweepInterval, s.flags.SweepGrace = 10*time.Second, 10*time.Second // before either has booted
		s.restart()
		g := orderedTwice(s)
		s.must(s.fake.SetFaults(vpsietest.Fault{Method: http.MethodGet, Status: 500}))
		s.run(2 * time.Minute)
		s.must(s.fake.SetFaults())
		s.run(20 * time.Minute)
		s.servesOnce(g, 2)
		if last := s.fake.Ledger().VMs[1]; last.DeletedAt != nil {
			s.Error("the one whose bootstrap token is left was deleted")
		}
	})
}

// A VPSieNode that goes takes its twin along: it is never gone before its VPSes.
func TestVPSieNodeGoesWithItsTwin(t *testing.T) {
	inSim(t, vpsietest.Knobs{GapMillis: 60_000, BootMillis: 40_000, DeleteMillis: 20_000}, func(s *sim) {
		s.flags.SweepGrace = time.Hour
		s.restart()
		g := orderedTwice(s)
		s.run(2 * time.Minute)
		if n := len(s.bills()); n != 2 {
			s.Fatalf("%d VPSes are there", n)
		}
		s.must(s.admin.Delete(s.ctx, g))
		for range 600 {
			if s.run(time.Second); len(s.vpsieNodes()) == 0 {
				break
			}
		}
		if n, left := len(s.vpsieNodes()), len(s.bills()); n > 0 || left > 0 {
			s.Errorf("%d VPSieNodes are left, and %d VPSes", n, left)
		}
	})
}

func TestTwinsAreOrderedForTheVPSieNode(t *testing.T) {
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-web-abcde", UID: "u1"}, Spec: v1alpha1.VPSieNodeSpec{VPSieInstanceID: 7}}
	for name, tc := range map[string]struct {
		vm   vpsie.VM
		twin bool
	}{
		"its own":                          {vpsie.VM{ID: 7, Hostname: "vpsie-web-abcde"}, false},
		"another of its name":              {vpsie.VM{ID: 8, Hostname: "Vpsie-Web-ABCDE"}, true},
		"a copy, with the mark, elsewhere": {vpsie.VM{ID: 8, Hostname: "copy"}, false},
	} {
		if got := isTwin(&tc.vm, m); got != tc.twin {
			t.Errorf("%s: isTwin = %t", name, got)
		}
	}
	m.Spec.VPSieInstanceID = 0
	if isTwin(&vpsie.VM{ID: 8, Hostname: m.Name}, m) {
		t.Error("a VPSieNode that has taken no VPS yet has a twin")
	}
	c := cloud.New(cloud.Options{ClusterID: "c1"})
	mark := func(cluster, uid string) string {
		return cloud.Mark{ClusterID: cluster, Group: "web", Name: m.Name, UID: uid}.String()
	}
	day := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	sight := &cloud.Sight{VMs: []vpsie.VM{
		{ID: 7, Hostname: m.Name, Notes: mark("c1", "u1"), CreatedAt: day},
		{ID: 9, Hostname: m.Name, Notes: mark("c1", "u0"), CreatedAt: day.Add(time.Hour)},
		{ID: 8, Hostname: m.Name, Notes: mark("c1", "u1"), CreatedAt: day.Add(time.Minute)},
		{ID: 10, Hostname: m.Name, Notes: mark("c2", "u1"), CreatedAt: day.Add(time.Hour)},
		{ID: 11, Hostname: "copy", Notes: mark("c1", "u1"), CreatedAt: day.Add(time.Hour)},
	}}
	if found := orderedFor(c, m, sight); len(found) != 2 || found[0].ID != 8 || found[1].ID != 7 {
		t.Errorf("ordered for it: %v", found)
	}
}

package control

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const america, europe = "dc-us-east-1", "dc-eu-west-1"

// across puts a group into both datacenters of the fake cloud.
func across(g *v1alpha1.NodeGroup) {
	g.Spec.DatacenterID = ""
	g.Spec.Datacenters = []v1alpha1.Datacenter{{ID: america}, {ID: europe}}
	g.Spec.AllowMixedInstances = true
}

func balanced(g *v1alpha1.NodeGroup) { g.Spec.Spread = v1alpha1.SpreadBalanced }

func byType(names ...string) func(*v1alpha1.NodeGroup) {
	return func(g *v1alpha1.NodeGroup) { g.Spec.OfferingIDs = names }
}

// where counts the machines of the group by datacenter.
func (w *world) where() map[string]int {
	found := map[string]int{}
	for _, m := range w.vpsieNodes() {
		if m.DeletionTimestamp.IsZero() && m.Status.Phase != v1alpha1.PhaseFailed {
			found[m.Spec.DatacenterID]++
		}
	}
	return found
}

// A group in several datacenters buys in the one that the plan says, in the same round in the
// other where one has none, and its nodes say where they are.
func TestAGroupBuysInItsDatacenters(t *testing.T) {
	for name, test := range map[string]struct {
		knobs    vpsietest.Knobs
		changes  []func(*v1alpha1.NodeGroup)
		replicas int
		want     map[string]int
		backoff  string
	}{
		"the cheapest":           {knobs: vpsietest.Knobs{Prices: map[string]string{europe + "/" + small: "11.00"}}, replicas: 2, want: map[string]int{europe: 2}},
		"out of stock there":     {knobs: vpsietest.Knobs{Prices: map[string]string{europe + "/" + small: "11.00"}, Stock: map[string]*int{europe + "/" + small: new(1)}}, replicas: 3, want: map[string]int{europe: 1, america: 2}, backoff: europe},
		"balanced":               {changes: []func(*v1alpha1.NodeGroup){balanced}, replicas: 4, want: map[string]int{europe: 2, america: 2}},
		"balanced, much dearer":  {knobs: vpsietest.Knobs{Prices: map[string]string{europe + "/" + small: "14.00"}}, changes: []func(*v1alpha1.NodeGroup){balanced}, replicas: 2, want: map[string]int{america: 2}},
		"sold in one of the two": {knobs: vpsietest.Knobs{Prices: map[string]string{small: "99.00"}}, changes: []func(*v1alpha1.NodeGroup){byType("memory-4cpu-32gb", small)}, replicas: 1, want: map[string]int{america: 1}},
		"by a selector": {
			knobs: vpsietest.Knobs{Prices: map[string]string{america + "/" + small: "13.00"}}, replicas: 1, want: map[string]int{europe: 1},
			changes: []func(*v1alpha1.NodeGroup){func(g *v1alpha1.NodeGroup) {
				g.Spec.OfferingIDs, g.Spec.OfferingSelector = nil, &v1alpha1.OfferingSelector{CPU: &v1alpha1.Range{Min: new(int32(2)), Max: new(int32(2))}, Categories: &v1alpha1.Categories{Include: []string{"Standard"}}}
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inSim(t, test.knobs, func(s *sim) {
				g := s.group("web", 0, 10, append([]func(*v1alpha1.NodeGroup){across}, test.changes...)...)
				s.scale(test.replicas)
				s.run(5 * time.Minute)
				got := s.where()
				if len(got) != len(test.want) || got[europe] != test.want[europe] || got[america] != test.want[america] {
					t.Errorf("machines are in %v, want %v", got, test.want)
				}
				for _, m := range s.vpsieNodes() {
					var n corev1.Node
					s.must(s.store.Get(s.Context(), types.NamespacedName{Name: m.Status.NodeName}, &n))
					if zone := n.Labels[corev1.LabelTopologyZone]; zone != m.Spec.DatacenterID || n.Labels[corev1.LabelTopologyRegion] != zone {
						t.Errorf("node %s, ordered in %s, says %v", n.Name, m.Spec.DatacenterID, n.Labels)
					}
					if !strings.Contains(s.userData[m.Name], "topology.kubernetes.io/zone="+m.Spec.DatacenterID) {
						t.Errorf("the kubelet of %s does not register with its zone", m.Name)
					}
				}
				s.reload(g)
				if want := fmt.Sprintf("%d %s, %d %s", got[america], america, got[europe], europe); g.Status.Datacenters != want {
					t.Errorf("status.datacenters is %q, want %q", g.Status.Datacenters, want)
				}
				if g.Spec.OfferingSelector != nil {
					cheapest := g.Status.Offerings[0]
					if len(g.Status.Offerings) != 2 || cheapest.DatacenterID != europe || cheapest.PricePerMonth != "12.00" {
						t.Errorf("status.offerings is %+v", g.Status.Offerings)
					}
				}
				if e := condition(g.Status.Conditions, v1alpha1.NodeGroupError); e.Status == "True" {
					t.Errorf("Error is %s: %s", e.Reason, e.Message)
				}
				if test.backoff != "" && (len(g.Status.Backoffs) != 1 || g.Status.Backoffs[0].DatacenterID != test.backoff) {
					t.Errorf("back-offs %+v, want one of %s", g.Status.Backoffs, test.backoff)
				}
				s.agrees("", "")
				s.restart()
				s.run(5 * time.Minute)
				if again := s.where(); again[europe] != got[europe] || again[america] != got[america] || len(s.fake.Ledger().VMs) != len(s.bills()) {
					t.Errorf("after a restart machines are in %v, were in %v; %d were bought, %d run", again, got, len(s.fake.Ledger().VMs), len(s.bills()))
				}
			})
		})
	}
}

// What is wrong with one datacenter leaves the others in use, and is told.
func TestOneDatacenterOfSeveralIsWrong(t *testing.T) {
	inSim(t, vpsietest.Knobs{}, func(s *sim) {
		g := s.group("web", 0, 10, across, func(g *v1alpha1.NodeGroup) {
			g.Spec.Datacenters = append([]v1alpha1.Datacenter{{ID: "atlantis"}, {ID: vpsietest.Identifier("datacenter", america)}}, g.Spec.Datacenters...)
		})
		s.scale(2)
		s.run(5 * time.Minute)
		s.reload(g)
		if got := s.where(); got[europe] != 0 || got["atlantis"] != 0 || len(s.bills()) != 2 {
			t.Errorf("machines are in %v, and %d run", got, len(s.bills()))
		}
		e := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if e.Status != "True" || e.Reason != "DatacenterNotFound" || !strings.Contains(e.Message, `spec.datacenters "atlantis" is not an active datacenter`) {
			t.Errorf("Error is %+v", e)
		}
		s.patch(g, `{"spec":{"datacenters":[{"id":"`+vpsietest.Identifier("datacenter", america)+`"},{"id":"`+america+`"}]}}`)
		s.run(time.Minute)
		s.reload(g)
		if e := condition(g.Status.Conditions, v1alpha1.NodeGroupError); !strings.Contains(e.Message, "are one datacenter; remove one of the two") {
			t.Errorf("one datacenter in two names: %+v", e)
		}
	})
}

// Machines that do not arrive in one datacenter stop purchases there, one after another and ever
// longer, and not in the other. A restart forgets nothing of that.
func TestMachinesThatDoNotArriveHoldBackTheirDatacenterAlone(t *testing.T) {
	inSim(t, vpsietest.Knobs{Prices: map[string]string{europe + "/" + small: "11.00"}}, func(s *sim) {
		s.silentIn = europe
		g := s.group("web", 0, 10, across)
		s.scale(4)
		s.run(30 * time.Minute)
		if got := s.where(); got[america] == 0 {
			t.Errorf("machines are in %v: nothing was bought in the other datacenter", got)
		}
		s.reload(g)
		i := slices.IndexFunc(g.Status.Backoffs, func(b v1alpha1.Backoff) bool { return b.Reason == reasonNotArriving })
		if i < 0 || g.Status.Backoffs[i].DatacenterID != europe {
			t.Fatalf("back-offs %+v", g.Status.Backoffs)
		}
		s.agrees("", "")
		s.restart()
		s.run(3 * time.Hour)
		if got := s.where(); got[america] != 4 {
			t.Errorf("machines are in %v, want all four in the datacenter that works", got)
		}
		if bought := len(s.fake.Ledger().VMs); bought > 4+12 {
			t.Errorf("%d machines were bought in 3.5 hours, of which 4 were of use", bought)
		}
	})
}

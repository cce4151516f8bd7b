package control

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// reference applies the reference's example of a VPSieNode, changed, as a person does.
func (w *world) reference(change func(*v1alpha1.VPSieNode)) *v1alpha1.VPSieNode {
	w.Helper()
	text, err := config.FS.ReadFile("samples/vpsienode.yaml")
	w.must(err)
	objects, err := testenv.Objects(text)
	w.must(err)
	m := &v1alpha1.VPSieNode{}
	w.must(w.admin.Scheme().Convert(objects[0], m, nil))
	m.Status = v1alpha1.VPSieNodeStatus{}
	change(m)
	w.must(w.admin.Create(w.Context(), m))
	return m
}

// says waits until the VPSieNode has the phase, the reason of its condition Error and the words in its error.
func (w *world) says(m *v1alpha1.VPSieNode, phase v1alpha1.VPSieNodePhase, reason string, words ...string) {
	w.Helper()
	w.until(time.Second, m.Name+" to say "+reason, func() error {
		w.reload(m)
		c := condition(m.Status.Conditions, v1alpha1.VPSieNodeError)
		if m.Status.Phase != phase || c.Reason != reason || c.Status != metav1.ConditionTrue {
			return fmt.Errorf("it is %s: %+v", m.Status.Phase, c)
		}
		for _, word := range words {
			if !strings.Contains(m.Status.LastError, word) {
				return fmt.Errorf("lastError %q does not say %q", m.Status.LastError, word)
			}
		}
		return nil
	})
}

func (w *world) goes(m *v1alpha1.VPSieNode) {
	w.Helper()
	w.must(w.admin.Delete(w.Context(), m))
	w.until(time.Second, "the end of "+m.Name, func() error {
		if err := w.admin.Get(w.Context(), client.ObjectKeyFromObject(m), m); !apierrors.IsNotFound(err) {
			return errors.Join(errNotYet, err)
		}
		return nil
	})
}

// Two VPSieNodes name one VPS: the first keeps it, the second says whose it is, counts for
// nothing, writes nothing to the node, and deletes nothing when it is deleted.
func TestAVPSHasOneOwner(t *testing.T) {
	for name, launchReason := range map[string]string{"the reference's example": "", "a copy of an ordered one": "MinNodes"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			g := w.group("owned", 1, 3, func(g *v1alpha1.NodeGroup) { g.Spec.Labels = map[string]string{"team": "web"} })
			other := w.group("production-workers", 0, 3, func(g *v1alpha1.NodeGroup) { g.Spec.Labels = map[string]string{"team": "prod"} })
			owner := w.ready(g, 1)[0]
			node := w.node(owner.Status.NodeName)
			dup := w.reference(func(m *v1alpha1.VPSieNode) {
				m.Spec.VPSieInstanceID, m.Spec.NodeName = owner.Spec.VPSieInstanceID, node.Name
				if launchReason != "" {
					m.Annotations = map[string]string{v1alpha1.AnnotationLaunchReason: launchReason}
				}
			})
			why := fmt.Sprintf("DuplicateInstance: VPS %d belongs to VPSieNode %s", owner.Spec.VPSieInstanceID, owner.Name)
			w.says(dup, v1alpha1.PhaseFailed, "DuplicateInstance", why)
			w.after(10*time.Second, time.Second)
			if n := w.heard("DuplicateInstance "+dup.Name, why); n != 1 {
				t.Errorf("it was told %d times, want once", n)
			}
			if again := w.node(node.Name); again.ResourceVersion != node.ResourceVersion {
				t.Errorf("the node was written: %v, before %v", again.Labels, node.Labels)
			}
			for group, want := range map[*v1alpha1.NodeGroup]int32{g: 1, other: 0} {
				if w.reload(group); group.Status.CurrentNodes != want {
					t.Errorf("NodeGroup %s has %d nodes, want %d", group.Name, group.Status.CurrentNodes, want)
				}
			}
			w.goes(dup)
			w.after(3*time.Second, time.Second)
			if left := w.ready(g, 1)[0]; left.UID != owner.UID {
				t.Errorf("the owner is %s now, was %s", left.Name, owner.Name)
			}
			if again := w.node(node.Name); again.Spec.Unschedulable || again.UID != node.UID {
				t.Errorf("the node was touched: %+v", again.Spec)
			}
			if all := w.fake.Ledger().VMs; len(all) != 1 || all[0].DeletedAt != nil {
				t.Errorf("VPSes: %+v", all)
			}
		})
	}
}

// A person named the VPS before it was there; it is the one's that ordered it all the same.
func TestAnOrderedVPSBelongsToItsOrder(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	early := w.reference(func(m *v1alpha1.VPSieNode) { m.Spec.VPSieInstanceID = 1001 })
	w.group("production-workers", 0, 3)
	w.turn(time.Second)
	g := w.group("ordering", 1, 2)
	owner := w.ready(g, 1)[0]
	if owner.Spec.VPSieInstanceID != 1001 {
		t.Fatalf("the fake cloud's first VPS is %d", owner.Spec.VPSieInstanceID)
	}
	w.says(early, v1alpha1.PhaseFailed, "DuplicateInstance", "belongs to VPSieNode "+owner.Name)
	w.goes(early)
	if bills := w.fake.Ledger().VMs; len(bills) != 1 || bills[0].DeletedAt != nil {
		t.Errorf("VPSes: %+v", bills)
	}
}

// When the owner's object is gone while the VPS stays, the next one owns it.
func TestADuplicateFollowsAnOwnerThatIsGone(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("following", 0, 3)
	vm, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "handmade", Plan: small, Datacenter: "dc-us-east-1"})
	w.must(err)
	adopter := func(name string) *v1alpha1.VPSieNode {
		return w.reference(func(m *v1alpha1.VPSieNode) {
			m.Name, m.Spec.VPSieInstanceID, m.Spec.InstanceType, m.Spec.NodeGroupName, m.Spec.NodeName = name, int64(vm.ID), small, g.Name, ""
		})
	}
	first, second := adopter("a-first"), adopter("b-second")
	w.says(second, v1alpha1.PhaseFailed, "DuplicateInstance", "belongs to VPSieNode a-first")
	w.until(time.Second, "the first to be ready", func() error {
		if w.reload(first); first.Status.Phase != v1alpha1.PhaseReady {
			return errNotYet
		}
		return nil
	})
	w.patch(first, `{"metadata":{"finalizers":null}}`)
	w.must(w.admin.Delete(t.Context(), first))
	w.until(time.Second, "the second to take over", func() error {
		w.reload(second)
		if second.Status.Phase != v1alpha1.PhaseReady {
			return fmt.Errorf("it is %s: %s", second.Status.Phase, second.Status.LastError)
		}
		return nil
	})
	if len(w.bills()) != 1 {
		t.Errorf("VPSes: %+v", w.bills())
	}
}

// Two VPSieNodes of two VPSes name one Kubernetes node. The node's machine goes on; the
// other one is told whose the node is, and its deletion leaves the node alone.
func TestANodeHasOneOwner(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("one-node", 1, 3)
	owner := w.ready(g, 1)[0]
	node := w.node(owner.Status.NodeName)
	vm, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "silent", Plan: small, Datacenter: "dc-us-east-1"})
	w.must(err)
	w.until(time.Second, "the second VPS's node", func() error {
		return w.admin.Get(t.Context(), client.ObjectKey{Name: "silent"}, &corev1.Node{})
	})
	w.must(w.admin.Delete(t.Context(), w.node("silent")))
	m := w.reference(func(m *v1alpha1.VPSieNode) {
		m.Spec.VPSieInstanceID, m.Spec.InstanceType, m.Spec.NodeGroupName, m.Spec.NodeName = int64(vm.ID), small, g.Name, node.Name
	})
	w.says(m, v1alpha1.PhaseProvisioned, "NodeUnclear", "node "+node.Name+" belongs to VPSieNode "+owner.Name)
	w.goes(m)
	if again := w.node(node.Name); again.ResourceVersion != node.ResourceVersion {
		t.Errorf("the node was written to: %+v", again.Spec)
	}
	if left := w.ready(g, 1)[0]; left.UID != owner.UID || len(w.bills()) != 1 {
		t.Errorf("left are %s and %+v", left.Name, w.bills())
	}
}

// A number that is no VPS's is told as that, not as a VPS that is gone.
func TestAVPSThatNeverWasIsNotGone(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("adopting", 0, 5)
	m := w.reference(func(m *v1alpha1.VPSieNode) {
		m.Name = "misguided"
		m.Spec = v1alpha1.VPSieNodeSpec{VPSieInstanceID: 99_999, InstanceType: small, NodeGroupName: g.Name, DatacenterID: "dc-us-east-1"}
	})
	w.says(m, v1alpha1.PhaseFailed, "ProvisioningFailed", "VPS not found")
	w.after(time.Hour, 10*time.Minute)
	w.says(m, v1alpha1.PhaseFailed, "ProvisioningFailed", "VPS not found")
	if w.heard("VPSGone") > 0 {
		t.Errorf("events of %q", w.events)
	}
}

// What a person says of a VPS is held against the VPS before anything is done with it.
func TestAdoptionIsVerified(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("adopting", 0, 5)
	n := 0
	adopt := func(notes string, change func(*v1alpha1.VPSieNodeSpec)) (*v1alpha1.VPSieNode, vpsietest.Machine) {
		n++
		vm, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: fmt.Sprintf("handmade-%d", n), Plan: small, Datacenter: "dc-us-east-1", Notes: notes})
		w.must(err)
		return w.reference(func(m *v1alpha1.VPSieNode) {
			m.Name = fmt.Sprintf("adopter-%d", n)
			m.Spec = v1alpha1.VPSieNodeSpec{VPSieInstanceID: int64(vm.ID), InstanceType: small, NodeGroupName: g.Name, DatacenterID: "dc-us-east-1"}
			change(&m.Spec)
		}), vm
	}
	for name, test := range map[string]struct {
		notes  string
		change func(*v1alpha1.VPSieNodeSpec)
		words  []string
	}{
		"type":          {"", func(s *v1alpha1.VPSieNodeSpec) { s.InstanceType = medium }, []string{"2 CPUs, 4096 MB of memory", small, "while " + medium + " has 4, 8192"}},
		"no such type":  {"", func(s *v1alpha1.VPSieNodeSpec) { s.InstanceType = "huge" }, []string{"2 CPUs", "no instance type huge"}},
		"datacenter":    {"", func(s *v1alpha1.VPSieNodeSpec) { s.DatacenterID = "dc-eu-west-1" }, []string{"in datacenter dc-us-east-1, not dc-eu-west-1"}},
		"no datacenter": {"", func(s *v1alpha1.VPSieNodeSpec) { s.DatacenterID = "nowhere" }, []string{"Datacenter not found", "nowhere"}},
		"another group": {"vpsie-autoscaler/test/elsewhere/x/y", func(*v1alpha1.VPSieNodeSpec) {}, []string{"ordered for NodeGroup elsewhere, not adopting"}},
		"cluster":       {"vpsie-autoscaler/another/adopting/x/y", func(*v1alpha1.VPSieNodeSpec) {}, []string{"another cluster's autoscaler (cluster ID another)"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, vm := adopt(test.notes, test.change)
			w.says(m, v1alpha1.PhaseFailed, "AdoptionRefused", append(test.words, fmt.Sprint("VPS ", vm.ID))...)
			if w.heard("AdoptionRefused "+m.Name) != 1 {
				t.Error("it is not told by one event")
			}
			if node := w.node(vm.Hostname); node.Labels[v1alpha1.LabelNodeGroup] != "" || node.Labels[v1alpha1.LabelInstanceType] != "" {
				t.Errorf("the node is labelled: %v", node.Labels)
			}
			w.goes(m)
			if w.node(vm.Hostname).Spec.Unschedulable {
				t.Error("the node was drained")
			}
			for _, b := range w.fake.Ledger().VMs {
				if b.ID == vm.ID && b.DeletedAt != nil {
					t.Error("the VPS was deleted")
				}
			}
		})
	}
	m, _ := adopt("made by hand", func(s *v1alpha1.VPSieNodeSpec) { s.NodeGroupName = "later" })
	w.says(m, v1alpha1.PhaseProvisioning, reasonNoNodeGroup, "no NodeGroup later")
	w.ready(w.group("later", 0, 2), 1)
	if w.heard("VPSAdopted "+m.Name, "2 CPUs", "NodeGroup later") != 1 {
		t.Error("what was adopted is not told")
	}
}

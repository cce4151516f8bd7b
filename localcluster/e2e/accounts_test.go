package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Two autoscalers with different cluster identities share an account, each with a VPS that no VPSieNode stands for.
func TestTwoClustersInOneAccount(t *testing.T) {
	east := startController(t)
	east.awaitReady(t)
	west := startControllerIn(t, newNamespace(t, "west"), "--cluster-id=west")
	west.awaitReady(t)
	easts, wests := newGroup("east", 1, 2), newGroup("west", 1, 2)
	wests.Namespace = west.namespace
	defer east.clear(t, easts)
	defer west.clear(t, wests)
	create(t, easts)
	create(t, wests)
	east.awaitNodes(t, easts, 1)
	west.awaitNodes(t, wests, 1)
	machine := machinesOf(t, wests)[0]

	// A third cluster's autoscaler does not run, so whatever happens to its VPS is the doing of these two.
	third := addVM(t, "vpsie-third-aaaaa", markOf("third"))
	east.sweeps(t, clusterID(t))
	west.sweeps(t, "west")
	remove(t, easts)
	east.await(t, "the end of the first cluster's NodeGroup", func() error { return left(t, easts) })
	east.sweeps(t, clusterID(t))

	west.awaitNodes(t, wests, 1)
	if got := machinesOf(t, wests); len(got) != 1 || got[0].UID != machine.UID {
		t.Errorf("the second cluster has the VPSieNodes %v, want %s as before", got, machine.Name)
	}
	if bills := billsOf(wests); len(bills) != 1 || bills[0].DeletedAt != nil || int64(bills[0].ID) != machine.Spec.VPSieInstanceID {
		t.Errorf("the second cluster's VPSes are %+v, want the one of %s as before", bills, machine.Name)
	}
	third.mustRun(t)
}

func TestForeignVPSIsNeverTouched(t *testing.T) {
	c := startController(t)
	c.awaitReady(t)
	foreign := []*vm{
		addVM(t, "vpsie-foreign-aaaaa", ""),
		addVM(t, "VPSIE-FOREIGN-bbbbb", "the shop's database"),
		addVM(t, "vpsie-foreign-ccccc", "vpsie-autoscaler/"+clusterID(t)),
		addVM(t, "vpsie-foreign-ddddd", markOf("another-cluster")),
	}
	g := newGroup("foreign", 1, 2)
	defer c.clear(t)
	create(t, g)
	c.awaitNodes(t, g, 1)
	if bills := billsOf(g); len(bills) != 1+3 { // of the foreign ones, one is not spelled in this way
		t.Errorf("VPSes of the NodeGroup's name pattern are %+v, want 3 foreign ones and one that was bought", bills)
	}
	c.sweeps(t, clusterID(t))
	c.refusesForeign(t, g, foreign[1])
	remove(t, g)
	c.await(t, "the end of the NodeGroup", func() error {
		var now v1alpha1.NodeGroup
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(g), &now); !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("it is still there"), err)
		}
		return nil
	})
	c.sweeps(t, clusterID(t))
	for _, f := range foreign {
		f.mustRun(t)
	}
	if bills := running(billsOf(g)); len(bills) != 3 {
		t.Errorf("%+v are left, want the foreign ones alone", bills)
	}
}

// refusesForeign has the autoscaler decide on a machine of a name that a foreign VPS bears already.
func (c *controller) refusesForeign(t *testing.T, g *v1alpha1.NodeGroup, foreign *vm) {
	t.Helper()
	w := newWitness(t)
	m := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{
			Name: strings.ToLower(foreign.Hostname), Namespace: c.namespace, Finalizers: []string{v1alpha1.Finalizer},
			Annotations: map[string]string{v1alpha1.AnnotationLaunchReason: "MinNodes"},
		},
		Spec: v1alpha1.VPSieNodeSpec{InstanceType: small, NodeGroupName: g.Name, DatacenterID: g.Spec.DatacenterID},
	}
	if err := autoscaler(t).Create(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	c.await(t, "the refusal of the foreign VPS", func() error {
		return w.heard(warning("VPSieNode "+m.Name, "ProvisioningFailed", "not ordered by this cluster"))
	})
	foreign.mustRun(t)
	// Not before its name is free again can the machine be told to be gone.
	if err := shared.Cloud.Act(foreign.Identifier, "destroy"); err != nil {
		t.Fatal(err)
	}
	foreign.destroyed = true
	c.await(t, "the refused VPSieNode to be gone", func() error {
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(m), m); !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("it is still there"), err)
		}
		return nil
	})
}

// A person names an existing VPS, whose node is in the cluster already, in a VPSieNode.
func TestAdoption(t *testing.T) {
	c := startController(t)
	c.awaitReady(t)
	defer c.clear(t)
	g := newGroup("adopting", 0, 2)
	g.Spec.ScaleDownPolicy.Enabled = new(false)
	create(t, g)
	own := addVM(t, "handmade", "made by hand")
	c.await(t, "the node of the VPS", func() error {
		return shared.client.Get(t.Context(), client.ObjectKey{Name: "handmade"}, &corev1.Node{})
	})
	c.sweeps(t, clusterID(t))
	own.mustRun(t)

	m := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{Name: "adopted", Namespace: c.namespace},
		Spec: v1alpha1.VPSieNodeSpec{
			VPSieInstanceID: int64(own.ID), InstanceType: small, NodeGroupName: g.Name, DatacenterID: g.Spec.DatacenterID,
		},
	}
	create(t, m)
	c.awaitNodes(t, g, 1)
	work := newDeployment("adopting", g.Name, 1)
	create(t, work)
	c.await(t, "the pod to run on the adopted node", func() error { return podsRun(t, "adopting", 1) })
	if bills := billsOf(g); len(bills) != 0 {
		t.Errorf("bought %+v, want none: the adopted VPS serves", bills)
	}
	c.await(t, "the VPSieNode to tell of its VPS", func() error {
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(m), m); err != nil {
			return err
		}
		if m.Status.Phase != v1alpha1.PhaseReady || m.Status.NodeName != "handmade" || m.Spec.IPAddress != own.IPv4 || m.Labels[v1alpha1.LabelParent] != g.Name {
			return fmt.Errorf("it is %+v", m)
		}
		return nil
	})
	remove(t, work)
	remove(t, m)
	c.await(t, "the adopted VPS to be gone", func() error {
		if own.bill(t).DeletedAt == nil {
			return errors.New("it is still there")
		}
		return nil
	})

	c.adoptsNothing(t, g)
}

// adoptsNothing names a VPS that is not there.
func (c *controller) adoptsNothing(t *testing.T, g *v1alpha1.NodeGroup) {
	t.Helper()
	w := newWitness(t)
	m := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{Name: "misguided", Namespace: c.namespace},
		Spec:       v1alpha1.VPSieNodeSpec{VPSieInstanceID: 987654, InstanceType: small, NodeGroupName: g.Name, DatacenterID: g.Spec.DatacenterID},
	}
	create(t, m)
	c.await(t, "the missing VPS to be told", func() error {
		return w.heard(
			condition("VPSieNode misguided", v1alpha1.VPSieNodeError, "ProvisioningFailed", "VPS not found"),
			warning("VPSieNode misguided", "ProvisioningFailed", "VPS not found"))
	})
	c.sweeps(t, clusterID(t))
	if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(m), m); err != nil || m.Status.Phase != v1alpha1.PhaseFailed {
		t.Errorf("what a person made is in %s (%v), want Failed until the person acts", m.Status.Phase, err)
	}
	remove(t, m)
	c.await(t, "the VPSieNode to be gone", func() error {
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(m), m); !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("it is still there"), err)
		}
		return nil
	})
}

// A vm is one that no autoscaler has ordered.
type vm struct {
	vpsietest.Machine
	destroyed bool
}

func addVM(t *testing.T, hostname, notes string) *vm {
	t.Helper()
	m, err := shared.Cloud.AddVM(vpsietest.VMSpec{Hostname: hostname, Plan: small, Datacenter: "dc-us-east-1", Notes: notes})
	if err != nil {
		t.Fatal(err)
	}
	v := &vm{Machine: m}
	t.Cleanup(func() {
		_ = shared.Cloud.Act(m.Identifier, "destroy") // fails when it is gone, as it may be
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: strings.ToLower(hostname)}}
		_ = shared.client.Delete(context.WithoutCancel(t.Context()), node)
	})
	return v
}

func (v *vm) bill(t *testing.T) bill {
	t.Helper()
	bills := shared.Cloud.Ledger().VMs
	i := slices.IndexFunc(bills, func(b bill) bool { return b.Identifier == v.Identifier })
	if i < 0 {
		t.Fatalf("the ledger does not know VPS %s", v.Hostname)
	}
	return bills[i]
}

// mustRun fails the test when somebody has deleted the VPS, except the test itself.
func (v *vm) mustRun(t *testing.T) {
	t.Helper()
	if b := v.bill(t); b.DeletedAt != nil && !v.destroyed {
		t.Errorf("VPS %s (notes %q) was deleted", v.Hostname, b.Notes)
	}
}

// sweeps puts a VPS with the cluster's mark, but without a VPSieNode, into the account, and waits until the controller
// has deleted it: then it has had every occasion to delete others, too.
func (c *controller) sweeps(t *testing.T, cluster string) {
	t.Helper()
	stray := addVM(t, "stray", markOf(cluster))
	c.await(t, "the stray VPS to be swept", func() error {
		if stray.bill(t).DeletedAt == nil {
			return errors.New("it is still there")
		}
		return nil
	})
}

// markOf is what a cluster's autoscaler writes into the notes of its VPSes.
func markOf(cluster string) string {
	return "vpsie-autoscaler/" + cluster + "/gone/vpsie-gone-aaaaa/00000000-0000-4000-8000-000000000000"
}

// clusterID is the identity of the cluster unless a flag gives another.
func clusterID(t *testing.T) string {
	t.Helper()
	var system corev1.Namespace
	if err := shared.client.Get(t.Context(), client.ObjectKey{Name: metav1.NamespaceSystem}, &system); err != nil {
		t.Fatal(err)
	}
	return string(system.UID)
}

// autoscaler is a client that the API server takes for the autoscaler.
func autoscaler(t *testing.T) client.Client {
	t.Helper()
	as := shared.Cluster.Config()
	as.Impersonate.UserName = config.User
	as.Impersonate.Groups = []string{"system:authenticated", "system:serviceaccounts:" + config.Namespace}
	c, err := client.New(as, client.Options{Scheme: shared.client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

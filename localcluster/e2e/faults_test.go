package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/localcluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// The reference's error texts ("Error Codes").
const (
	errMinMax     = "MinNodes exceeds MaxNodes"
	errAuth       = "VPSie API authentication failed"
	errDatacenter = "Datacenter not found"
	errOffering   = "Instance type not available"
	errMaxNodes   = "Maximum nodes reached"
	errJoin       = "Node join timeout"
	errQuota      = "Insufficient VPSie quota"
)

// faults is what the tests of faults share.
type faults struct {
	*controller
	*witness
}

// TestFaultsAreToldInTheReferencesWords spoils one thing after another, and mends it. All along the controllers stay up.
// What mends by the passing of time alone has a controller of its own, which nothing else disturbs, and is looked at
// last.
func TestFaultsAreToldInTheReferencesWords(t *testing.T) {
	w := newWitness(t)
	f := &faults{startController(t, "--drain-retry=2s"), w}
	patient := &faults{startControllerIn(t, newNamespace(t, "patient"), "--cluster-id=patient", "--join-timeout=10s"), w}
	f.awaitReady(t)
	patient.awaitReady(t)
	defer f.clear(t)
	defer patient.clear(t)
	neverJoins := patient.machineThatNeverJoins(t)
	quota := patient.quota(t)
	stock := patient.outOfStock(t)
	f.accounts(t)
	t.Run("wrong account password", f.wrongPassword)
	t.Run("refused orders", f.refusedOrders)
	t.Run("groups", f.groups)
	t.Run("machine that never joins is replaced", func(t *testing.T) {
		patient.await(t, "the failure to be told", func() error {
			return w.heard(
				condition(machinesAre(neverJoins), v1alpha1.VPSieNodeError, "JoinFailed", errJoin),
				warning(machinesAre(neverJoins), "JoinFailed", errJoin))
		})
		patient.mended(t, neverJoins)
	})
	t.Run("raised quota is used", func(t *testing.T) { patient.mended(t, quota) })
	t.Run("new stock is used", func(t *testing.T) { patient.mended(t, stock) })
}

func machinesAre(g *v1alpha1.NodeGroup) string { return "VPSieNode " + hostnames(g) }
func groupIs(g *v1alpha1.NodeGroup) string     { return "NodeGroup " + g.Name }

// group creates a NodeGroup that is deleted when the test ends.
func (f *faults) group(t *testing.T, g *v1alpha1.NodeGroup) *v1alpha1.NodeGroup {
	t.Helper()
	g.Namespace = f.namespace
	create(t, g)
	t.Cleanup(func() {
		if err := shared.client.Delete(context.WithoutCancel(t.Context()), g); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	})
	return g
}

// mended waits until the group does what it is there for.
func (f *faults) mended(t *testing.T, g *v1alpha1.NodeGroup) {
	t.Helper()
	f.awaitNodes(t, g, max(1, g.Spec.MinNodes))
	f.await(t, "the NodeGroup to be content", func() error {
		var now v1alpha1.NodeGroup
		if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(g), &now); err != nil {
			return err
		}
		if meta(now.Status.Conditions, v1alpha1.NodeGroupError) != metav1.ConditionFalse || meta(now.Status.Conditions, v1alpha1.NodeGroupReady) != metav1.ConditionTrue {
			return errors.New(told(now.Status.Conditions))
		}
		return nil
	})
}

// knobs changes how the cloud behaves.
func knobs(t *testing.T, body string) {
	t.Helper()
	if err := shared.Cloud.PatchKnobs([]byte(body)); err != nil {
		t.Fatal(err)
	}
}

func (f *faults) machineThatNeverJoins(t *testing.T) *v1alpha1.NodeGroup {
	t.Helper()
	knobs(t, `{"neverJoin":1}`)
	defer knobs(t, `{"neverJoin":0}`)
	g := f.group(t, newGroup("never-joins", 1, 2))
	f.await(t, "the machine that will not join", func() error {
		if len(billsOf(g)) == 0 {
			return errors.New("it is not ordered yet")
		}
		return nil
	})
	return g
}

func (f *faults) quota(t *testing.T) *v1alpha1.NodeGroup {
	t.Helper()
	g := newGroup("quota", 1, 2)
	g.Spec.OfferingIDs = []string{medium}
	knobs(t, `{"quota":1}`)
	defer knobs(t, `{"quota":0}`)
	f.group(t, g)
	f.await(t, "the quota to be told", func() error {
		return f.heard(
			condition(groupIs(g), v1alpha1.NodeGroupError, "QuotaExceeded", errQuota),
			warning(groupIs(g), "ProvisioningFailed", errQuota),
			warning(machinesAre(g), "ProvisioningFailed", errQuota))
	})
	return g
}

func (f *faults) outOfStock(t *testing.T) *v1alpha1.NodeGroup {
	t.Helper()
	g := newGroup("stock", 1, 2)
	g.Spec.OfferingIDs = []string{"large-8cpu-16gb"}
	knobs(t, `{"stock":{"large-8cpu-16gb":0}}`)
	defer knobs(t, `{"stock":{"large-8cpu-16gb":null}}`)
	f.group(t, g)
	f.await(t, "the lack of stock to be told", func() error {
		return f.heard(
			condition(groupIs(g), v1alpha1.NodeGroupError, "OutOfStock", errOffering),
			warning(groupIs(g), "ProvisioningFailed", errOffering),
			warning(machinesAre(g), "ProvisioningFailed", errOffering))
	})
	return g
}

// accounts spoils the Secret, and corrects it.
func (f *faults) accounts(t *testing.T) {
	t.Helper()
	ports, err := localcluster.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		changes                   map[string]string
		reason, text, eventReason string
	}{
		"wrong token":        {map[string]string{"token": "wrong"}, "AuthenticationFailed", errAuth, "InvalidConfiguration"},
		"no token":           {map[string]string{"token": ""}, "AccountNotUsable", errAuth, "InvalidConfiguration"},
		"unreachable":        {map[string]string{"url": fmt.Sprintf("http://127.0.0.1:%d", ports[0])}, "VPSieUnreachable", "VPSie API not reachable", "ProvisioningFailed"},
		"no accountPassword": {map[string]string{"accountPassword": ""}, "AccountNotUsable", errAuth, "InvalidConfiguration"},
	} {
		t.Run(name, func(t *testing.T) {
			setAccount(t, f.namespace, with(f.account(), test.changes))
			defer setAccount(t, f.namespace, f.account())
			g := f.group(t, newGroup(strings.ToLower(strings.ReplaceAll(name, " ", "-")), 1, 2))
			f.await(t, "the fault to be told", func() error {
				return f.heard(
					condition(groupIs(g), v1alpha1.NodeGroupError, test.reason, test.text),
					warning(groupIs(g), test.eventReason, test.text))
			})
			if bills := billsOf(g); len(bills) > 0 {
				t.Errorf("bought all the same: %+v", bills)
			}
			setAccount(t, f.namespace, f.account())
			f.mended(t, g)
		})
	}
}

// wrongPassword is told when it is set, before a deletion or a purchase needs it.
func (f *faults) wrongPassword(t *testing.T) {
	f.clear(t) // No deletion may be under way but those that are counted.
	g := f.group(t, newGroup("password", 2, 2))
	f.mended(t, g)
	doomed := machinesOf(t, g)
	f.gate.arm()
	setAccount(t, f.namespace, with(f.account(), map[string]string{"accountPassword": "wrong"}))
	defer setAccount(t, f.namespace, f.account())
	f.await(t, "the wrong password to be told before it is needed", func() error {
		return f.heard(condition(groupIs(g), v1alpha1.NodeGroupError, "AccountNotUsable", errAuth))
	})
	for i := range doomed {
		remove(t, &doomed[i])
	}
	f.await(t, "the wrong password to be told", func() error {
		return f.heard(
			condition("VPSieNode "+doomed[0].Name, v1alpha1.VPSieNodeError, "AuthenticationFailed", errAuth),
			condition("VPSieNode "+doomed[1].Name, v1alpha1.VPSieNodeError, "AuthenticationFailed", errAuth),
			condition(groupIs(g), v1alpha1.NodeGroupError, "AccountNotUsable", errAuth),
			warning(groupIs(g), "InvalidConfiguration", errAuth))
	})
	patch(t, g, `{"spec":{"maxNodes":4}}`)
	f.rest(t, g)
	if bought := billsOf(g); len(bought) != 2 || len(running(bought)) != 2 {
		t.Errorf("the cloud has %+v, want the two VPSes that cannot be deleted and no other", bought)
	}
	if n := f.gate.asked(passwordTrial) + f.requests("DELETE vm"); n != 1 {
		t.Errorf("the wrong password was tried %d times, which locks accounts", n)
	}
	setAccount(t, f.namespace, f.account())
	f.await(t, "the deletion that was asked for", func() error {
		for _, b := range running(billsOf(g)) {
			if b.Hostname == doomed[0].Name || b.Hostname == doomed[1].Name {
				return fmt.Errorf("%s still runs", b.Hostname)
			}
		}
		return nil
	})
	f.mended(t, g)
}

// refusedOrders has the API accept the credentials for everything but orders.
func (f *faults) refusedOrders(t *testing.T) {
	if err := shared.Cloud.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: orders, Status: http.StatusUnauthorized}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shared.Cloud.SetFaults() }()
	began := time.Now()
	f.gate.arm()
	g := f.group(t, newGroup("refused", 1, 2))
	f.await(t, "the refusal to be told", func() error {
		return f.heard(
			condition(machinesAre(g), v1alpha1.VPSieNodeError, "AuthenticationFailed", errAuth),
			warning(machinesAre(g), "ProvisioningFailed", errAuth))
	})
	f.rest(t, g)
	const between = 5 * time.Second // two tries
	if n := f.requests("POST vm"); n > 1+int(time.Since(began)/between) {
		t.Errorf("the order was placed %d times", n)
	}
	if err := shared.Cloud.SetFaults(); err != nil {
		t.Fatal(err)
	}
	f.mended(t, g)
}

// requests ends the count of this controller's steps, and says how many were of that kind.
func (f *faults) requests(what string) int {
	steps, _ := f.gate.disarm()
	return len(slices.DeleteFunc(steps, func(s step) bool { return s.what != what }))
}

// rest gives the controller the time to do again what it does too often: as long as it takes to give up a VPS that is
// not there.
func (f *faults) rest(t *testing.T, g *v1alpha1.NodeGroup) {
	t.Helper()
	m := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "rest-", Namespace: f.namespace},
		Spec:       v1alpha1.VPSieNodeSpec{VPSieInstanceID: 987654, InstanceType: small, NodeGroupName: g.Name, DatacenterID: g.Spec.DatacenterID},
	}
	create(t, m)
	f.await(t, "a missing VPS to be given up", func() error {
		return f.heard(condition("VPSieNode "+m.Name, v1alpha1.VPSieNodeError, "ProvisioningFailed", "VPS not found"))
	})
	remove(t, m)
}

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
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

// TestFaultsAreToldInTheReferencesWords spoils one thing after another, and mends it. All along one controller runs and
// stays up. What mends by the passing of time is left to itself and looked at last.
func TestFaultsAreToldInTheReferencesWords(t *testing.T) {
	f := &faults{startController(t, "--join-timeout=10s", "--drain-retry=2s"), newWitness(t)}
	f.awaitReady(t)
	defer f.clear(t)
	f.accounts(t)
	t.Run("wrong account password", f.wrongPassword)
	t.Run("refused orders", f.refusedOrders)
	neverJoins := f.machineThatNeverJoins(t)
	quota := f.quota(t)
	stock := f.outOfStock(t)
	t.Run("groups", f.groups)
	t.Run("machine that never joins is replaced", func(t *testing.T) {
		f.await(t, "the failure to be told", func() error {
			return f.heard(
				condition(machinesAre(neverJoins), v1alpha1.VPSieNodeError, "JoinFailed", errJoin),
				warning(machinesAre(neverJoins), "JoinFailed", errJoin))
		})
		f.mended(t, neverJoins)
	})
	t.Run("raised quota is used", func(t *testing.T) { f.mended(t, quota) })
	t.Run("new stock is used", func(t *testing.T) { f.mended(t, stock) })
}

func machinesAre(g *v1alpha1.NodeGroup) string { return "VPSieNode " + hostnames(g) }
func groupIs(g *v1alpha1.NodeGroup) string     { return "NodeGroup " + g.Name }

// group creates a NodeGroup that is deleted when the test ends.
func (f *faults) group(t *testing.T, g *v1alpha1.NodeGroup) *v1alpha1.NodeGroup {
	t.Helper()
	create(t, g)
	t.Cleanup(func() { f.end(t, g) })
	return g
}

// end deletes a NodeGroup and sees to it that no later test meets what is left of it.
func (f *faults) end(t *testing.T, g *v1alpha1.NodeGroup) {
	ctx := context.WithoutCancel(t.Context())
	if err := client.IgnoreNotFound(shared.client.Delete(ctx, g)); err != nil {
		t.Error(err)
	}
}

// mended waits until the group does what it is there for.
func (f *faults) mended(t *testing.T, g *v1alpha1.NodeGroup) {
	t.Helper()
	f.awaitNodes(t, g, 1)
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
	g.Spec.OfferingIDs = []string{"medium-4cpu-8gb"}
	knobs(t, `{"quota":1}`)
	f.group(t, g)
	f.await(t, "the quota to be told", func() error {
		return f.heard(
			condition(groupIs(g), v1alpha1.NodeGroupError, "QuotaExceeded", errQuota),
			warning(groupIs(g), "ProvisioningFailed", errQuota),
			warning(machinesAre(g), "ProvisioningFailed", errQuota))
	})
	knobs(t, `{"quota":0}`)
	return g
}

func (f *faults) outOfStock(t *testing.T) *v1alpha1.NodeGroup {
	t.Helper()
	g := newGroup("stock", 1, 2)
	g.Spec.OfferingIDs = []string{"large-8cpu-16gb"}
	knobs(t, `{"stock":{"large-8cpu-16gb":0}}`)
	f.group(t, g)
	f.await(t, "the lack of stock to be told", func() error {
		return f.heard(
			condition(groupIs(g), v1alpha1.NodeGroupError, "OutOfStock", errOffering),
			warning(groupIs(g), "ProvisioningFailed", errOffering),
			warning(machinesAre(g), "ProvisioningFailed", errOffering))
	})
	knobs(t, `{"stock":{"large-8cpu-16gb":null}}`)
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

// wrongPassword shows at the first deletion only: VPSie asks for it nowhere else.
func (f *faults) wrongPassword(t *testing.T) {
	g := f.group(t, newGroup("password", 1, 2))
	f.mended(t, g)
	setAccount(t, f.namespace, with(f.account(), map[string]string{"accountPassword": "wrong"}))
	defer setAccount(t, f.namespace, f.account())
	doomed := machinesOf(t, g)[0]
	asked := requests(http.MethodDelete)
	remove(t, &doomed)
	f.await(t, "the wrong password to be told", func() error {
		return f.heard(
			condition("VPSieNode "+doomed.Name, v1alpha1.VPSieNodeError, "AuthenticationFailed", errAuth),
			condition(groupIs(g), v1alpha1.NodeGroupError, "AccountNotUsable", errAuth),
			warning(groupIs(g), "InvalidConfiguration", errAuth))
	})
	if alive := running(billsOf(g)); len(alive) != 1 || alive[0].Hostname != doomed.Name {
		t.Errorf("the cloud has %+v, want the VPS that cannot be deleted and no other", alive)
	}
	f.rest(t)
	if again := requests(http.MethodDelete) - asked; again != 1 {
		t.Errorf("the wrong password was tried %d times, which locks accounts", again)
	}
	setAccount(t, f.namespace, f.account())
	f.mended(t, g)
	if alive := running(billsOf(g)); len(alive) != 1 || alive[0].Hostname == doomed.Name {
		t.Errorf("the cloud has %+v, want one VPS in the place of the deleted one", alive)
	}
}

// refusedOrders has the API accept the credentials for everything but orders.
func (f *faults) refusedOrders(t *testing.T) {
	if err := shared.Cloud.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: orders, Status: http.StatusUnauthorized}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shared.Cloud.SetFaults() }()
	asked := requests(http.MethodPost)
	g := f.group(t, newGroup("refused", 1, 2))
	f.await(t, "the refusal to be told", func() error {
		return f.heard(
			condition(machinesAre(g), v1alpha1.VPSieNodeError, "AuthenticationFailed", errAuth),
			warning(machinesAre(g), "ProvisioningFailed", errAuth))
	})
	f.rest(t)
	// One for every machine and pause, and the client repeats what is refused with a 401 once; without a pause there
	// would be dozens.
	if n := requests(http.MethodPost) - asked; n > 6 {
		t.Errorf("the order was placed %d times", n)
	}
	if err := shared.Cloud.SetFaults(); err != nil {
		t.Fatal(err)
	}
	f.mended(t, g)
}

// groups spoils NodeGroups, and corrects them.
func (f *faults) groups(t *testing.T) {
	for name, test := range map[string]struct {
		spoil        func(*v1alpha1.NodeGroup)
		reason, text string
		mend         string
	}{
		"datacenter": {func(g *v1alpha1.NodeGroup) { g.Spec.DatacenterID = "atlantis" }, "DatacenterNotFound", errDatacenter, `{"spec":{"datacenterID":"dc-us-east-1"}}`},
		"offering":   {func(g *v1alpha1.NodeGroup) { g.Spec.OfferingIDs = []string{"nano"} }, "InstanceTypeNotAvailable", errOffering, `{"spec":{"offeringIDs":["small-2cpu-4gb"]}}`},
		"image":      {func(g *v1alpha1.NodeGroup) { g.Spec.OSImageID = "beos" }, "ImageNotFound", "OS image not found", `{"spec":{"osImageID":"debian-12"}}`},
		"ssh key":    {func(g *v1alpha1.NodeGroup) { g.Spec.SSHKeyIDs = []string{"lost"} }, "SSHKeyNotFound", "SSH key not found", `{"spec":{"sshKeyIDs":[]}}`},
		"overrides": {func(g *v1alpha1.NodeGroup) {
			g.Annotations = map[string]string{v1alpha1.AnnotationMinNodesOverride: "3"}
		}, "InvalidConfiguration", errMinMax, `{"metadata":{"annotations":{"` + v1alpha1.AnnotationMinNodesOverride + `":null}}}`},
		"user data": {func(g *v1alpha1.NodeGroup) { g.Spec.UserData = "{{.NoSuchThing}}" }, "InvalidUserData", "spec.userData", `{"spec":{"userData":""}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGroup("wrong-"+strings.ReplaceAll(name, " ", "-"), 1, 2)
			test.spoil(g)
			f.group(t, g)
			f.await(t, "the fault to be told", func() error {
				return f.heard(
					condition(groupIs(g), v1alpha1.NodeGroupError, test.reason, test.text),
					warning(groupIs(g), "InvalidConfiguration", test.text))
			})
			patch(t, g, test.mend)
			f.mended(t, g)
		})
	}
	t.Run("minNodes above maxNodes", func(t *testing.T) {
		t.Parallel()
		if err := shared.client.Create(t.Context(), newGroup("upside-down", 3, 2)); err == nil || !strings.Contains(err.Error(), errMinMax) {
			t.Errorf("the API server says %v", err)
		}
	})
	t.Run("maxNodes", f.maxNodes)
	t.Run("blocked drain", f.blockedDrain)
}

func (f *faults) maxNodes(t *testing.T) {
	t.Parallel()
	g := f.group(t, newGroup("full", 0, 1))
	work := newDeployment("full", "full", 2)
	create(t, work)
	t.Cleanup(func() { _ = shared.client.Delete(context.WithoutCancel(t.Context()), work) })
	f.await(t, "the limit to be told", func() error {
		return f.heard(
			condition(groupIs(g), v1alpha1.NodeGroupAtMaxCapacity, "MaximumNodesReached", errMaxNodes),
			warning(groupIs(g), "ScaleLimitReached", errMaxNodes))
	})
	if bills := billsOf(g); len(bills) > 1 {
		t.Errorf("%d VPSes were bought, maxNodes is 1", len(bills))
	}
	patch(t, g, `{"spec":{"maxNodes":2}}`)
	f.awaitNodes(t, g, 2)
	f.await(t, "both pods to run", func() error { return podsRun(t, "full", 2) })
}

// blockedDrain deletes a node whose pod a disruption budget keeps from being evicted.
func (f *faults) blockedDrain(t *testing.T) {
	t.Parallel()
	g := f.group(t, newGroup("drained", 1, 2))
	work := newDeployment("drained", "drained", 1)
	create(t, work)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "drained", Namespace: metav1.NamespaceDefault},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(0)), Selector: work.Spec.Selector},
	}
	create(t, budget)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_, _ = shared.client.Delete(ctx, budget), shared.client.Delete(ctx, work)
	})
	f.await(t, "the pod to run", func() error { return podsRun(t, "drained", 1) })
	doomed := machinesOf(t, g)[0]
	patch(t, &doomed, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationDrainTimeout+`":"2"}}}`)
	remove(t, &doomed)
	f.await(t, "the failed drain to be told", func() error {
		return f.heard(
			condition("VPSieNode "+doomed.Name, v1alpha1.VPSieNodeError, "DrainFailed", "default/drained"),
			warning("VPSieNode "+doomed.Name, "DrainFailed", "default/drained"))
	})
	f.await(t, "the node to be uncordoned until the next try", func() error {
		var node corev1.Node
		if err := shared.client.Get(t.Context(), client.ObjectKey{Name: doomed.Status.NodeName}, &node); err != nil {
			return err
		}
		if node.Spec.Unschedulable || node.Labels[corev1.LabelNodeExcludeBalancers] != "" {
			return fmt.Errorf("unschedulable %t, labels %v", node.Spec.Unschedulable, node.Labels)
		}
		return nil
	})
	if !slices.ContainsFunc(running(billsOf(g)), func(b bill) bool { return b.Hostname == doomed.Name }) {
		t.Errorf("the VPS was deleted under the pod")
	}
	remove(t, budget)
	f.await(t, "the node to be gone", func() error {
		if slices.ContainsFunc(running(billsOf(g)), func(b bill) bool { return b.Hostname == doomed.Name }) {
			return errors.New("its VPS is still there")
		}
		return nil
	})
	f.mended(t, g)
	f.await(t, "the pod to run elsewhere", func() error { return podsRun(t, "drained", 1) })
}

func podsRun(t *testing.T, app string, want int) error {
	t.Helper()
	var pods corev1.PodList
	if err := shared.client.List(t.Context(), &pods, client.InNamespace(metav1.NamespaceDefault), client.MatchingLabels{"app": app}); err != nil {
		t.Fatal(err)
	}
	runs := 0
	for _, p := range pods.Items {
		if p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
			runs++
		}
	}
	if runs != want {
		return fmt.Errorf("%d run, want %d", runs, want)
	}
	return nil
}

// requests counts the orders or the deletions that the cloud has been asked for.
func requests(method string) int {
	n := 0
	for _, r := range shared.Cloud.Ledger().Requests {
		if r.Method == method && r.Path == orders {
			n++
		}
	}
	return n
}

// rest lets the controller compare cloud and cluster a few times, in which it would do again what it does too often.
func (f *faults) rest(t *testing.T) {
	t.Helper()
	seen := requests(http.MethodGet)
	f.await(t, "some sweeps", func() error {
		if n := requests(http.MethodGet) - seen; n < 4 {
			return fmt.Errorf("there were %d", n)
		}
		return nil
	})
}

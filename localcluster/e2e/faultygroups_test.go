package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// groups spoils NodeGroups, and corrects them.
func (f *faults) groups(t *testing.T) {
	for name, test := range map[string]struct {
		spoil        func(*v1alpha1.NodeGroup)
		reason, text string
		mend         string
	}{
		"datacenter": {func(g *v1alpha1.NodeGroup) { g.Spec.DatacenterID = "atlantis" }, "DatacenterNotFound", errDatacenter, `{"spec":{"datacenterID":"dc-us-east-1"}}`},
		"offering":   {func(g *v1alpha1.NodeGroup) { g.Spec.OfferingIDs = []string{"nano"} }, "InstanceTypeNotAvailable", errOffering, `{"spec":{"offeringIDs":["small-2cpu-4gb"]}}`},
		"image":      {func(g *v1alpha1.NodeGroup) { g.Spec.OSImageID = "plan9" }, "ImageNotFound", "OS image not found", `{"spec":{"osImageID":"debian-12"}}`},
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
	f.mended(t, g)
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

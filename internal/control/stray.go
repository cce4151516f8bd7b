package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

func strayKey(vm *vpsie.VM) types.UID { return types.UID(vm.Identifier) }

// stray deletes a VPS that carries this cluster's mark and has had no object for
// the grace period, unless its node works, or is the twin of one.
func (s *sweep) stray(ctx context.Context, vm *vpsie.VM, sibling *v1alpha1.VPSieNode, began time.Time) error {
	mark, _ := s.Cloud.Ours(vm)
	if used, err := s.takeLate(ctx, vm, mark); used || err != nil {
		return err
	}
	grace, canary := s.Options.SweepGrace, strings.HasPrefix(mark.Name, cloud.CanaryPrefix)
	if canary {
		grace += s.Options.ProvisionTimeout // somebody watches it, and deletes it
	}
	if !s.strays.since(strayKey(vm), began, grace) {
		return nil
	}
	first := !s.leaks.Has(strayKey(vm))
	if first {
		s.leaks.Insert(strayKey(vm))
		s.Metrics.Leak(observe.LeakVPS)
	}
	why := "orphaned: it has no VPSieNode"
	switch {
	case sibling != nil:
		if outlives, err := s.outlive(ctx, vm, sibling); outlives || err != nil {
			return err
		}
		why = fmt.Sprintf("ordered twice: VPSieNode %s has VPS %d", sibling.Name, sibling.Spec.VPSieInstanceID)
	case !canary:
		if spared, err := s.spare(ctx, vm, mark, first); spared || err != nil {
			return err
		}
	}
	logf.FromContext(ctx).Info("deleting a VPS that nobody needs", "vps", vm.ID, "hostname", vm.Hostname, "nodeGroup", mark.Group, "why", why)
	if err := s.Cloud.Delete(ctx, vm, why); err != nil && !vpsie.IsNotFound(err) {
		return fmt.Errorf("deleting stray VPS %d: %w", vm.ID, err)
	}
	return nil
}

// spare keeps a stray VPS whose node works: a ready node only goes by way of a drain. It gets a VPSieNode again, as it needs
// when somebody took the finalizer off its own, or restored a backup that lacks it. Without its NodeGroup, which may be in
// another namespace by now, it stays as long as it has pods that a drain would move.
func (s *sweep) spare(ctx context.Context, vm *vpsie.VM, mark cloud.Mark, first bool) (bool, error) {
	node, err := s.nodeOfStray(ctx, vm, mark)
	if err != nil || node == nil || !cluster.IsReady(node) {
		return false, err
	}
	var g v1alpha1.NodeGroup
	err = s.Client.Get(ctx, types.NamespacedName{Namespace: s.Options.Namespace, Name: mark.Group}, &g)
	switch {
	case err == nil:
		instanceType, datacenter := cluster.BoughtAs(node, &g)
		logf.FromContext(ctx).Info("a VPS whose node is ready gets its VPSieNode back", "vps", vm.ID, "hostname", vm.Hostname, "nodeGroup", mark.Group)
		return true, s.giveObject(ctx, vm, mark, &g, plan.Launch{InstanceType: instanceType, Spot: cluster.IsSpot(node), DatacenterID: datacenter})
	case !apierrors.IsNotFound(err):
		return false, fmt.Errorf("reading NodeGroup %s: %w", mark.Group, err)
	}
	pods, err := podsOn(ctx, s.Live, node.Name)
	if err != nil {
		return false, err
	}
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool { return plan.EndsWithNode(&p) })
	if first && len(pods) > 0 {
		logf.FromContext(ctx).Error(nil, "a VPS without VPSieNode and NodeGroup is left alone: its node is ready and has pods. Drain the node to have the VPS deleted, or bring the NodeGroup back",
			"vps", vm.ID, "hostname", vm.Hostname, "node", node.Name, "nodeGroup", mark.Group, "namespace", s.Options.Namespace, "pods", podNames(pods))
	}
	return len(pods) > 0, nil
}

// nodeOfStray is the node that runs on the VPS, as the API server has it now; nil for none.
func (s *sweep) nodeOfStray(ctx context.Context, vm *vpsie.VM, mark cloud.Mark) (*corev1.Node, error) {
	var list corev1.NodeList
	if err := s.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	name := mark.Name
	for i := range list.Items {
		if provesVPS(&list.Items[i], vm) {
			name = list.Items[i].Name
		}
	}
	node, err := s.nodeNamed(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading node %s: %w", name, err)
	}
	if node == nil || !provesVPS(node, vm) {
		return nil, nil
	}
	return node, nil
}

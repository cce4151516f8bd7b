package control

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// launchLate is the launch reason of a machine whose VPS turned up after its order had
// been given up.
const launchLate plan.LaunchReason = "LateVPS"

// isLate tells that the object is younger than its VPS, and maybe than its node.
func isLate(m *v1alpha1.VPSieNode) bool {
	return m.Annotations[v1alpha1.AnnotationLaunchReason] == string(launchLate)
}

// lost notes that VPSie took the machine's order and did not list a VPS in time, and says so.
func (r *store) lost(ctx context.Context, m *v1alpha1.VPSieNode) string {
	why := fmt.Sprintf("VPSie took the order, and has not listed a VPS in %s", r.Options.ProvisionTimeout)
	lost := lostOrder{
		group: m.Spec.NodeGroupName, datacenter: m.Spec.DatacenterID, instanceType: m.Spec.InstanceType, spot: cluster.IsSpot(m),
		account: r.Cloud.Fingerprint(), why: why, at: r.Clock.Now(),
	}
	if r.arrivals.orders.lose(m.Name, lost) {
		logf.FromContext(ctx).Error(nil, "an order was lost: "+why, "instanceType", m.Spec.InstanceType,
			"lost", r.arrivals.orders.count(), "buyingStopped", r.arrivals.orders.stopped() != "")
	}
	return why
}

// takeLate gives a VPS whose order was lost a VPSieNode again, if its NodeGroup still
// wants a machine or its node is ready: a ready node only goes by way of a drain. Either
// way the order is not lost any more, because VPSie lists it.
func (s *sweep) takeLate(ctx context.Context, vm *vpsie.VM, mark cloud.Mark) (bool, error) {
	order, lost := s.arrivals.orders.lostAs(mark.Name)
	if !lost {
		return false, nil
	}
	node, err := s.nodeNamed(ctx, mark.Name)
	if err != nil {
		return false, fmt.Errorf("reading node %s: %w", mark.Name, err)
	}
	var g v1alpha1.NodeGroup
	err = s.Client.Get(ctx, types.NamespacedName{Namespace: s.Options.Namespace, Name: mark.Group}, &g)
	taken := false
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return false, fmt.Errorf("reading NodeGroup %s: %w", mark.Group, err)
	case s.wants(&g), node != nil && cluster.IsReady(node): // Pods may run there already.
		if err := s.giveObject(ctx, vm, mark, &g, plan.Launch{InstanceType: order.instanceType, Spot: order.spot, DatacenterID: order.datacenter}); err != nil {
			return false, err
		}
		taken = true
	}
	logf.FromContext(ctx).Info("a VPS is listed whose order was lost", "vps", vm.ID, "hostname", vm.Hostname, "nodeGroup", mark.Group)
	s.arrivals.orders.found(mark.Name)
	return taken, nil
}

// giveObject makes a VPSieNode for a VPS that has none, and says as what it was bought.
func (s *sweep) giveObject(ctx context.Context, vm *vpsie.VM, mark cloud.Mark, g *v1alpha1.NodeGroup, as plan.Launch) error {
	as.Reason = launchLate
	m := machineFor(g, as)
	m.Name, m.Spec.VPSieInstanceID = mark.Name, int64(vm.ID)
	if err := s.Client.Create(ctx, m); err != nil {
		return fmt.Errorf("creating VPSieNode %s for VPS %d: %w", m.Name, vm.ID, err)
	}
	return nil
}

// wants tells whether the NodeGroup would buy a machine if it could.
func (s *sweep) wants(g *v1alpha1.NodeGroup) bool {
	if !g.DeletionTimestamp.IsZero() {
		return false
	}
	limits := cluster.LimitsOf(g, s.Clock.Now())
	have := int(g.Status.DesiredNodes)
	return have < limits.Max && (have < limits.Min || s.arrivals.wanting(g.Name))
}

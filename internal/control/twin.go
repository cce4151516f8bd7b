package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// An order in doubt is made again when VPSie lists its VPS later than --create-settle. Then there are two VPSes of the
// VPSieNode's hostname that bear its mark. It names one of them, and the others are its twins: nobody needs them, and their
// kubelets register under the name of the VPSieNode's own.

// isTwin tells whether the VPS, which bears the machine's mark, was ordered for it besides the one that it names. What a
// person has copied may bear the mark too, under a hostname of its own.
func isTwin(vm *vpsie.VM, m *v1alpha1.VPSieNode) bool {
	return m.Spec.VPSieInstanceID != 0 && m.Spec.VPSieInstanceID != int64(vm.ID) && cluster.SameName(vm.Hostname, m.Name)
}

// orderedFor are the VPSes in sight that were ordered for the machine, the one of the latest order first: the bootstrap
// token that is left lets that one join.
func orderedFor(c *cloud.Cloud, m *v1alpha1.VPSieNode, sight *cloud.Sight) []*vpsie.VM {
	var found []*vpsie.VM
	for _, vm := range sight.Named(m.Name) {
		if mark, ours := c.Ours(vm); ours && mark.UID == string(m.UID) {
			found = append(found, vm)
		}
	}
	slices.SortFunc(found, func(a, b *vpsie.VM) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID)) })
	return found
}

// withTwins are the VPSes in sight that go with the machine: its own, nil when it is not in sight, and others that were ordered for it.
func withTwins(c *cloud.Cloud, m *v1alpha1.VPSieNode, own *vpsie.VM, sight *cloud.Sight) []*vpsie.VM {
	vms := orderedFor(c, m, sight)
	if own != nil && !slices.ContainsFunc(vms, func(vm *vpsie.VM) bool { return vm.ID == own.ID }) {
		vms = append(vms, own)
	}
	return vms
}

// outlive ends a machine whose node runs on its twin: both VPSes go once the node is drained. It does nothing, and reports false,
// where the node runs on the machine's own VPS, or there is none.
func (s *sweep) outlive(ctx context.Context, twin *vpsie.VM, m *v1alpha1.VPSieNode) (bool, error) {
	node, err := s.nodeNamed(ctx, cluster.NodeNameOf(m))
	if err != nil {
		return false, fmt.Errorf("reading node %s: %w", cluster.NodeNameOf(m), err)
	}
	if node == nil || !runsOn(node, twin) {
		return false, nil
	}
	why := fmt.Sprintf("it was ordered twice, and its node runs on VPS %d instead of VPS %d: both go once the node is drained", twin.ID, m.Spec.VPSieInstanceID)
	logf.FromContext(ctx).Info("a VPSieNode goes", "vpsieNode", m.Name, "why", why)
	if err := s.tell(ctx, m, func(m *v1alpha1.VPSieNode) {
		m.Status.LastError = why
		s.condition(m, v1alpha1.VPSieNodeError, metav1.ConditionTrue, reasonSeveralVPSes, why)
	}); err != nil {
		return false, err
	}
	return true, deleteMachine(ctx, s.Client, m)
}

// runsOn tells whether the node shows that it runs on the VPS: by an address or its providerID.
func runsOn(node *corev1.Node, vm *vpsie.VM) bool {
	return bearsID(node.Spec.ProviderID, vm) || slices.ContainsFunc(node.Status.Addresses, func(a corev1.NodeAddress) bool {
		return a.Address != "" && slices.Contains([]string{vm.IPv4, vm.IPv6, vm.PrivateIP}, a.Address)
	})
}

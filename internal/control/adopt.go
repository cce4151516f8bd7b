package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// reasonNoNodeGroup stands in the condition Error of an adopted VPSieNode whose NodeGroup does not exist.
const reasonNoNodeGroup = "NodeGroupNotFound"

// verifyAdoption holds what a person says of an existing VPS against the VPS. It returns
// done when the VPS may be taken over, else how long to wait for what may still come
// right. What is wrong for good fails the VPSieNode: a node with wrong labels would get
// the wrong pods, and a wrong size or price would mislead every later decision.
func (r *launcher) verifyAdoption(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (done bool, wait time.Duration, err error) {
	if orderedByUs(m) || m.Status.Hostname != "" {
		return true, 0, nil // It was ordered, or taken over before.
	}
	group, err := r.groupOf(ctx, r.Live, m)
	if apierrors.IsNotFound(err) || err == nil && !group.DeletionTimestamp.IsZero() {
		r.trouble(m, reasonNoNodeGroup, fmt.Errorf("spec.nodeGroupName: namespace %s has no NodeGroup %s; create it, or delete this VPSieNode and name another", m.Namespace, m.Spec.NodeGroupName))
		return false, pendingRetry, nil
	}
	if err != nil {
		return false, 0, err
	}
	wrong, err := r.Cloud.Differences(ctx, wantedFor(m, group), m.Spec.InstanceType, vm)
	if err != nil {
		r.trouble(m, "VPSieUnreachable", err)
		return false, pendingRetry, nil
	}
	mark, marked := cloud.ParseMark(vm.Notes)
	if _, ours := r.Cloud.Ours(vm); marked && !ours {
		wrong = append(wrong, fmt.Sprintf("it was ordered by another cluster's autoscaler (cluster ID %s)", mark.ClusterID))
	} else if marked && mark.Group != m.Spec.NodeGroupName {
		wrong = append(wrong, fmt.Sprintf("it was ordered for NodeGroup %s, not %s", mark.Group, m.Spec.NodeGroupName))
	}
	if len(wrong) > 0 {
		r.fail(m, observe.AdoptionRefused(fmt.Sprintf(
			"VPS %d (%s) is not adopted: %s; delete this VPSieNode, which deletes nothing else, and apply it with what is true", vm.ID, vm.Hostname, strings.Join(wrong, "; "))))
		return false, 0, nil
	}
	return true, 0, nil
}

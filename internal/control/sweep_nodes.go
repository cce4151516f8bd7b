package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// nodes deletes Nodes whose VPS is gone and that no VPSieNode stands for: nobody else
// would. A node that is ready lives, whatever the cloud's lists say.
func (s *sweep) nodes(ctx context.Context, machines []v1alpha1.VPSieNode, sight *cloud.Sight) error {
	var list corev1.NodeList
	if err := s.Client.List(ctx, &list, client.HasLabels{v1alpha1.LabelNodeGroup}); err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	claimed := make(map[string]bool, len(machines))
	for i := range machines {
		claimed[cluster.NodeNameOf(&machines[i])] = true
	}
	var errs []error
	for i := range list.Items {
		n := &list.Items[i]
		if claimed[n.Name] || cluster.IsReady(n) || !isVPS(n) || hasVPS(n, sight) {
			s.orphans.forget(n.UID)
			continue
		}
		if !s.orphans.since(n.UID, sight.Began, sight.ProofAfter(0, "", s.Options.SweepGrace)) {
			continue
		}
		s.Metrics.Leak(observe.LeakNode)
		logf.FromContext(ctx).Info("deleting a Node whose VPS is gone", "node", n.Name, "providerID", n.Spec.ProviderID)
		// As it was seen: it may have become ready since.
		if err := s.Client.Delete(ctx, n, client.Preconditions{UID: &n.UID, ResourceVersion: &n.ResourceVersion}); ignoreRace(err) != nil {
			errs = append(errs, fmt.Errorf("deleting node %s: %w", n.Name, err))
		}
		s.orphans.forget(n.UID)
	}
	return errors.Join(errs...)
}

func hasVPS(n *corev1.Node, sight *cloud.Sight) bool {
	return slices.ContainsFunc(sight.VMs, func(vm vpsie.VM) bool {
		return !vm.Gone() && (bearsID(n.Spec.ProviderID, &vm) || cluster.SameName(n.Name, vm.Hostname))
	})
}

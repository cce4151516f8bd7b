package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// The fields by which VPSieNodes that name the same VPS or node are found: indexes of the
// cache, and selectable fields of the API server.
const (
	machinesByVPS      = "spec.vpsieInstanceID"
	machinesByNode     = "status.nodeName"
	machinesBySpecNode = "spec.nodeName"
)

// indexMachines makes the cache find VPSieNodes by VPS and by node.
func indexMachines(ctx context.Context, indexer client.FieldIndexer) error {
	for field, value := range map[string]func(*v1alpha1.VPSieNode) string{
		machinesByVPS:      func(m *v1alpha1.VPSieNode) string { return strconv.FormatInt(m.Spec.VPSieInstanceID, 10) },
		machinesByNode:     func(m *v1alpha1.VPSieNode) string { return m.Status.NodeName },
		machinesBySpecNode: func(m *v1alpha1.VPSieNode) string { return m.Spec.NodeName },
	} {
		err := indexer.IndexField(ctx, &v1alpha1.VPSieNode{}, field, func(o client.Object) []string {
			m, ok := o.(*v1alpha1.VPSieNode)
			if !ok {
				return nil
			}
			return []string{value(m)}
		})
		if err != nil {
			return fmt.Errorf("indexing VPSieNodes by %s: %w", field, err)
		}
	}
	return nil
}

// owners finds which VPS and which node belong to which VPSieNode.
type owners struct {
	Client client.Client
	Cloud  *cloud.Cloud
	// namespace is that of the VPSieNodes.
	namespace string
}

func newOwners(d *Deps) owners { return owners{d.Client, d.Cloud, d.Options.Namespace} }

func (d owners) machinesWith(ctx context.Context, field, value string, options ...client.ListOption) ([]*v1alpha1.VPSieNode, error) {
	options = append(options, client.InNamespace(d.namespace), client.MatchingFields{field: value})
	var list v1alpha1.VPSieNodeList
	if err := d.Client.List(ctx, &list, options...); err != nil {
		return nil, fmt.Errorf("listing the VPSieNodes with %s %s: %w", field, value, err)
	}
	found := make([]*v1alpha1.VPSieNode, len(list.Items))
	for i := range list.Items {
		found[i] = &list.Items[i]
	}
	return found, nil
}

// otherOwner returns the VPSieNode that the machine's VPS belongs to when that is another
// one. A VPS that was ordered for a VPSieNode bears its UID, which outweighs age: the
// autoscaler's own objects learn their VPS's number late, and somebody else may have named it
// meanwhile.
func (d owners) otherOwner(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (*v1alpha1.VPSieNode, error) {
	if m.Spec.VPSieInstanceID == 0 {
		return nil, nil // It has none yet, and takes only one that bears its mark.
	}
	if mark, ours := d.Cloud.Ours(vm); ours {
		if mark.UID == string(m.UID) {
			return nil, nil
		}
		var orderer v1alpha1.VPSieNode
		err := d.Client.Get(ctx, types.NamespacedName{Namespace: m.Namespace, Name: mark.Name}, &orderer)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading VPSieNode %s: %w", mark.Name, err)
		}
		if err == nil && string(orderer.UID) == mark.UID {
			return &orderer, nil
		}
	}
	claimants, err := d.machinesWith(ctx, machinesByVPS, strconv.FormatInt(m.Spec.VPSieInstanceID, 10))
	if err != nil {
		return nil, err
	}
	if owner := cluster.Owner(claimants); owner != nil && owner.UID != m.UID {
		return owner, nil
	}
	return nil, nil
}

// yieldTo makes the machine a duplicate: it fails, and nothing of its VPS or node is touched for it.
func (r *store) yieldTo(m, owner *v1alpha1.VPSieNode) {
	why := cluster.DuplicateText(m.Spec.VPSieInstanceID, owner.Name)
	if m.Status.Phase == v1alpha1.PhaseFailed && m.Status.LastError == why {
		return
	}
	// What the status says of VPS and node is the owner's.
	m.Status = v1alpha1.VPSieNodeStatus{CreatedAt: m.Status.CreatedAt, ObservedGeneration: m.Generation}
	r.fail(m, observe.DuplicateInstance(why))
}

// letGo ends the object of a machine that owns nothing: neither a VPS nor a node is touched.
func (r *store) letGo(ctx context.Context, m *v1alpha1.VPSieNode) error {
	if err := r.burn(ctx, m); err != nil {
		return err
	}
	logf.FromContext(ctx).Info("a VPSieNode that owns no VPS goes; nothing else is deleted", "vps", m.Spec.VPSieInstanceID, "why", m.Status.LastError)
	return client.IgnoreNotFound(r.patch(ctx, m, func(m *v1alpha1.VPSieNode) {
		controllerutil.RemoveFinalizer(m, v1alpha1.Finalizer)
	}))
}

// startOver forgets that the machine was a duplicate: the one that owned its VPS is gone.
func (r *store) startOver(m *v1alpha1.VPSieNode) {
	m.Status = v1alpha1.VPSieNodeStatus{CreatedAt: m.Status.CreatedAt, ObservedGeneration: m.Generation, Phase: v1alpha1.PhasePending}
}

// ofSibling wakes the VPSieNodes that name the same VPS as one that has changed or is gone.
func (r *machines) ofSibling(ctx context.Context, o client.Object) []reconcile.Request {
	m, ok := o.(*v1alpha1.VPSieNode)
	if !ok || m.Spec.VPSieInstanceID == 0 {
		return nil
	}
	siblings, err := r.owners.machinesWith(ctx, machinesByVPS, strconv.FormatInt(m.Spec.VPSieInstanceID, 10))
	if err != nil {
		return nil
	}
	var requests []reconcile.Request
	for _, s := range siblings {
		if s.UID != m.UID {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s)})
		}
	}
	return requests
}

// errNodeTaken says that the node which a machine names belongs to another VPSieNode.
var errNodeTaken = errors.New("the node belongs to another VPSieNode")

// checkNodeOwner refuses a node that belongs to another VPSieNode. Where the node itself
// names the VPS of one of them that decides, else cluster.NodeOwner does.
func (d owners) checkNodeOwner(ctx context.Context, node *corev1.Node, m *v1alpha1.VPSieNode) error {
	claimants, err := d.claimantsOf(ctx, node.Name)
	if err != nil {
		return err
	}
	if len(claimants) == 0 || provesVPS(node, d.lastSeen(ctx, m)) {
		return nil
	}
	owner := cluster.NodeOwner(node.Name, append(claimants, m))
	for _, c := range claimants {
		if c.UID != m.UID && provesVPS(node, d.lastSeen(ctx, c)) {
			owner = c
		}
	}
	if owner.UID == m.UID {
		return nil
	}
	return fmt.Errorf("%w: node %s belongs to VPSieNode %s", errNodeTaken, node.Name, owner.Name)
}

// provesVPS tells whether the node itself says that it runs on the VPS.
func provesVPS(node *corev1.Node, vm *vpsie.VM) bool {
	if vm.Identifier == "" {
		return false
	}
	if node.Spec.ProviderID != "" {
		return bearsID(node.Spec.ProviderID, vm)
	}
	return cluster.SameName(node.Name, vm.Hostname)
}

// waiting are the VPSieNodes that have no node yet, as the cache has them: they must not be changed.
func (d owners) waiting(ctx context.Context) ([]*v1alpha1.VPSieNode, error) {
	return d.machinesWith(ctx, machinesByNode, "", client.UnsafeDisableDeepCopy)
}

// claimantsOf are the VPSieNodes that name the node.
func (d owners) claimantsOf(ctx context.Context, node string) ([]*v1alpha1.VPSieNode, error) {
	joined, err := d.machinesWith(ctx, machinesByNode, node)
	if err != nil {
		return nil, err
	}
	named, err := d.machinesWith(ctx, machinesBySpecNode, node)
	if err != nil {
		return nil, err
	}
	var namesake v1alpha1.VPSieNode
	err = d.Client.Get(ctx, types.NamespacedName{Namespace: d.namespace, Name: node}, &namesake)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading VPSieNode %s: %w", node, err)
	}
	all := slices.Concat(joined, named)
	if err == nil {
		all = append(all, &namesake)
	}
	seen := map[types.UID]bool{}
	var claimants []*v1alpha1.VPSieNode
	for _, c := range all {
		if !seen[c.UID] && cluster.NodeNameOf(c) == node && !cluster.Disowned(c) {
			seen[c.UID] = true
			claimants = append(claimants, c)
		}
	}
	return claimants, nil
}

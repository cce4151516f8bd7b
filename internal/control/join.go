package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// joiner sees running VPSes become ready nodes.
type joiner struct {
	*store
	serving serving
}

// join follows a running machine: Provisioned until its node registers, Joining
// until that is ready, Ready from then on.
func (r *joiner) join(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	node, err := r.owners.nodeOf(ctx, r.Client, m)
	if errors.Is(err, errNodeUnclear) || errors.Is(err, errNodeTaken) {
		r.trouble(m, "NodeUnclear", err)
		return r.late(ctx, m)
	}
	if err != nil {
		return 0, err
	}
	if node == nil {
		if m.Status.Phase == v1alpha1.PhaseReady {
			r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, reasonNodeGone, "The Kubernetes node does not exist")
			return 0, nil
		}
		m.Status.Phase = v1alpha1.PhaseProvisioned
		r.condition(m, v1alpha1.VPSieNodeNodeJoined, metav1.ConditionFalse, "WaitingForNode", "The node has not registered yet")
		return r.late(ctx, m)
	}
	if err := r.claim(ctx, m, node); err != nil {
		return 0, err
	}
	if why := r.serving.notServing(ctx, m, node); why.reason != "" {
		if m.Status.Phase != v1alpha1.PhaseReady {
			m.Status.Phase = v1alpha1.PhaseJoining
		}
		r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionFalse, why.reason, why.message)
		return r.late(ctx, m)
	}
	return 0, r.ready(ctx, m)
}

// claim notes the node, and puts its labels and taints in place; only then the
// startup taint goes.
func (r *joiner) claim(ctx context.Context, m *v1alpha1.VPSieNode, node *corev1.Node) error {
	group, err := r.groupOf(ctx, r.Client, m)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if err := r.furnish(ctx, m, group, node); err != nil {
		return err
	}
	if m.Status.NodeName == node.Name {
		return nil
	}
	m.Status.NodeName = node.Name
	if m.Status.JoinedAt == nil {
		m.Status.JoinedAt = new(metav1.NewTime(r.Clock.Now()))
	}
	m.Status.Phase = v1alpha1.PhaseJoining
	r.condition(m, v1alpha1.VPSieNodeNodeJoined, metav1.ConditionTrue, "NodeJoinedCluster", "Node successfully joined Kubernetes cluster")
	return r.patch(ctx, m, func(m *v1alpha1.VPSieNode) { m.Spec.NodeName = node.Name })
}

func (r *joiner) ready(ctx context.Context, m *v1alpha1.VPSieNode) error {
	r.condition(m, v1alpha1.VPSieNodeNodeReady, metav1.ConditionTrue, "NodeReady", "Kubernetes node is ready to accept workloads")
	r.calm(m)
	if m.Status.Phase == v1alpha1.PhaseReady {
		return nil
	}
	if err := r.prove(ctx, m); err != nil {
		return err
	}
	m.Status.Phase = v1alpha1.PhaseReady
	if m.Status.ReadyAt == nil {
		m.Status.ReadyAt = new(metav1.NewTime(r.Clock.Now()))
	}
	return r.burn(ctx, m)
}

// fallow is why no pods run on a node, as a condition's reason and message; empty when
// they do.
type fallow struct{ reason, message string }

// serving says whether pods run on nodes.
type serving struct {
	Client  client.Client
	Options *Options
}

// notServing is why no pods run on the node yet.
func (d serving) notServing(ctx context.Context, m *v1alpha1.VPSieNode, n *corev1.Node) fallow {
	if !cluster.IsReady(n) {
		return fallow{reasonNodeNotReady, "The Kubernetes node is not ready"}
	}
	switch t := d.optionsFor(ctx, m).HoldsPodsOff(n); {
	case t == nil:
		return fallow{}
	case t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable:
		return fallow{reasonNodeNotReady, "The Kubernetes node is not ready"} // or was not a moment ago
	default:
		return fallow{reasonStartupTaint, "The startup taint " + t.ToString() + " keeps pods off the Kubernetes node; its agent takes it away once it runs there"}
	}
}

// optionsFor are the planner's options as they are for the machine's node: the startup
// taints of its NodeGroup count, too.
func (d serving) optionsFor(ctx context.Context, m *v1alpha1.VPSieNode) *plan.Options {
	var g v1alpha1.NodeGroup
	if err := d.Client.Get(ctx, types.NamespacedName{Namespace: m.Namespace, Name: m.Spec.NodeGroupName}, &g); err != nil {
		return &d.Options.Plan
	}
	return d.Options.Plan.Of(&plan.Group{StartupTaints: g.Spec.StartupTaints})
}

// late fails a machine whose node takes no pods in time, which a cache that is behind
// does not prove; a node that has been ready once has no such limit.
func (r *joiner) late(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	if m.Status.Phase == v1alpha1.PhaseReady || m.Status.ProvisionedAt == nil {
		return 0, nil
	}
	left := r.Options.JoinTimeout - r.Clock.Since(m.Status.ProvisionedAt.Time)
	if left > 0 {
		return left, nil
	}
	why := fmt.Sprintf("no ready node after %s; check the machine's cloud-init logs and its way to the API server", r.Options.JoinTimeout)
	if node, err := r.owners.nodeOf(ctx, r.Live, m); err == nil && node != nil {
		switch f := r.serving.notServing(ctx, m, node); f.reason {
		case "":
			return r.Options.PollInterval, nil
		case reasonStartupTaint:
			why = fmt.Sprintf("node %s still takes no pods after %s. %s", node.Name, r.Options.JoinTimeout, f.message)
		}
	}
	if r.Options.KeepFailed > 0 && orderedByUs(m) {
		why += fmt.Sprintf(". The VPS stays until %s for its log to be read (--keep-failed); delete the VPSieNode to have it gone now",
			r.endOfKeeping(m).UTC().Format(time.TimeOnly+" MST"))
	}
	return 0, r.miss(ctx, m, observe.JoinFailed("Node join timeout: "+why))
}

var errNodeUnclear = errors.New("it is not clear which node is the machine's")

// nodeOf finds the machine's Kubernetes node: the one it joined under, else the
// one that bears its identity. Two candidates are an error, never a guess, and so is a
// node that belongs to another VPSieNode (errNodeTaken).
func (d owners) nodeOf(ctx context.Context, from client.Reader, m *v1alpha1.VPSieNode) (*corev1.Node, error) {
	found, err := d.findNode(ctx, from, m)
	if err != nil || found == nil {
		return nil, err
	}
	if err := d.checkNodeOwner(ctx, found, m); err != nil {
		return nil, err
	}
	return found, nil
}

func (d owners) findNode(ctx context.Context, from client.Reader, m *v1alpha1.VPSieNode) (*corev1.Node, error) {
	if m.Status.NodeName != "" {
		var node corev1.Node
		err := from.Get(ctx, types.NamespacedName{Name: m.Status.NodeName}, &node)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading node %s: %w", m.Status.NodeName, err)
		}
		return &node, nil
	}
	var nodes corev1.NodeList
	// Of a cache they are not copied: every machine that waits looks through all nodes.
	if err := from.List(ctx, &nodes, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing nodes: %w", err)
	}
	vm := d.lastSeen(ctx, m)
	var found *corev1.Node
	for i := range nodes.Items {
		n := &nodes.Items[i]
		if !isNodeOf(n, m, vm) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: nodes %s and %s both look like VPSieNode %s", errNodeUnclear, found.Name, n.Name, m.Name)
		}
		found = n
	}
	return found.DeepCopy(), nil
}

// lastSeen is the machine's VPS as the newest list at hand shows it, or an empty one.
func (d owners) lastSeen(ctx context.Context, m *v1alpha1.VPSieNode) *vpsie.VM {
	sight, err := d.Cloud.Look(ctx, time.Time{})
	if err != nil {
		sight = nil
	}
	return vmIn(sight, m)
}

// vmIn is the machine's VPS as a sight shows it, or an empty one.
func vmIn(sight *cloud.Sight, m *v1alpha1.VPSieNode) *vpsie.VM {
	if sight != nil {
		if vm := sight.ByID(m.Spec.VPSieInstanceID); vm != nil {
			return vm
		}
	}
	return &vpsie.VM{ID: int(m.Spec.VPSieInstanceID)}
}

// isNodeOf tells whether a node is the machine's (docs/joining.md). A node
// that was there before the machine was ordered is not, whatever it is called.
func isNodeOf(n *corev1.Node, m *v1alpha1.VPSieNode, vm *vpsie.VM) bool {
	if orderedByUs(m) && !isLate(m) && n.CreationTimestamp.Before(&m.CreationTimestamp) {
		return false
	}
	if n.Spec.ProviderID != "" && bearsID(n.Spec.ProviderID, vm) {
		return true
	}
	if !orderedByUs(m) && vm.Identifier == "" {
		return false // A person's word alone, for a VPS that nobody has seen, makes no node the machine's.
	}
	if cluster.SameName(n.Name, m.Name) || cluster.SameName(n.Name, vm.Hostname) || n.Name == m.Spec.NodeName {
		return true
	}
	// A private address shows nothing: machines of several VPCs may have the same one.
	return slices.ContainsFunc(n.Status.Addresses, func(a corev1.NodeAddress) bool {
		return a.Type == corev1.NodeInternalIP && a.Address == m.Spec.IPAddress && identifies(a.Address)
	})
}

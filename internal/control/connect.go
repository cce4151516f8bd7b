package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Reasons of the condition NetworkReady, in the order of a launch. Each is written before the cloud is asked: as long as
// it stands, the machine may or may not be attached.
const (
	reasonAttachingVPC      = "AttachingVPC"
	reasonAwaitingAddress   = "AwaitingVPCAddress"
	reasonAttachingFirewall = "AttachingFirewall"
	reasonAttachingGateway  = "AttachingGateway"
	reasonNetworkReady      = "Ready"
	reasonDetaching         = "Detaching"
	reasonAttachFailed      = "AttachFailed"
)

// wiring attaches VPSes to the networks of their NodeGroups, and detaches them.
type wiring struct{ *store }

// connect attaches an ordered VPS that is listed to what its NodeGroup's networkConfig names, one thing after the other.
// Each step looks before it acts, notes that it is about to act, and looks again.
func (r *wiring) connect(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (progress, error) {
	if !orderedByUs(m) || meta.IsStatusConditionTrue(m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady) {
		return done(), nil // A VPS that a person named stays connected as that person has it.
	}
	if left, _ := r.pauses.left(m.UID, r.Clock.Now()); left > 0 {
		return again(left), nil
	}
	if m.Status.Network == nil {
		if n, err := r.planNetwork(ctx, m, vm); n == nil || err != nil {
			return r.attachFailed(m, err)
		}
	}
	for _, step := range []func(context.Context, *v1alpha1.VPSieNode, *vpsie.VM) (progress, error){
		r.connectVPC, r.connectFirewalls, r.connectGateway,
	} {
		if p, err := step(ctx, m, vm); !p.done || err != nil {
			return p, err
		}
	}
	r.condition(m, v1alpha1.VPSieNodeNetworkReady, metav1.ConditionTrue, reasonNetworkReady, "The VPS is attached to all that spec.networkConfig names")
	return done(), nil
}

// planNetwork notes what the VPS is to be attached to; nil when to nothing. From then on that does not change, so that what
// is begun can be undone.
func (r *wiring) planNetwork(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (*v1alpha1.NetworkStatus, error) {
	g, err := r.groupOf(ctx, r.Client, m)
	if apierrors.IsNotFound(err) {
		return nil, nil // Its machines go as well.
	}
	if err != nil {
		return nil, err
	}
	n, err := r.Cloud.Network(ctx, wantedFor(m, g))
	if err != nil || n.IsEmpty() {
		return nil, err
	}
	m.Status.Network = &v1alpha1.NetworkStatus{VPSIdentifier: vm.Identifier}
	if n.VPC != nil {
		m.Status.Network.VPCID = int64(n.VPC.ID)
	}
	for _, f := range n.FirewallGroups {
		m.Status.Network.FirewallGroups = append(m.Status.Network.FirewallGroups, f.Identifier)
	}
	if n.Gateway != nil {
		m.Status.Network.GatewayID = int64(n.Gateway.ID)
	}
	return m.Status.Network, nil
}

// attachFailed is what becomes of a step that the cloud did not take; without an error there was nothing to do.
func (r *wiring) attachFailed(m *v1alpha1.VPSieNode, err error) (progress, error) {
	if err == nil {
		return done(), nil
	}
	reason := reasonAttachFailed
	if config, is := cloud.IsConfig(err); is {
		reason = config
	} else if class := vpsie.ClassOf(err); class == "" {
		return progress{}, err // Kubernetes' failure
	} else if class == vpsie.Temporary || class == vpsie.Throttled {
		reason, _ = cloud.Fault(err)
	}
	r.trouble(m, reason, err)
	long := max(pendingRetry, askedPause(err), r.poll(r.Clock.Since(orderedAt(m))))
	r.pauses.begin(m.UID, r.Clock.Now(), long)
	return again(long), nil
}

// intend makes it known that the cloud is asked to attach the machine from now on.
func (r *wiring) intend(ctx context.Context, m *v1alpha1.VPSieNode, reason, message string) error {
	before := &v1alpha1.VPSieNode{ObjectMeta: *m.ObjectMeta.DeepCopy()}
	r.condition(m, v1alpha1.VPSieNodeNetworkReady, metav1.ConditionFalse, reason, message)
	return r.save(ctx, before, m)
}

// atStep is since when the machine has been at a step, and false when it is at another.
func atStep(m *v1alpha1.VPSieNode, reason string) (time.Time, bool) {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady)
	if c == nil || c.Reason != reason {
		return time.Time{}, false
	}
	return c.LastTransitionTime.Time, true
}

// connectVPC asks for an address in the VPC and waits for it. VPSie gives it some time after it has taken the request. A
// request of which nobody knows what became is made again when its address does not show.
func (r *wiring) connectVPC(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (progress, error) {
	n := m.Status.Network
	if n.VPCID == 0 || n.PrivateIPID != 0 {
		return done(), nil
	}
	own, err := r.Cloud.VPCAddresses(ctx, vm.Identifier, n.VPCID)
	if err != nil {
		return r.attachFailed(m, err)
	}
	for _, a := range own {
		if a.PrivateIPID == 0 || a.IP == "" {
			continue
		}
		n.PrivateIPID, n.VPCAddress = int64(a.PrivateIPID), a.IP
		// Written before the next step: without it the address could not be released.
		return done(), r.intend(ctx, m, reasonAwaitingAddress, "The VPS has the address "+a.IP+" in the VPC")
	}
	if _, taken := atStep(m, reasonAwaitingAddress); taken || len(own) > 0 {
		r.calm(m)
		return again(r.poll(r.Clock.Since(orderedAt(m)))), nil
	}
	if asked, doubtful := atStep(m, reasonAttachingVPC); doubtful {
		if left := r.Options.CreateSettle - r.Clock.Since(asked); left > 0 {
			return again(min(left, slowestPoll)), nil
		}
	}
	meta.RemoveStatusCondition(&m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady) // whose age counts from now on
	if err := r.intend(ctx, m, reasonAttachingVPC, fmt.Sprintf("Asking VPSie for an address in VPC %d", n.VPCID)); err != nil {
		return progress{}, err
	}
	if err := r.Cloud.AttachVPC(ctx, vm, n.VPCID); err != nil {
		return r.attachFailed(m, err)
	}
	r.condition(m, v1alpha1.VPSieNodeNetworkReady, metav1.ConditionFalse, reasonAwaitingAddress, fmt.Sprintf("VPSie gives the VPS an address in VPC %d", n.VPCID))
	r.calm(m)
	return again(r.Options.PollInterval), nil
}

// connectFirewalls attaches one firewall group after the other.
func (r *wiring) connectFirewalls(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (progress, error) {
	for i, group := range m.Status.Network.FirewallGroups {
		has, err := r.Cloud.Firewalled(ctx, vm.Identifier, group)
		if err != nil {
			return r.attachFailed(m, err)
		}
		if has {
			continue
		}
		message := fmt.Sprintf("Attaching firewall group %d of %d (%s)", i+1, len(m.Status.Network.FirewallGroups), group)
		if err := r.intend(ctx, m, reasonAttachingFirewall, message); err != nil {
			return progress{}, err
		}
		if err := r.Cloud.AttachFirewall(ctx, vm.Identifier, group); err != nil {
			return r.attachFailed(m, err)
		}
		// That it was taken does not mean that it is there: another change may have undone it.
		if has, err = r.Cloud.Firewalled(ctx, vm.Identifier, group); err != nil || !has {
			p, err := r.attachFailed(m, err)
			p.done, p.pause = false, max(p.pause, r.Options.PollInterval)
			return p, err
		}
	}
	return done(), nil
}

// connectGateway puts the VPS behind the gateway.
func (r *wiring) connectGateway(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (progress, error) {
	n := m.Status.Network
	if n.GatewayID == 0 || n.GatewayMappingID != 0 {
		return done(), nil
	}
	mapping, err := r.Cloud.BehindGateway(ctx, vm.Identifier, n.GatewayID)
	if err == nil && mapping == 0 {
		if err := r.intend(ctx, m, reasonAttachingGateway, fmt.Sprintf("Attaching the VPS to gateway %d", n.GatewayID)); err != nil {
			return progress{}, err
		}
		if err := r.Cloud.AttachGateway(ctx, vm.Identifier, n.GatewayID); err != nil {
			return r.attachFailed(m, err)
		}
		mapping, err = r.Cloud.BehindGateway(ctx, vm.Identifier, n.GatewayID)
	}
	if err != nil {
		return r.attachFailed(m, err)
	}
	if n.GatewayMappingID = mapping; mapping == 0 {
		return again(r.Options.PollInterval), nil
	}
	return done(), nil
}

// unconnected fails a machine that cannot be connected in time, else says when to look again. That its node is ready does
// not help: pods must not run outside their network.
func (r *wiring) unconnected(ctx context.Context, m *v1alpha1.VPSieNode, pause time.Duration) (time.Duration, error) {
	if r.Clock.Since(orderedAt(m)) <= r.Options.ProvisionTimeout {
		return pause, nil
	}
	why := fmt.Sprintf("the VPS could not be connected as spec.networkConfig says in %s", r.Options.ProvisionTimeout)
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady); c != nil {
		why += ": " + c.Message
	}
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError); c != nil && c.Status == metav1.ConditionTrue {
		why += "; " + c.Message
	}
	return 0, r.miss(ctx, m, observe.ProvisioningFailed(why))
}

// holdPodsOff puts the startup taint on a node that has registered without it before its VPS is connected.
func (r *wiring) holdPodsOff(ctx context.Context, m *v1alpha1.VPSieNode) error {
	node, err := r.owners.nodeOf(ctx, r.Client, m)
	if errors.Is(err, errNodeUnclear) || errors.Is(err, errNodeTaken) || err == nil && node == nil {
		return nil // It says so when the machine joins.
	}
	if err != nil || slices.ContainsFunc(node.Spec.Taints, isStartup) {
		return err
	}
	tainted := node.DeepCopy()
	taint(tainted, startupTaint())
	if err := r.Client.Patch(ctx, tainted, client.MergeFromWithOptions(node, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("keeping pods off node %s until its VPS is connected: %w", node.Name, err)
	}
	return nil
}

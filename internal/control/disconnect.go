package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const (
	// addressPatience is how long VPSie may take to show an address in a VPC that it was asked for.
	addressPatience = 3 * time.Minute
	// detachPatience is after how long of failures a VPS is deleted although it is still attached: it costs more than an
	// address that is not released.
	detachPatience = 10 * time.Minute
)

// disconnect undoes what connect did, before the VPS goes: a private address and a gateway's mapping would outlive it. The
// firewall goes last. Each step looks first, so that it may be taken again.
func (r *wiring) disconnect(ctx context.Context, m *v1alpha1.VPSieNode) (progress, error) {
	n := m.Status.Network
	if n == nil || n.VPSIdentifier == "" {
		return done(), nil
	}
	if left, _ := r.pauses.left(m.UID, r.Clock.Now()); left > 0 {
		return again(left), nil
	}
	began, detaching := atStep(m, reasonDetaching)
	if !detaching {
		began = r.Clock.Now()
		if err := r.intend(ctx, m, reasonDetaching, "Detaching the VPS from its network before it is deleted"); err != nil {
			return progress{}, err
		}
	}
	spent := r.Clock.Since(began)
	var left []string
	var failed error
	for _, step := range []func(context.Context, *v1alpha1.NetworkStatus, time.Duration) (string, error){r.leaveGateway, r.leaveVPC, r.leaveFirewalls} {
		still, err := step(ctx, n, spent)
		if still != "" {
			left = append(left, still)
		}
		if err != nil {
			failed = err
			break
		}
	}
	switch {
	case len(left) == 0:
		m.Status.Network = nil
		r.condition(m, v1alpha1.VPSieNodeNetworkReady, metav1.ConditionFalse, "Detached", "The VPS is attached to nothing any more")
		return done(), nil
	case failed != nil:
		r.trouble(m, "DetachFailed", failed)
	}
	if spent > detachPatience {
		what := strings.Join(left, ", ")
		logf.FromContext(ctx).Error(failed, "the VPS is deleted although it is still attached", "vps", m.Spec.VPSieInstanceID, "attachedTo", what)
		r.Voice.Say(m, observe.StillAttached(m.Spec.VPSieInstanceID, what))
		m.Status.Network = nil
		return done(), nil
	}
	long := max(r.poll(spent), askedPause(failed))
	r.pauses.begin(m.UID, r.Clock.Now(), long)
	return again(long), nil
}

// leaveGateway takes the VPS from behind its gateway, and says what is left of that.
func (r *wiring) leaveGateway(ctx context.Context, n *v1alpha1.NetworkStatus, _ time.Duration) (left string, err error) {
	if n.GatewayID == 0 {
		return "", nil
	}
	left = fmt.Sprintf("gateway %d", n.GatewayID)
	mapping, err := r.Cloud.BehindGateway(ctx, n.VPSIdentifier, n.GatewayID)
	if err == nil && mapping != 0 {
		if err := r.Cloud.DetachGateway(ctx, n.GatewayID, mapping); err != nil && !vpsie.IsNotFound(err) {
			return left, err
		}
		mapping, err = r.Cloud.BehindGateway(ctx, n.VPSIdentifier, n.GatewayID)
	}
	if err != nil || mapping != 0 {
		return left, err
	}
	n.GatewayID, n.GatewayMappingID = 0, 0
	return "", nil
}

// leaveVPC releases the VPS's addresses. One that was asked for and has not shown yet is waited for, because it would stay
// when the VPS is gone.
func (r *wiring) leaveVPC(ctx context.Context, n *v1alpha1.NetworkStatus, spent time.Duration) (left string, err error) {
	if n.VPCID == 0 {
		return "", nil
	}
	left = fmt.Sprintf("VPC %d", n.VPCID)
	own, err := r.Cloud.VPCAddresses(ctx, n.VPSIdentifier, n.VPCID)
	if err == nil && len(own) > 0 {
		for _, a := range own {
			if a.PrivateIPID == 0 {
				continue // It has no number yet by which it could be released.
			}
			if err := r.Cloud.DetachVPC(ctx, n.VPSIdentifier, a.PrivateIPID); err != nil && !vpsie.IsNotFound(err) {
				return left, err
			}
			n.PrivateIPID = int64(a.PrivateIPID)
		}
		own, err = r.Cloud.VPCAddresses(ctx, n.VPSIdentifier, n.VPCID)
	}
	switch {
	case err != nil || len(own) > 0:
		return left, err
	case n.PrivateIPID == 0 && spent < addressPatience:
		return left, nil
	}
	n.VPCID, n.PrivateIPID, n.VPCAddress = 0, 0, ""
	return "", nil
}

// leaveFirewalls takes the firewall groups off the VPS.
func (r *wiring) leaveFirewalls(ctx context.Context, n *v1alpha1.NetworkStatus, _ time.Duration) (left string, err error) {
	for _, group := range slices.Clone(n.FirewallGroups) {
		left = "firewall group " + group
		has, err := r.Cloud.Firewalled(ctx, n.VPSIdentifier, group)
		if err == nil && has {
			if err := r.Cloud.DetachFirewall(ctx, n.VPSIdentifier, group); err != nil && !vpsie.IsNotFound(err) {
				return left, err
			}
			has, err = r.Cloud.Firewalled(ctx, n.VPSIdentifier, group)
		}
		if err != nil || has {
			return left, err
		}
		n.FirewallGroups = slices.DeleteFunc(n.FirewallGroups, func(g string) bool { return g == group })
	}
	return "", nil
}

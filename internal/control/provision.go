package control

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// find returns the machine's VPS as the cloud's lists show it: by its number once
// it is known, else by the hostname that it was ordered under. A VPS of that name
// that somebody else ordered is an error, never taken over.
func (r *store) find(m *v1alpha1.VPSieNode, sight *cloud.Sight) (vm *vpsie.VM, pending bool, err error) {
	if m.Spec.VPSieInstanceID != 0 {
		return byNumber(r.Cloud, m, sight), false, nil
	}
	vm, pending, err = sight.ByHostname(m.Name)
	if err != nil || vm == nil {
		return nil, pending, err
	}
	if _, ours := r.Cloud.Ours(vm); !ours && vm.Notes != "" {
		return nil, false, fmt.Errorf("VPS %d has the hostname %s, but was not ordered by this cluster", vm.ID, m.Name)
	}
	if vm.Notes == "" && !vm.CreatedAt.IsZero() && vm.CreatedAt.Before(m.CreationTimestamp.Add(-clockSkew)) {
		return nil, false, fmt.Errorf("VPS %d has the hostname %s, but is older than the VPSieNode and carries no mark", vm.ID, m.Name)
	}
	if mark, ours := r.Cloud.Ours(vm); ours && mark.UID != string(m.UID) {
		return nil, false, fmt.Errorf("VPS %d has the hostname %s, but was ordered for another VPSieNode of that name", vm.ID, m.Name)
	}
	return vm, pending, nil
}

// clockSkew is how far the cloud's clock may be behind the cluster's. Without it an
// own VPS would be refused whose notes the cloud has not filled in yet.
const clockSkew = time.Minute

// built takes over what the list says of the VPS, and moves on when it runs.
func (r *launcher) built(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (time.Duration, error) {
	if wait := r.arrivals.upcoming.yield(orderedAt(m), r.Clock.Now()); wait > 0 {
		return wait, nil
	}
	if owner, err := r.owners.otherOwner(ctx, m, vm); err != nil || owner != nil {
		if owner != nil {
			r.yieldTo(m, owner)
		}
		return 0, err
	}
	if done, wait, err := r.verifyAdoption(ctx, m, vm); !done || err != nil {
		return wait, err
	}
	if err := r.identify(ctx, m, vm); err != nil {
		return 0, err
	}
	r.describe(ctx, m, vm)
	p, err := r.connect(ctx, m, vm)
	if err != nil {
		return 0, err
	}
	if !p.done {
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonStarting, "The VPS is being attached to its network")
		if err := r.holdPodsOff(ctx, m); err != nil {
			return 0, err
		}
		return r.unconnected(ctx, m, p.pause)
	}
	r.calm(m)
	if err := r.identify(ctx, m, vm); err != nil { // by now it may have an address in its VPC
		return 0, err
	}
	reachable, err := r.addressed(ctx, m, vm)
	if err != nil {
		return 0, err
	}
	if (!vm.Usable() || !reachable) && !r.serves(ctx, m) {
		what := "The VPS is starting"
		if vm.Usable() {
			what = "The VPS runs, but has no IPv4 address yet"
		}
		r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonStarting, what)
		return r.overdue(ctx, m)
	}
	if m.Status.ProvisionedAt == nil {
		m.Status.ProvisionedAt = new(metav1.NewTime(r.Clock.Now()))
	}
	m.Status.Phase = v1alpha1.PhaseProvisioned
	r.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionTrue, reasonRunning, "VPS is running on VPSie platform")
	return r.join(ctx, m)
}

// identify writes down the VPS's number, identifier and addresses.
func (r *launcher) identify(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) error {
	return r.patch(ctx, m, func(m *v1alpha1.VPSieNode) {
		m.Spec.VPSieInstanceID = int64(vm.ID)
		metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationVPSIdentifier, vm.Identifier)
		if address := primaryAddress(m, vm); address != "" {
			m.Spec.IPAddress = address
		}
		if vm.IPv6 != "" {
			m.Spec.IPv6Address = vm.IPv6
		}
	})
}

func (r *launcher) describe(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) {
	m.Status.VPSieStatus = statusOf(vm)
	m.Status.Hostname = vm.Hostname
	m.Status.Resources = v1alpha1.NodeResources{
		CPU: int64(vm.CPU), MemoryMB: int64(vm.MemoryMB), DiskGB: int64(vm.DiskGB), BandwidthGB: int64(vm.TrafficGB),
	}
	group, err := r.groupOf(ctx, r.Client, m)
	if err != nil {
		return // The price is informational; ignore the error.
	}
	r.prices.notePrice(ctx, m, group)
}

// statusOf says in the cloud's words how a VPS is; the list has flags, no word.
func statusOf(vm *vpsie.VM) string {
	switch {
	case vm.Gone():
		return "deleted"
	case vm.Suspended:
		return "suspended"
	case !vm.Active:
		return "pending"
	case vm.PoweredOn:
		return "running"
	}
	return "stopped"
}

// byNumber returns the VPS that the machine names as the sight shows it, nil when it does not: it is asked for by itself then,
// from the next look on.
func byNumber(c *cloud.Cloud, m *v1alpha1.VPSieNode, sight *cloud.Sight) *vpsie.VM {
	vm := sight.ByID(m.Spec.VPSieInstanceID)
	if vm == nil {
		c.Expect(m.Spec.VPSieInstanceID, m.Annotations[v1alpha1.AnnotationVPSIdentifier])
	}
	return vm
}

// proofAfter is how long the machine's VPS must stay out of sight until it counts as gone, given how long that usually is.
func proofAfter(m *v1alpha1.VPSieNode, sight *cloud.Sight, usual time.Duration) time.Duration {
	return sight.ProofAfter(m.Spec.VPSieInstanceID, m.Annotations[v1alpha1.AnnotationVPSIdentifier], usual)
}

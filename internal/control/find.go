package control

import (
	"fmt"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// reasonSeveralVPSes is that of a machine for which there is more than one VPS.
const reasonSeveralVPSes = "SeveralVPSes"

// find returns the machine's VPS as the cloud's lists show it: by its number once
// it is known, else by the hostname that it was ordered under, of several the one that was ordered last. A VPS of that name
// that somebody else ordered is an error, never taken over.
func (r *store) find(m *v1alpha1.VPSieNode, sight *cloud.Sight) (vm *vpsie.VM, pending bool, err error) {
	if m.Spec.VPSieInstanceID != 0 {
		return byNumber(r.Cloud, m, sight), false, nil
	}
	vm, pending, err = sight.ByHostname(m.Name)
	if own := orderedFor(r.Cloud, m, sight); len(own) > 0 {
		return own[0], pending, nil
	}
	if err != nil || vm == nil {
		return nil, pending, err
	}
	switch _, ours := r.Cloud.Ours(vm); {
	case ours:
		return nil, false, fmt.Errorf("VPS %d has the hostname %s, but was ordered for another VPSieNode of that name", vm.ID, m.Name)
	case vm.Notes != "":
		return nil, false, fmt.Errorf("VPS %d has the hostname %s, but was not ordered by this cluster", vm.ID, m.Name)
	case !vm.CreatedAt.IsZero() && vm.CreatedAt.Before(m.CreationTimestamp.Add(-clockSkew)):
		return nil, false, fmt.Errorf("VPS %d has the hostname %s, but is older than the VPSieNode and carries no mark", vm.ID, m.Name)
	}
	return vm, pending, nil
}

// clockSkew is how far the cloud's clock may be behind the cluster's. Without it an
// own VPS would be refused whose notes the cloud has not filled in yet.
const clockSkew = time.Minute

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

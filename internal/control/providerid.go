package control

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// vpsieScheme begins the providerIDs of VPSes that have a scheme.
const vpsieScheme = "vpsie://"

// ProviderIDFormat is how Node.spec.providerID names a VPS; empty leaves it to others. The vendor's cloud-controller-manager
// hands the providerID as it is to the load balancers, which know a VPS by the bare identifier.
type ProviderIDFormat string

const providerIDIdentifier, providerIDDatacenter = "{identifier}", "{datacenter}"

// Validate refuses formats in which nobody would find the VPS again.
func (f ProviderIDFormat) Validate() error {
	rest := strings.NewReplacer(providerIDIdentifier, "", providerIDDatacenter, "").Replace(string(f))
	switch {
	case f == "":
		return nil
	case f != providerIDIdentifier && !strings.HasSuffix(string(f), "/"+providerIDIdentifier):
		return fmt.Errorf("%q does not end in %s, alone or behind a slash", f, providerIDIdentifier)
	case f != providerIDIdentifier && !strings.HasPrefix(string(f), vpsieScheme):
		return fmt.Errorf("%q is neither %s nor begins with %s", f, providerIDIdentifier, vpsieScheme)
	case strings.ContainsAny(rest, "{} "):
		return fmt.Errorf("%q has other words in braces than %s and %s", f, providerIDIdentifier, providerIDDatacenter)
	}
	return nil
}

// of is the VPS's providerID; empty when the VPS is not known well enough.
func (f ProviderIDFormat) of(vm *vpsie.VM) string {
	if vm.Identifier == "" {
		return ""
	}
	return strings.NewReplacer(providerIDIdentifier, vm.Identifier, providerIDDatacenter, vm.DatacenterID).Replace(string(f))
}

// bearsID tells whether a providerID names the VPS, in any form: the bare
// identifier, vpsie://identifier, or a path that ends in it.
func bearsID(providerID string, vm *vpsie.VM) bool {
	id := providerID[strings.LastIndex(providerID, "/")+1:]
	return id != "" && (strings.EqualFold(id, vm.Identifier) || id == fmt.Sprint(vm.ID))
}

// isVPS tells whether the node's providerID is that of a VPS, in any form, whichever VPS it is.
func isVPS(n *corev1.Node) bool {
	return strings.HasPrefix(n.Spec.ProviderID, vpsieScheme) || uuid.Validate(n.Spec.ProviderID) == nil
}

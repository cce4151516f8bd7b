package cluster

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// The CEL rules of datacenters in the NodeGroup's CustomResourceDefinition.
const (
	datacenterRule      = "datacenterID or datacenters must say where the nodes are; name one in datacenterID, or several in datacenters"
	notBothPlacesRule   = "datacenters cannot be set beside datacenterID; remove one of the two"
	spreadRule          = "spread chooses among datacenters, and there is only datacenterID; name the datacenters in datacenters, or remove spread"
	zoneLabelRule       = "labels: topology.kubernetes.io/zone is each node's datacenter where datacenters is set; remove the label, or use datacenterID"
	zoneSelectorRule    = "nodeSelector: topology.kubernetes.io/zone is each node's datacenter where datacenters is set; remove it, or use datacenterID"
	twiceDatacenterRule = "datacenters: one is named twice in other letters; name each once"
)

func checkDatacenters(s *v1alpha1.NodeGroupSpec, spec *field.Path) field.ErrorList {
	path := spec.Child("datacenters")
	if !s.Zonal() {
		var faults field.ErrorList
		if s.DatacenterID == "" {
			faults = append(faults, field.Required(spec.Child("datacenterID"), datacenterRule))
		}
		if s.Spread != "" {
			faults = append(faults, field.Invalid(spec.Child("spread"), s.Spread, spreadRule))
		}
		return faults
	}
	var faults field.ErrorList
	if s.DatacenterID != "" {
		faults = append(faults, field.Invalid(path, s.DatacenterIDs(), notBothPlacesRule))
	}
	for i, d := range s.Datacenters {
		same := func(other v1alpha1.Datacenter) bool { return strings.EqualFold(other.ID, d.ID) }
		if slices.ContainsFunc(s.Datacenters[:i], same) {
			faults = append(faults, field.Invalid(path.Index(i).Child("id"), d.ID, twiceDatacenterRule))
		}
	}
	if zone, set := s.Labels[corev1.LabelTopologyZone]; set {
		faults = append(faults, field.Invalid(spec.Child("labels").Key(corev1.LabelTopologyZone), zone, zoneLabelRule))
	}
	if zone, set := s.NodeSelector[corev1.LabelTopologyZone]; set {
		faults = append(faults, field.Invalid(spec.Child("nodeSelector").Key(corev1.LabelTopologyZone), zone, zoneSelectorRule))
	}
	return faults
}

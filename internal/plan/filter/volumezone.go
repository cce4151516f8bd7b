package filter

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	volumehelpers "k8s.io/component-helpers/storage/volume"
)

// zoneLabels are those by which a volume says where it is.
func zoneLabels() []string {
	return []string{corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion, corev1.LabelTopologyZone, corev1.LabelTopologyRegion}
}

// suit says whether the volumes can be used on the node.
func (v *volumes) suit(node *corev1.Node) bool {
	for i := range v.bound {
		if volumehelpers.CheckNodeAffinity(v.bound[i].on(node), node.Labels) != nil {
			return false
		}
	}
	for _, pv := range v.zoned {
		if !inZone(pv, node) {
			return false
		}
	}
	for _, u := range v.unbound {
		if !u.suits(node) {
			return false
		}
	}
	return true
}

// obstacle says which of the volumes cannot be used on the node, a new one.
func (v *volumes) obstacle(node *corev1.Node) string {
	for i := range v.bound {
		if pv := v.bound[i].on(node); volumehelpers.CheckNodeAffinity(pv, node.Labels) != nil {
			return "PersistentVolume " + pv.Name + " can only be used on nodes with " + termsText(pv.Spec.NodeAffinity.Required.NodeSelectorTerms) + " (its nodeAffinity)"
		}
	}
	for _, pv := range v.zoned {
		if !inZone(pv, node) {
			return "PersistentVolume " + pv.Name + " can only be used on nodes with " + zoneText(pv) + " (its labels)"
		}
	}
	for _, u := range v.unbound {
		switch {
		case u.suits(node):
		case u.selected != "":
			return "PersistentVolumeClaim " + u.key + " waits for its volume on node " + u.selected
		default:
			return "PersistentVolumeClaim " + u.key + " can get no volume of StorageClass " + u.class.Name + " on nodes of it"
		}
	}
	return ""
}

// zoneText prints the zone and region labels of a volume.
func zoneText(pv *corev1.PersistentVolume) string {
	var parts []string
	for _, key := range zoneLabels() {
		if zones := zonesOf(pv.Labels[key]); len(zones) > 0 {
			parts = append(parts, fmt.Sprintf("%s In [%s]", key, strings.Join(zones, " ")))
		}
	}
	return strings.Join(parts, ", ")
}

// inZone holds the zone and region labels of a volume against those of the node; a
// node without any takes all volumes.
func inZone(pv *corev1.PersistentVolume, node *corev1.Node) bool {
	if !slices.ContainsFunc(zoneLabels(), func(key string) bool { _, ok := node.Labels[key]; return ok }) {
		return true
	}
	for _, key := range zoneLabels() {
		value, ok := pv.Labels[key]
		if !ok {
			continue
		}
		on, ok := node.Labels[key]
		if !ok {
			on, ok = node.Labels[strings.Replace(key, "failure-domain.beta.kubernetes.io", "topology.kubernetes.io", 1)]
		}
		if zones := zonesOf(value); len(zones) > 0 && (!ok || !slices.Contains(zones, on)) {
			return false
		}
	}
	return true
}

// zonesOf are the zones that a volume's label names; none when one of them is empty,
// for kube-scheduler ignores such a label.
func zonesOf(label string) []string {
	zones := strings.Split(label, "__")
	for i, z := range zones {
		zones[i] = strings.TrimSpace(z)
	}
	if slices.Contains(zones, "") {
		return nil
	}
	return zones
}

// matchesTopology says whether the class makes volumes for the node.
func matchesTopology(class *storagev1.StorageClass, node *corev1.Node) bool {
	if len(class.AllowedTopologies) == 0 {
		return true
	}
	return slices.ContainsFunc(class.AllowedTopologies, func(term corev1.TopologySelectorTerm) bool {
		for _, e := range term.MatchLabelExpressions {
			if value, ok := node.Labels[e.Key]; !ok || !slices.Contains(e.Values, value) {
				return false
			}
		}
		return len(term.MatchLabelExpressions) > 0
	})
}

// asks calls note with every label key that the volumes look at.
func (v *volumes) asks(note func(key string)) {
	for _, key := range zoneLabels() {
		note(key)
	}
	for _, b := range v.bound {
		asksOf(b.PersistentVolume, note)
		if b.csi != nil {
			asksOf(b.csi, note)
			note(corev1.LabelHostname) // which of the two binds differs from node to node
		}
	}
	for _, u := range v.unbound {
		u.asks(note)
	}
}

func asksOf(pv *corev1.PersistentVolume, note func(key string)) {
	if pv.Spec.NodeAffinity == nil || pv.Spec.NodeAffinity.Required == nil {
		return
	}
	for _, term := range pv.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, r := range term.MatchExpressions {
			note(r.Key)
		}
		if len(term.MatchFields) > 0 {
			note(corev1.LabelHostname)
		}
	}
}

func (u *unboundClaim) asks(note func(key string)) {
	if u.selected != "" {
		note(corev1.LabelHostname)
	}
	for _, pv := range u.candidates {
		asksOf(pv, note)
	}
	for _, c := range u.capacities {
		for _, key := range c.keys {
			note(key)
		}
	}
	for _, term := range u.class.AllowedTopologies {
		for _, e := range term.MatchLabelExpressions {
			note(e.Key)
		}
	}
}

// namesNodes says whether the volumes look at what differs from node to node.
func (v *volumes) namesNodes() bool {
	found := false
	v.asks(func(key string) { found = found || key == corev1.LabelHostname })
	return found
}

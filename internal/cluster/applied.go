package cluster

import (
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Applied is who applies an object in which version of the API.
type Applied struct{ By, Version string }

// AppliedIn reads who applies the object in which version. Other writes do not count: the API server keeps their old entries
// for as long as the fields stay as they are.
func AppliedIn(o metav1.Object) []Applied {
	var all []Applied
	add := func(by, apiVersion string) {
		if gv, err := schema.ParseGroupVersion(apiVersion); err == nil && gv.Group == v1alpha1.GroupVersion.Group {
			all = append(all, Applied{by, gv.Version})
		}
	}
	var last metav1.TypeMeta
	if json.Unmarshal([]byte(o.GetAnnotations()[corev1.LastAppliedConfigAnnotation]), &last) == nil {
		add("kubectl apply", last.APIVersion)
	}
	for _, m := range o.GetManagedFields() {
		if isApplied(m) {
			add(m.Manager, m.APIVersion)
		}
	}
	return all
}

func isApplied(m metav1.ManagedFieldsEntry) bool {
	return m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == ""
}

// keepApplied is the transform of the cache for our own kinds: of managedFields it keeps what AppliedIn reads.
func keepApplied(object any) (any, error) {
	o, ok := object.(metav1.Object)
	if !ok {
		return object, nil // the tombstone of a deletion
	}
	var kept []metav1.ManagedFieldsEntry
	for _, m := range o.GetManagedFields() {
		if isApplied(m) {
			kept = append(kept, metav1.ManagedFieldsEntry{Manager: m.Manager, Operation: m.Operation, APIVersion: m.APIVersion})
		}
	}
	o.SetManagedFields(kept)
	return object, nil
}

// DeprecatedUse counts the NodeGroups, and the VPSieNodes that people made, that are applied with something deprecated. All
// that is deprecated is a key, and is 0 when nobody uses it.
func DeprecatedUse(o *Objects) map[string]int {
	use := map[string]int{}
	for _, version := range v1alpha1.DeprecatedVersions() {
		use[v1alpha1.VersionField(version)] = 0
	}
	count := func(object metav1.Object) {
		seen := map[string]bool{}
		for _, a := range AppliedIn(object) {
			if slices.Contains(v1alpha1.DeprecatedVersions(), a.Version) && !seen[a.Version] {
				seen[a.Version] = true
				use[v1alpha1.VersionField(a.Version)]++
			}
		}
	}
	for _, g := range o.NodeGroups {
		count(g)
	}
	for _, m := range o.VPSieNodes {
		if madeByPerson(m) {
			count(m)
		}
	}
	return use
}

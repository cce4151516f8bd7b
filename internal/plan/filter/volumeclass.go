package filter

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// The annotations that mark the StorageClass of claims that name none.
const (
	DefaultClass     = "storageclass.kubernetes.io/is-default-class"
	defaultClassBeta = "storageclass.beta.kubernetes.io/is-default-class"
)

// defaultStorageClass is the class that Kubernetes gives a claim without one: of
// several the newest, of equally old ones the first by name. It is empty for none.
func defaultStorageClass(classes []*storagev1.StorageClass) string {
	marked := slices.DeleteFunc(slices.Clone(classes), func(c *storagev1.StorageClass) bool {
		return c.Annotations[DefaultClass] != "true" && c.Annotations[defaultClassBeta] != "true"
	})
	if len(marked) == 0 {
		return ""
	}
	return slices.MinFunc(marked, func(a, b *storagev1.StorageClass) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	}).Name
}

// classed is the claim with the default class, if it waits for one. A claim with an
// empty class wants none.
func classed(claim *corev1.PersistentVolumeClaim, class string) *corev1.PersistentVolumeClaim {
	if class == "" || claim.Spec.VolumeName != "" || claim.Spec.StorageClassName != nil || claim.Annotations[corev1.BetaStorageClassAnnotation] != "" {
		return claim
	}
	claim = claim.DeepCopy()
	claim.Spec.StorageClassName = &class
	return claim
}

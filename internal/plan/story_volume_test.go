package plan

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// volumeLine reads claims, volumes, storage classes and CSI nodes:
//
//	claim data volume=v1 once
//	claim later class=fast selected=n1
//	volume v1 zone=z1 host=n1 driver=csi.example.com
//	storageclass fast wait zones=z1,z2
//	csinode n1 csi.example.com=2
func (s *story) volumeLine(kind, name string, a *attrs) bool {
	switch kind {
	case "claim":
		s.claim(name, a)
	case "volume":
		s.volume(name, a)
	case "storageclass":
		s.storageClass(name, a)
	case "csinode":
		n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
		for driver, limit := range a.values {
			count, err := strconv.Atoi(limit[0])
			a.note(err)
			n.Spec.Drivers = append(n.Spec.Drivers, storagev1.CSINodeDriver{Name: driver, Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(count))}})
			delete(a.values, driver)
		}
		s.state.CSINodes = append(s.state.CSINodes, n)
	default:
		return false
	}
	return true
}

func (s *story) claim(name string, a *attrs) {
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: a.text("namespace", "default"), Name: name, Annotations: map[string]string{}}}
	if v := a.text("volume", ""); v != "" {
		c.Spec.VolumeName, c.Status.Phase = v, corev1.ClaimBound
	}
	if class := a.text("class", ""); class != "" {
		c.Spec.StorageClassName = &class
	}
	if a.flag("once") {
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
	}
	if a.flag("deleted") {
		c.DeletionTimestamp = &metav1.Time{Time: storyNow}
	}
	if a.flag("lost") {
		c.Status.Phase = corev1.ClaimLost
	}
	if node := a.text("selected", ""); node != "" {
		c.Annotations["volume.kubernetes.io/selected-node"] = node
	}
	s.state.Claims = append(s.state.Claims, c)
}

func (s *story) volume(name string, a *attrs) {
	v := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	if zone := a.text("zone", ""); zone != "" {
		v.Labels[corev1.LabelTopologyZone] = zone
	}
	if driver := a.text("driver", ""); driver != "" {
		v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: name}
	}
	if host := a.text("host", ""); host != "" {
		v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{host}}},
		}}}}
	}
	s.state.Volumes = append(s.state.Volumes, v)
}

func (s *story) storageClass(name string, a *attrs) {
	mode := storagev1.VolumeBindingImmediate
	if a.flag("wait") {
		mode = storagev1.VolumeBindingWaitForFirstConsumer
	}
	c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: a.text("provisioner", "csi.example.com"), VolumeBindingMode: &mode}
	if zones := a.text("zones", ""); zones != "" {
		c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{
			Key: corev1.LabelTopologyZone, Values: strings.Split(zones, ","),
		}}}}
	}
	s.state.StorageClasses = append(s.state.StorageClasses, c)
}

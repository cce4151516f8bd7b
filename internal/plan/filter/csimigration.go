package filter

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	csitranslation "k8s.io/csi-translation-lib"
	csiplugins "k8s.io/csi-translation-lib/plugins"
	"k8s.io/klog/v2"
)

// migrated says whether volumes of what used to be a part of Kubernetes are a CSI
// driver's to kube-scheduler.
func migrated(plugin string) bool {
	return slices.Contains([]string{
		csiplugins.AWSEBSInTreePluginName, csiplugins.GCEPDInTreePluginName, csiplugins.AzureDiskInTreePluginName,
		csiplugins.CinderInTreePluginName, csiplugins.PortworxVolumePluginName,
	}, plugin)
}

// asCSI is a volume in a CSI driver's words, and the plugin that it was written for;
// nil when that is no matter of a CSI driver.
func asCSI(pv *corev1.PersistentVolume) (string, *corev1.PersistentVolume) {
	t := csitranslation.New()
	if !t.IsPVMigratable(pv) {
		return "", nil
	}
	plugin, err := t.GetInTreePluginNameFromSpec(pv, nil)
	if err != nil || !migrated(plugin) {
		return "", nil
	}
	csi, err := t.TranslateInTreePVToCSI(klog.Logger{}, pv)
	if err != nil || csi.Spec.CSI == nil {
		return "", nil
	}
	return plugin, csi
}

// attachmentOf is what a volume is in the reckoning of its driver, if any.
func attachmentOf(pv *corev1.PersistentVolume) (attachment, bool) {
	source := pv.Spec.CSI
	if source == nil {
		_, csi := asCSI(pv)
		if csi == nil {
			return attachment{}, false
		}
		source = csi.Spec.CSI
	}
	return attachment{source.Driver, source.VolumeHandle}, source.Driver != "" && source.VolumeHandle != ""
}

// inlineAttachment is the same for a disk that a pod names itself.
func inlineAttachment(volume *corev1.Volume, namespace string) (attachment, bool) {
	t := csitranslation.New()
	if !t.IsInlineMigratable(volume) {
		return attachment{}, false
	}
	plugin, err := t.GetInTreePluginNameFromSpec(nil, volume)
	if err != nil || !migrated(plugin) {
		return attachment{}, false
	}
	pv, err := t.TranslateInTreeInlineVolumeToCSI(klog.Logger{}, volume, namespace)
	if err != nil || pv == nil || pv.Spec.CSI == nil {
		return attachment{}, false
	}
	return attachment{pv.Spec.CSI.Driver, pv.Spec.CSI.VolumeHandle}, true
}

// driverOf is the CSI driver that makes the volumes of a class; empty for none.
func driverOf(class *storagev1.StorageClass) string {
	t := csitranslation.New()
	if !t.IsMigratableIntreePluginByName(class.Provisioner) {
		return class.Provisioner
	}
	name, err := t.GetCSINameFromInTreeName(class.Provisioner)
	if err != nil || !migrated(class.Provisioner) {
		return ""
	}
	return name
}

// hasMigrated says whether the node's kubelet hands the plugin's volumes to CSI.
func hasMigrated(node *corev1.Node, plugin string) bool {
	return slices.Contains(strings.Split(node.Annotations[corev1.MigratedPluginsAnnotationKey], ","), plugin)
}

package plan

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// volumeLine reads claims, volumes, storage classes and CSI nodes:
//
//	claim data volume=v1 once
//	claim later class=fast selected=n1
//	volume v1 zone=z1 host=n1 driver=csi.example.com
//	volume v2 class=local size=10Gi free host=n1
//	volume v3 disk=d1 diskzone=z1
//	storageclass fast wait zones=z1,z2
//	csinode n1 csi.example.com=2 migrated=kubernetes.io/cinder
//	csidriver csi.example.com capacity required
//	capacity c1 class=fast size=10Gi zone=z1
//	attachment a1 node=n1 volume=v1 driver=csi.example.com
func (s *story) volumeLine(kind, name string, a *attrs) bool {
	switch kind {
	case "claim":
		s.claim(name, a)
	case "volume":
		s.volume(name, a)
	case "storageclass":
		s.storageClass(name, a)
	case "csinode":
		n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{}}}
		if plugins := a.text("migrated", ""); plugins != "" {
			n.Annotations[corev1.MigratedPluginsAnnotationKey] = plugins
		}
		keys := a.all("keys")
		for driver, limit := range a.values {
			count, err := strconv.Atoi(limit[0])
			a.note(err)
			n.Spec.Drivers = append(n.Spec.Drivers, storagev1.CSINodeDriver{Name: driver, TopologyKeys: keys, Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(count))}})
			delete(a.values, driver)
		}
		s.state.CSINodes = append(s.state.CSINodes, n)
	case "csidriver":
		s.state.CSIDrivers = append(s.state.CSIDrivers, &storagev1.CSIDriver{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       storagev1.CSIDriverSpec{StorageCapacity: new(a.flag("capacity")), PreventPodSchedulingIfMissing: new(a.flag("required"))},
		})
	case "capacity":
		s.state.StorageCapacities = append(s.state.StorageCapacities, &storagev1.CSIStorageCapacity{
			ObjectMeta: metav1.ObjectMeta{Name: name}, StorageClassName: a.text("class", ""), Capacity: new(resource.MustParse(a.text("size", "0"))),
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelTopologyZone: a.text("zone", "")}},
		})
	case "attachment":
		s.state.VolumeAttachments = append(s.state.VolumeAttachments, &storagev1.VolumeAttachment{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: storagev1.VolumeAttachmentSpec{
				Attacher: a.text("driver", ""), NodeName: a.text("node", ""), Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: new(a.text("volume", ""))},
			},
		})
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
	if size := a.text("size", ""); size != "" {
		c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	}
	if a.flag("deleted") {
		c.DeletionTimestamp = &metav1.Time{Time: storyNow}
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
	if size := a.text("size", ""); size != "" {
		v.Spec.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	}
	v.Spec.StorageClassName = a.text("class", "")
	if a.flag("free") {
		v.Status.Phase = corev1.VolumeAvailable
	}
	if disk := a.text("disk", ""); disk != "" {
		v.Spec.Cinder = &corev1.CinderPersistentVolumeSource{VolumeID: disk}
		v.Spec.NodeAffinity = nodesWith(corev1.LabelTopologyZone, a.text("diskzone", "z1"))
	}
	if host := a.text("host", ""); host != "" {
		v.Spec.NodeAffinity = nodesWith(corev1.LabelHostname, host)
	}
	for key, value := range a.pairs("on") {
		v.Spec.NodeAffinity = nodesWith(key, value)
	}
	s.state.Volumes = append(s.state.Volumes, v)
}

func nodesWith(key, value string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}},
	}}}}
}

// disk is a disk that a pod names itself, such as ebs/vol1, or rbd/image/ro.
func (a *attrs) disk(text string) corev1.Volume {
	kind, name, _ := strings.Cut(text, "/")
	name, mode, _ := strings.Cut(name, "/")
	v, readOnly := corev1.Volume{Name: kind}, mode == "ro"
	switch kind {
	case "ebs":
		v.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: name}
	case "pd":
		v.GCEPersistentDisk = &corev1.GCEPersistentDiskVolumeSource{PDName: name, ReadOnly: readOnly}
	case "rbd":
		v.RBD = &corev1.RBDVolumeSource{CephMonitors: []string{"m1", "m2"}, RBDPool: "p", RBDImage: name, ReadOnly: readOnly}
	case "iscsi":
		v.ISCSI = &corev1.ISCSIVolumeSource{IQN: name, ReadOnly: readOnly}
	case "cinder":
		v.Cinder = &corev1.CinderVolumeSource{VolumeID: name}
	default:
		a.note(fmt.Errorf("unknown disk %q", text))
	}
	return v
}

func (s *story) storageClass(name string, a *attrs) {
	mode := storagev1.VolumeBindingImmediate
	if a.flag("wait") {
		mode = storagev1.VolumeBindingWaitForFirstConsumer
	}
	c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: a.text("provisioner", "csi.example.com"), VolumeBindingMode: &mode}
	if a.flag("default") {
		c.Annotations = map[string]string{filter.DefaultClass: "true"}
	}
	if _, ok := a.values["age"]; ok {
		c.CreationTimestamp = metav1.Time{Time: a.ago("age")}
	}
	if zones := a.text("zones", ""); zones != "" {
		c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{
			Key: corev1.LabelTopologyZone, Values: strings.Split(zones, ","),
		}}}}
	}
	for key, value := range a.pairs("on") {
		c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: key, Values: []string{value}}}}}
	}
	s.state.StorageClasses = append(s.state.StorageClasses, c)
}

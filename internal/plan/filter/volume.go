package filter

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/component-helpers/storage/ephemeral"
	volumehelpers "k8s.io/component-helpers/storage/volume"
)

// storage finds claims, volumes and classes.
type storage struct {
	claims  map[string]*corev1.PersistentVolumeClaim // by namespace/name
	volumes map[string]*corev1.PersistentVolume
	classes map[string]*storagev1.StorageClass
	// volumesOf are the volumes by class, by name.
	volumesOf  map[string][]*corev1.PersistentVolume
	drivers    map[string]*storagev1.CSIDriver
	capacities map[string][]*storagev1.CSIStorageCapacity // by class
	// unboundClaims are those that have been looked at; taken are the volumes that they get.
	unboundClaims map[string]*unboundClaim
	taken         map[string]*corev1.PersistentVolume
	// users counts the pods of claims that only one pod may use.
	users map[string]int
	// attaches: some pod has a volume that a driver counts.
	attaches bool
}

func newStorage(s *Objects) *storage {
	st := &storage{
		claims: map[string]*corev1.PersistentVolumeClaim{}, volumes: map[string]*corev1.PersistentVolume{},
		classes: map[string]*storagev1.StorageClass{}, users: map[string]int{},
		volumesOf: map[string][]*corev1.PersistentVolume{}, drivers: map[string]*storagev1.CSIDriver{},
		capacities: map[string][]*storagev1.CSIStorageCapacity{}, unboundClaims: map[string]*unboundClaim{}, taken: map[string]*corev1.PersistentVolume{},
	}
	class := defaultStorageClass(s.StorageClasses)
	for _, c := range s.Claims {
		st.claims[c.Namespace+"/"+c.Name] = classed(c, class)
	}
	for _, v := range s.Volumes {
		st.volumes[v.Name] = v
		class := volumehelpers.GetPersistentVolumeClass(v)
		st.volumesOf[class] = append(st.volumesOf[class], v)
	}
	for _, list := range st.volumesOf {
		// Of equal volumes the first by name is taken, whatever order they come in.
		slices.SortFunc(list, func(a, b *corev1.PersistentVolume) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, d := range s.CSIDrivers {
		st.drivers[d.Name] = d
	}
	for _, c := range s.StorageCapacities {
		st.capacities[c.StorageClassName] = append(st.capacities[c.StorageClassName], c)
	}
	for _, c := range s.StorageClasses {
		st.classes[c.Name] = c
	}
	return st
}

// volumes is what the persistent volumes of a class's pods ask of a node.
type volumes struct {
	// problem says why no node will do, if so.
	problem Refusal
	// bound are the volumes that exist; where any is, its affinity binds.
	bound []boundVolume
	// zoned are those of them whose zone and region labels bind too: kube-scheduler
	// does not look at the labels of a pod's own ephemeral volumes.
	zoned []*corev1.PersistentVolume
	// unbound are the claims that get their volume where the pod is, by size.
	unbound []*unboundClaim
	// disks are those that the pod names without a claim.
	disks []*corev1.Volume
	// attached are what counts towards a node's limits, by driver.
	attached []attachment
	// exclusive are the claims that only one pod may use, as namespace/name.
	exclusive []string
}

// boundVolume is a volume, and in a CSI driver's words if it was not written for one.
type boundVolume struct {
	*corev1.PersistentVolume
	plugin string
	csi    *corev1.PersistentVolume
}

// on is the volume as the node's kubelet sees it.
func (b *boundVolume) on(node *corev1.Node) *corev1.PersistentVolume {
	if b.csi != nil && hasMigrated(node, b.plugin) {
		return b.csi
	}
	return b.PersistentVolume
}

// attachment is a volume in a CSI driver's reckoning.
type attachment struct{ driver, handle string }

// read works out the persistent volumes of a pod; nil when it has none.
func (st *storage) read(pod *corev1.Pod) *volumes {
	var v *volumes
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		name := ""
		switch {
		case volume.PersistentVolumeClaim != nil:
			name = volume.PersistentVolumeClaim.ClaimName
		case volume.Ephemeral != nil:
			name = ephemeral.VolumeClaimName(pod, volume)
		case ownDisk(volume):
		default:
			continue
		}
		if v == nil {
			v = &volumes{}
		}
		if name == "" {
			v.readDisk(volume, pod.Namespace)
			continue
		}
		if why := st.readClaim(v, pod, volume, name); why != "" && v.problem.Reason == "" {
			v.problem = Refusal{VolumeZone, fmt.Sprintf("PersistentVolumeClaim %s/%s of volume %s %s", pod.Namespace, name, volume.Name, why)}
		}
	}
	if v != nil {
		slices.SortStableFunc(v.unbound, func(a, b *unboundClaim) int {
			return a.object.Spec.Resources.Requests.Storage().Cmp(*b.object.Spec.Resources.Requests.Storage())
		})
		st.attaches = st.attaches || len(v.attached) > 0
	}
	return v
}

func (v *volumes) readDisk(volume *corev1.Volume, namespace string) {
	v.disks = append(v.disks, volume)
	if a, ok := inlineAttachment(volume, namespace); ok {
		v.attached = append(v.attached, a)
	}
}

// readClaim works out one claim and says what is wrong with it, if anything.
func (st *storage) readClaim(v *volumes, pod *corev1.Pod, volume *corev1.Volume, name string) string {
	claim := st.claims[pod.Namespace+"/"+name]
	if claim == nil {
		return "does not exist"
	}
	st.readUse(v, claim, volume)
	switch {
	case claim.DeletionTimestamp != nil:
		return "is being deleted"
	case claim.Status.Phase == corev1.ClaimLost:
		return "has lost its PersistentVolume " + claim.Spec.VolumeName
	case volume.Ephemeral != nil && pod.UID != "" && ephemeral.VolumeIsForPod(pod, claim) != nil:
		return "belongs to another pod"
	}
	if claim.Spec.VolumeName == "" {
		return st.readUnbound(v, claim)
	}
	if _, done := claim.Annotations[volumehelpers.AnnBindCompleted]; !done && claim.Status.Phase != corev1.ClaimBound {
		return "is not bound to its PersistentVolume " + claim.Spec.VolumeName + " yet"
	}
	pv := st.volumes[claim.Spec.VolumeName]
	if pv == nil {
		return "names PersistentVolume " + claim.Spec.VolumeName + ", which does not exist"
	}
	plugin, csi := asCSI(pv)
	v.bound = append(v.bound, boundVolume{pv, plugin, csi})
	if volume.Ephemeral == nil {
		v.zoned = append(v.zoned, pv)
	}
	return ""
}

// readUse works out what pods that hold the claim keep others from, whatever is wrong
// with it.
func (st *storage) readUse(v *volumes, claim *corev1.PersistentVolumeClaim, volume *corev1.Volume) {
	// kube-scheduler does not mind who uses a pod's own ephemeral volume.
	if volume.Ephemeral == nil && slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) {
		v.exclusive = append(v.exclusive, claim.Namespace+"/"+claim.Name)
	}
	if pv := st.volumes[claim.Spec.VolumeName]; pv != nil {
		if a, ok := attachmentOf(pv); ok {
			v.attached = append(v.attached, a)
		}
		return
	}
	if class := st.classes[volumehelpers.GetPersistentVolumeClaimClass(claim)]; class != nil && driverOf(class) != "" {
		v.attached = append(v.attached, attachment{driverOf(class), "claim " + claim.Namespace + "/" + claim.Name})
	}
}

// readUnbound works out a claim whose volume is made once the pod has a node.
func (st *storage) readUnbound(v *volumes, claim *corev1.PersistentVolumeClaim) string {
	className := volumehelpers.GetPersistentVolumeClaimClass(claim)
	class := st.classes[className]
	switch {
	case className == "":
		return "is not bound and names no StorageClass, and none is marked as the default"
	case class == nil:
		return "names StorageClass " + className + ", which does not exist"
	case class.VolumeBindingMode == nil || *class.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer:
		return "is not bound, and its StorageClass " + className + " does not wait for a pod to be placed"
	}
	u := st.unbound(claim, class)
	if !u.makes && len(u.candidates) == 0 {
		return "is not bound, and its StorageClass " + className + " makes no volumes and has none"
	}
	if !slices.Contains(v.unbound, u) {
		v.unbound = append(v.unbound, u)
	}
	return ""
}

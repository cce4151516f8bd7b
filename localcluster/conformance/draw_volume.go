package conformance

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	volumehelpers "k8s.io/component-helpers/storage/volume"
)

const claimsPerNamespace = 5

// storage draws storage classes, volumes, and claims that pods may name.
func (d *drawing) storage() {
	c := d.cluster
	wait, now := storagev1.VolumeBindingWaitForFirstConsumer, storagev1.VolumeBindingImmediate
	c.classes = []*storagev1.StorageClass{
		{ObjectMeta: metav1.ObjectMeta{Name: "wait"}, Provisioner: driverA, VolumeBindingMode: &wait},
		{ObjectMeta: metav1.ObjectMeta{Name: "wait-zone"}, Provisioner: driverB, VolumeBindingMode: &wait, AllowedTopologies: []corev1.TopologySelectorTerm{{
			MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: corev1.LabelTopologyZone, Values: some(d, 1, 2, "z1", "z2", "z3")}},
		}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "now"}, Provisioner: driverA, VolumeBindingMode: &now},
		{ObjectMeta: metav1.ObjectMeta{Name: localClass}, Provisioner: volumehelpers.NotSupportedProvisioner, VolumeBindingMode: &wait},
	}
	for _, namespace := range []string{"default", "other"} {
		for i := range claimsPerNamespace {
			d.claim(namespace, fmt.Sprintf("c%d", i))
		}
	}
	d.localVolumes()
	for _, name := range []string{driverA, driverB} {
		if d.chance(35) {
			d.driver(name)
		}
	}
}

// localClass makes no volumes: claims of it get one of those that there are on a node.
const localClass = "static"

// localVolumes draws volumes that nobody has claimed, each on one node, all alike: so it
// does not matter which of a node's a claim gets.
func (d *drawing) localVolumes() {
	if !d.chance(60) {
		return
	}
	for _, n := range d.cluster.nodes {
		for i := range max(d.between(-2, 2), 0) {
			v := &corev1.PersistentVolume{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("local-%s-%d", n.Name, i)},
				Spec: corev1.PersistentVolumeSpec{
					StorageClassName: localClass, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadWriteMany, corev1.ReadWriteOncePod},
					Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
					NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
						MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{n.Name}}},
					}}}},
				},
				Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeAvailable},
			}
			v.Spec.Local = &corev1.LocalVolumeSource{Path: "/disk"}
			d.cluster.volumes = append(d.cluster.volumes, v)
		}
	}
}

// driver draws what a CSI driver says of itself, where it has room, and what it has attached.
func (d *drawing) driver(name string) {
	c := d.cluster
	capacity := d.chance(50)
	c.drivers = append(c.drivers, &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       storagev1.CSIDriverSpec{StorageCapacity: &capacity, PreventPodSchedulingIfMissing: new(d.chance(40))},
	})
	for _, class := range c.classes {
		if class.Provisioner != name || !capacity {
			continue
		}
		for i := range d.between(0, 3) {
			one := &storagev1.CSIStorageCapacity{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("%s-%d", class.Name, i)}, StorageClassName: class.Name,
				Capacity:     new(resource.MustParse(pick(d, "0", "1Gi", "10Gi", "10Gi"))),
				NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelTopologyZone: pick(d, "z1", "z2", "z3")}},
			}
			switch d.IntN(8) {
			case 0:
				one.NodeTopology = nil
			case 1:
				one.NodeTopology = &metav1.LabelSelector{}
			case 2:
				one.MaximumVolumeSize = new(resource.MustParse(pick(d, "512Mi", "2Gi")))
			}
			c.capacities = append(c.capacities, one)
		}
	}
	for _, v := range c.volumes {
		if v.Spec.CSI != nil && v.Spec.CSI.Driver == name && d.chance(20) {
			c.attachments = append(c.attachments, &storagev1.VolumeAttachment{
				ObjectMeta: metav1.ObjectMeta{Name: "of-" + v.Name},
				Spec: storagev1.VolumeAttachmentSpec{
					Attacher: name, NodeName: pick(d, "n0", "n1", "n2"), Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &v.Name},
				},
			})
		}
	}
}

func (d *drawing) claim(namespace, name string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{pick(d, corev1.ReadWriteOnce, corev1.ReadWriteOnce, corev1.ReadWriteMany, corev1.ReadWriteOncePod)},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	d.cluster.claims = append(d.cluster.claims, claim)
	switch d.IntN(15) {
	case 0, 1, 2:
		claim.Spec.StorageClassName = new(pick(d, "wait", "wait-zone"))
		if d.chance(25) {
			claim.Annotations[volumehelpers.AnnSelectedNode] = pick(d, "n0", "n1", "n2", "gone")
		}
	case 3:
		claim.Spec.StorageClassName = new(pick(d, "now", "missing", ""))
	case 4, 5:
		claim.Spec.StorageClassName = new(localClass)
	default:
		d.bindClaim(claim)
	}
	return claim
}

// bindClaim gives the claim a volume, or most of one.
func (d *drawing) bindClaim(claim *corev1.PersistentVolumeClaim) {
	v := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "pv-" + claim.Namespace + "-" + claim.Name, Labels: map[string]string{}},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: pick(d, "", "wait"), AccessModes: claim.Spec.AccessModes,
			Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			ClaimRef: &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name},
		},
	}
	claim.Spec.StorageClassName = &v.Spec.StorageClassName
	claim.Spec.VolumeName, claim.Status.Phase = v.Name, corev1.ClaimBound
	claim.Annotations[volumehelpers.AnnBindCompleted] = "yes"
	if d.chance(70) {
		v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: pick(d, driverA, driverB), VolumeHandle: pick(d, v.Name, v.Name, "shared")}
	} else {
		v.Spec.NFS = &corev1.NFSVolumeSource{Server: "nfs.example.com", Path: "/"}
	}
	if d.chance(45) {
		key := pick(d, corev1.LabelTopologyZone, corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone, corev1.LabelTopologyRegion)
		v.Labels[key] = pick(d, "z1", "z2", "z1__z2", "dc", "z1__", "z3__ z1")
	}
	if d.chance(30) {
		required := &corev1.NodeSelector{}
		for range d.between(1, 2) {
			required.NodeSelectorTerms = append(required.NodeSelectorTerms, d.nodeTerm())
		}
		v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: required}
	}
	switch d.IntN(30) {
	case 0: // the volume is gone
		claim.Status.Phase = corev1.ClaimLost
		return
	case 1: // asked for by name and not bound yet
		claim.Status.Phase = corev1.ClaimPending
		delete(claim.Annotations, volumehelpers.AnnBindCompleted)
	case 2:
		claim.DeletionTimestamp = &metav1.Time{Time: epoch}
	case 3:
		return
	}
	d.cluster.volumes = append(d.cluster.volumes, v)
}

func (d *drawing) volumeMounts(p *corev1.Pod) {
	// No claim is used by two volumes of a pod: kube-scheduler would look for two volumes that are there already.
	claims := d.Perm(claimsPerNamespace)
	for i := range d.between(1, 2) {
		v := corev1.Volume{Name: fmt.Sprintf("v%d", i)}
		if d.chance(15) {
			v.Ephemeral = &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				StorageClassName: new("wait"),
				Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
			}}}
		} else {
			v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: fmt.Sprintf("c%d", claims[i])}
			if d.chance(3) {
				v.PersistentVolumeClaim.ClaimName = "missing"
			}
		}
		p.Spec.Volumes = append(p.Spec.Volumes, v)
	}
}

// ephemeralClaims draws the claims that belong to the pod's own volumes.
func (d *drawing) ephemeralClaims(p *corev1.Pod) {
	for _, v := range p.Spec.Volumes {
		if v.Ephemeral == nil || d.chance(5) {
			continue
		}
		claim := d.claim(p.Namespace, p.Name+"-"+v.Name)
		yes := true
		claim.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: p.Name, UID: p.UID, Controller: &yes}}
		if p.Spec.NodeName == "" && d.chance(5) {
			claim.OwnerReferences[0].UID = "another"
		}
	}
}

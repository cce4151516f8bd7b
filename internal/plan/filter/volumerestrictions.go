package filter

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// ownDisk says whether the pod names a disk of a network itself, without a claim, of
// a kind that kube-scheduler looks at.
func ownDisk(v *corev1.Volume) bool {
	return v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.AzureDisk != nil || v.Cinder != nil ||
		v.PortworxVolume != nil || v.ISCSI != nil || v.RBD != nil
}

// quarrel says whether two pods on one node cannot both use their disks.
func quarrel(a, b *corev1.Volume) bool {
	switch {
	case a.AWSElasticBlockStore != nil && b.AWSElasticBlockStore != nil:
		return a.AWSElasticBlockStore.VolumeID == b.AWSElasticBlockStore.VolumeID
	case a.GCEPersistentDisk != nil && b.GCEPersistentDisk != nil:
		x, y := a.GCEPersistentDisk, b.GCEPersistentDisk
		return x.PDName == y.PDName && !(x.ReadOnly && y.ReadOnly)
	case a.ISCSI != nil && b.ISCSI != nil:
		return a.ISCSI.IQN == b.ISCSI.IQN && !(a.ISCSI.ReadOnly && b.ISCSI.ReadOnly)
	case a.RBD != nil && b.RBD != nil:
		x, y := a.RBD, b.RBD
		same := x.RBDPool == y.RBDPool && x.RBDImage == y.RBDImage &&
			slices.ContainsFunc(x.CephMonitors, func(m string) bool { return slices.Contains(y.CephMonitors, m) })
		return same && !(x.ReadOnly && y.ReadOnly)
	}
	return false
}

// quarrelling is a disk of one list that a disk of the other does not bear; nil for none.
func quarrelling(wanted, used []*corev1.Volume) *corev1.Volume {
	for _, a := range wanted {
		if slices.ContainsFunc(used, func(b *corev1.Volume) bool { return quarrel(a, b) }) {
			return a
		}
	}
	return nil
}

package cluster

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Redacted copies the objects without what no decision reads and what may be secret: images,
// commands, environments, user data, addresses, parameters of volumes, and annotations of
// others. A plan for the copy is the plan for the objects.
func (o *Objects) Redacted() *Objects {
	out := *o
	out.planned, out.bound = nil, nil
	out.NodeGroups = copies(o.NodeGroups)
	for _, g := range out.NodeGroups {
		redactMeta(g)
		// Machines are compared by the hash of what they were made from.
		g.Spec.UserData = hashed(g.Spec.UserData)
		for i := range g.Status.Nodes {
			g.Status.Nodes[i].IPAddress = ""
		}
	}
	out.VPSieNodes, out.Aside = copies(o.VPSieNodes), copies(o.Aside)
	for _, m := range slices.Concat(out.VPSieNodes, out.Aside) {
		redactMeta(m)
		m.Spec.IPAddress, m.Spec.IPv6Address = "", ""
	}
	out.Nodes = copies(o.Nodes)
	for _, n := range out.Nodes {
		redactNode(n)
	}
	out.Pods = copies(o.Pods)
	for _, p := range out.Pods {
		redactMeta(p)
		redactPodSpec(&p.Spec)
		slimPodStatus(p)
	}
	out.DaemonSets = copies(o.DaemonSets)
	for _, d := range out.DaemonSets {
		redactMeta(d)
		redactMeta(&d.Spec.Template.ObjectMeta)
		redactPodSpec(&d.Spec.Template.Spec)
	}
	out.Deployments = copies(o.Deployments)
	for _, d := range out.Deployments {
		redactMeta(d)
		redactMeta(&d.Spec.Template.ObjectMeta)
		redactPodSpec(&d.Spec.Template.Spec)
	}
	out.redactRest(o)
	out.redactStorage(o)
	return &out
}

// redactRest copies the kinds that are neither machines, pods nor storage.
func (o *Objects) redactRest(from *Objects) {
	o.Namespaces, o.Budgets, o.PriorityClasses = copies(from.Namespaces), copies(from.Budgets), copies(from.PriorityClasses)
	for _, n := range o.Namespaces {
		redactMeta(n)
		n.Annotations = nil
	}
	for _, b := range o.Budgets {
		redactMeta(b)
	}
	for _, c := range o.PriorityClasses {
		redactMeta(c)
		c.Description = ""
	}
}

func (o *Objects) redactStorage(from *Objects) {
	o.Volumes, o.Claims, o.StorageClasses = copies(from.Volumes), copies(from.Claims), copies(from.StorageClasses)
	o.CSINodes, o.CSIDrivers = copies(from.CSINodes), copies(from.CSIDrivers)
	o.StorageCapacities, o.VolumeAttachments = copies(from.StorageCapacities), copies(from.VolumeAttachments)
	for _, v := range o.Volumes {
		redactMeta(v)
		redactVolume(&v.Spec)
	}
	for _, c := range o.Claims {
		redactMeta(c)
	}
	for _, c := range o.StorageClasses {
		redactMeta(c)
		c.Parameters, c.MountOptions = nil, nil
	}
	for _, n := range o.CSINodes {
		redactMeta(n)
	}
	for _, d := range o.CSIDrivers {
		redactMeta(d)
		d.Spec.TokenRequests = nil
	}
	for _, c := range o.StorageCapacities {
		redactMeta(c)
	}
	for _, a := range o.VolumeAttachments {
		redactMeta(a)
		redactAttachment(a)
	}
}

func copies[T any, P interface {
	*T
	DeepCopy() P
}](list []P) []P {
	out := make([]P, len(list))
	for i, object := range list {
		out[i] = object.DeepCopy()
	}
	return out
}

func redactMeta(m metav1.Object) {
	slimMeta(m)
	m.SetAnnotations(readAnnotations(m.GetAnnotations()))
	m.SetSelfLink("")
}

// readAnnotations are those that a decision may read; others hold what their writers like.
func readAnnotations(all map[string]string) map[string]string {
	prefixes := []string{
		"autoscaler.vpsie.com", "cluster-autoscaler.kubernetes.io", "karpenter.sh",
		"volume.kubernetes.io", "volume.beta.kubernetes.io", "pv.kubernetes.io",
		"storageclass.kubernetes.io", "storageclass.beta.kubernetes.io", "storage.alpha.kubernetes.io",
	}
	var kept map[string]string
	for key, value := range all {
		prefix, _, _ := strings.Cut(key, "/")
		if !slices.Contains(prefixes, prefix) && key != corev1.MirrorPodAnnotationKey {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[key] = value
	}
	return kept
}

func redactNode(n *corev1.Node) {
	redactMeta(n)
	n.Spec = corev1.NodeSpec{Taints: n.Spec.Taints, Unschedulable: n.Spec.Unschedulable}
	n.Status = corev1.NodeStatus{
		Capacity: n.Status.Capacity, Allocatable: n.Status.Allocatable, Phase: n.Status.Phase, Conditions: n.Status.Conditions,
		NodeInfo:        corev1.NodeSystemInfo{KubeletVersion: n.Status.NodeInfo.KubeletVersion},
		RuntimeHandlers: n.Status.RuntimeHandlers, Features: n.Status.Features, DeclaredFeatures: n.Status.DeclaredFeatures,
	}
}

func redactPodSpec(spec *corev1.PodSpec) {
	slimPodSpec(spec)
	for i := range spec.Volumes {
		redactPodVolume(&spec.Volumes[i].VolumeSource)
	}
}

// redactPodVolume keeps which volume it is, and how it is shared.
func redactPodVolume(s *corev1.VolumeSource) {
	var kept corev1.VolumeSource
	kept.PersistentVolumeClaim, kept.Ephemeral, kept.EmptyDir = s.PersistentVolumeClaim, s.Ephemeral, s.EmptyDir
	kept.GCEPersistentDisk, kept.AWSElasticBlockStore, kept.AzureDisk = s.GCEPersistentDisk, s.AWSElasticBlockStore, s.AzureDisk
	kept.PortworxVolume = s.PortworxVolume
	if s.HostPath != nil {
		kept.HostPath = &corev1.HostPathVolumeSource{}
	}
	if v := s.Cinder; v != nil {
		v.SecretRef = nil
		kept.Cinder = v
	}
	if v := s.VsphereVolume; v != nil {
		kept.VsphereVolume = &corev1.VsphereVirtualDiskVolumeSource{VolumePath: v.VolumePath}
	}
	if v := s.AzureFile; v != nil {
		kept.AzureFile = &corev1.AzureFileVolumeSource{ShareName: v.ShareName}
	}
	if v := s.ISCSI; v != nil {
		kept.ISCSI = &corev1.ISCSIVolumeSource{IQN: v.IQN, Lun: v.Lun, ReadOnly: v.ReadOnly}
	}
	if v := s.RBD; v != nil {
		kept.RBD = &corev1.RBDVolumeSource{CephMonitors: v.CephMonitors, RBDPool: v.RBDPool, RBDImage: v.RBDImage, ReadOnly: v.ReadOnly}
	}
	if v := s.CSI; v != nil {
		kept.CSI = &corev1.CSIVolumeSource{Driver: v.Driver, ReadOnly: v.ReadOnly}
	}
	*s = kept
}

// redactVolume keeps which volume it is.
func redactVolume(spec *corev1.PersistentVolumeSpec) {
	s := &spec.PersistentVolumeSource
	kept := corev1.PersistentVolumeSource{
		GCEPersistentDisk: s.GCEPersistentDisk, AWSElasticBlockStore: s.AWSElasticBlockStore, AzureDisk: s.AzureDisk, PortworxVolume: s.PortworxVolume,
	}
	if v := s.CSI; v != nil {
		kept.CSI = &corev1.CSIPersistentVolumeSource{Driver: v.Driver, VolumeHandle: v.VolumeHandle, ReadOnly: v.ReadOnly, FSType: v.FSType}
	}
	if v := s.Cinder; v != nil {
		v.SecretRef = nil
		kept.Cinder = v
	}
	if v := s.VsphereVolume; v != nil {
		kept.VsphereVolume = &corev1.VsphereVirtualDiskVolumeSource{VolumePath: v.VolumePath}
	}
	if v := s.AzureFile; v != nil {
		kept.AzureFile = &corev1.AzureFilePersistentVolumeSource{ShareName: v.ShareName, SecretNamespace: v.SecretNamespace}
	}
	spec.PersistentVolumeSource, spec.MountOptions = kept, nil
}

func redactAttachment(a *storagev1.VolumeAttachment) {
	a.Status.AttachmentMetadata, a.Status.AttachError, a.Status.DetachError = nil, nil, nil
	if a.Spec.Source.InlineVolumeSpec != nil {
		redactVolume(a.Spec.Source.InlineVolumeSpec)
	}
}

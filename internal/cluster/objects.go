package cluster

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Objects is what Kubernetes holds at one moment, as far as a decision needs it.
// The objects belong to the cache they were read from and are read-only.
type Objects struct {
	NodeGroups     []*v1alpha1.NodeGroup
	VPSieNodes     []*v1alpha1.VPSieNode
	Nodes          []*corev1.Node
	Pods           []*corev1.Pod
	Namespaces     []*corev1.Namespace
	DaemonSets     []*appsv1.DaemonSet
	Budgets        []*policyv1.PodDisruptionBudget
	Volumes        []*corev1.PersistentVolume
	Claims         []*corev1.PersistentVolumeClaim
	StorageClasses []*storagev1.StorageClass
	CSINodes       []*storagev1.CSINode
	CSIDrivers     []*storagev1.CSIDriver
	// PriorityClasses say how much the pods of DaemonSets matter that have none yet.
	PriorityClasses []*schedulingv1.PriorityClass

	StorageCapacities []*storagev1.CSIStorageCapacity
	VolumeAttachments []*storagev1.VolumeAttachment
}

// Load reads everything a decision needs, once; NodeGroups and VPSieNodes of the given
// namespace only. What reads again and again takes Stores.
func Load(ctx context.Context, c client.Reader, namespace string) (*Objects, error) {
	o := &Objects{}
	ours := client.InNamespace(namespace)
	return o, errors.Join(
		read(ctx, c, &o.NodeGroups, &v1alpha1.NodeGroupList{}, func(l *v1alpha1.NodeGroupList) []v1alpha1.NodeGroup { return l.Items }, ours),
		read(ctx, c, &o.VPSieNodes, &v1alpha1.VPSieNodeList{}, func(l *v1alpha1.VPSieNodeList) []v1alpha1.VPSieNode { return l.Items }, ours),
		read(ctx, c, &o.Nodes, &corev1.NodeList{}, func(l *corev1.NodeList) []corev1.Node { return l.Items }),
		read(ctx, c, &o.Pods, &corev1.PodList{}, func(l *corev1.PodList) []corev1.Pod { return l.Items }),
		read(ctx, c, &o.Namespaces, &corev1.NamespaceList{}, func(l *corev1.NamespaceList) []corev1.Namespace { return l.Items }),
		read(ctx, c, &o.DaemonSets, &appsv1.DaemonSetList{}, func(l *appsv1.DaemonSetList) []appsv1.DaemonSet { return l.Items }),
		read(ctx, c, &o.Budgets, &policyv1.PodDisruptionBudgetList{}, func(l *policyv1.PodDisruptionBudgetList) []policyv1.PodDisruptionBudget { return l.Items }),
		read(ctx, c, &o.Volumes, &corev1.PersistentVolumeList{}, func(l *corev1.PersistentVolumeList) []corev1.PersistentVolume { return l.Items }),
		read(ctx, c, &o.Claims, &corev1.PersistentVolumeClaimList{}, func(l *corev1.PersistentVolumeClaimList) []corev1.PersistentVolumeClaim { return l.Items }),
		read(ctx, c, &o.StorageClasses, &storagev1.StorageClassList{}, func(l *storagev1.StorageClassList) []storagev1.StorageClass { return l.Items }),
		read(ctx, c, &o.CSINodes, &storagev1.CSINodeList{}, func(l *storagev1.CSINodeList) []storagev1.CSINode { return l.Items }),
		read(ctx, c, &o.CSIDrivers, &storagev1.CSIDriverList{}, func(l *storagev1.CSIDriverList) []storagev1.CSIDriver { return l.Items }),
		read(ctx, c, &o.PriorityClasses, &schedulingv1.PriorityClassList{}, func(l *schedulingv1.PriorityClassList) []schedulingv1.PriorityClass { return l.Items }),
		read(ctx, c, &o.StorageCapacities, &storagev1.CSIStorageCapacityList{}, func(l *storagev1.CSIStorageCapacityList) []storagev1.CSIStorageCapacity { return l.Items }),
		read(ctx, c, &o.VolumeAttachments, &storagev1.VolumeAttachmentList{}, func(l *storagev1.VolumeAttachmentList) []storagev1.VolumeAttachment { return l.Items }),
	)
}

func read[T any, L client.ObjectList](ctx context.Context, c client.Reader, dst *[]*T, list L, items func(L) []T, opts ...client.ListOption) error {
	if err := c.List(ctx, list, opts...); err != nil {
		return fmt.Errorf("listing %T: %w", list, err)
	}
	values := items(list)
	*dst = make([]*T, len(values))
	for i := range values {
		(*dst)[i] = &values[i]
	}
	return nil
}

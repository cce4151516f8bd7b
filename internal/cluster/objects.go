package cluster

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Objects is what Kubernetes holds at one moment, as far as a decision needs it.
// The objects belong to the cache they were read from and are read-only.
type Objects struct {
	NodeGroups []*v1alpha1.NodeGroup `json:"nodeGroups,omitempty"`
	VPSieNodes []*v1alpha1.VPSieNode `json:"vpsieNodes,omitempty"`
	// Aside are VPSieNodes that are no machines: their VPS belongs to another one, or is
	// not what they say. No decision knows of them.
	Aside      []*v1alpha1.VPSieNode `json:"aside,omitempty"`
	Nodes      []*corev1.Node        `json:"nodes,omitempty"`
	Pods       []*corev1.Pod         `json:"pods,omitempty"`
	Namespaces []*corev1.Namespace   `json:"namespaces,omitempty"`
	DaemonSets []*appsv1.DaemonSet   `json:"daemonSets,omitempty"`
	// Deployments are those of a cluster that a drain may restart.
	Deployments    []*appsv1.Deployment            `json:"deployments,omitempty"`
	Budgets        []*policyv1.PodDisruptionBudget `json:"podDisruptionBudgets,omitempty"`
	Volumes        []*corev1.PersistentVolume      `json:"persistentVolumes,omitempty"`
	Claims         []*corev1.PersistentVolumeClaim `json:"persistentVolumeClaims,omitempty"`
	StorageClasses []*storagev1.StorageClass       `json:"storageClasses,omitempty"`
	CSINodes       []*storagev1.CSINode            `json:"csiNodes,omitempty"`
	CSIDrivers     []*storagev1.CSIDriver          `json:"csiDrivers,omitempty"`
	// PriorityClasses say how much the pods of DaemonSets matter that have none yet.
	PriorityClasses []*schedulingv1.PriorityClass `json:"priorityClasses,omitempty"`

	StorageCapacities []*storagev1.CSIStorageCapacity `json:"csiStorageCapacities,omitempty"`
	VolumeAttachments []*storagev1.VolumeAttachment   `json:"volumeAttachments,omitempty"`

	// KubernetesVersion is the control plane's, as major.minor; empty when it is not known.
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// Live: they were read from a cluster, which has a VPSieNode for each of the autoscaler's nodes. Files may lack them.
	Live bool `json:"live,omitempty"`

	// planned and bound are the pods as the planner sees them, where a Pods has worked that out; Pods is empty then.
	planned []*plan.Pod
	bound   []*plan.NodePods
}

// Planned are the pods as the planner sees them: those of a Pods, else the Pods that were read. They are in no order.
func (o *Objects) Planned() iter.Seq[*plan.Pod] {
	s := plan.State{}
	s.Pods, s.NodePods = o.plannedPods()
	return s.AllPods()
}

// plannedPods are the pods as a State has them.
func (o *Objects) plannedPods() ([]*plan.Pod, []*plan.NodePods) {
	if o.planned != nil || o.bound != nil {
		return o.planned, o.bound
	}
	planned := make([]*plan.Pod, len(o.Pods))
	for i, p := range o.Pods {
		planned[i] = plan.NewPod(p)
	}
	return planned, nil
}

// objectKind is one of the kinds that Objects have.
type objectKind struct {
	object client.Object
	list   client.ObjectList
	// ours: only those of the autoscaler's namespace count.
	ours bool
	add  func(o *Objects, object runtime.Object)
	// needed: only then are they read for one decision; nil is always.
	needed func(o *Objects) bool
	// expect makes room for so many more.
	expect func(o *Objects, n int)
}

func listed[T any](object client.Object, list client.ObjectList, of func(*Objects) *[]*T) objectKind {
	return objectKind{
		object: object, list: list,
		add:    func(o *Objects, object runtime.Object) { *of(o) = append(*of(o), any(object).(*T)) },
		expect: func(o *Objects, n int) { *of(o) = slices.Grow(*of(o), n) },
	}
}

func (k objectKind) inOurNamespace() objectKind {
	k.ours = true
	return k
}

func (k objectKind) neededIf(so func(o *Objects) bool) objectKind {
	k.needed = so
	return k
}

// someSurge says that drains of a NodeGroup may restart Deployments.
func someSurge(o *Objects) bool {
	return slices.ContainsFunc(o.NodeGroups, func(g *v1alpha1.NodeGroup) bool {
		return g.Spec.Disruption.DrainSurge == v1alpha1.DrainSurgeSingleReplica
	})
}

// objectKinds are all that Objects have, in the order in which they are read.
func objectKinds() []objectKind {
	return []objectKind{
		listed(&v1alpha1.NodeGroup{}, &v1alpha1.NodeGroupList{}, func(o *Objects) *[]*v1alpha1.NodeGroup { return &o.NodeGroups }).inOurNamespace(),
		listed(&v1alpha1.VPSieNode{}, &v1alpha1.VPSieNodeList{}, func(o *Objects) *[]*v1alpha1.VPSieNode { return &o.VPSieNodes }).inOurNamespace(),
		listed(&corev1.Node{}, &corev1.NodeList{}, func(o *Objects) *[]*corev1.Node { return &o.Nodes }),
		listed(&corev1.Pod{}, &corev1.PodList{}, func(o *Objects) *[]*corev1.Pod { return &o.Pods }),
		listed(&corev1.Namespace{}, &corev1.NamespaceList{}, func(o *Objects) *[]*corev1.Namespace { return &o.Namespaces }),
		listed(&appsv1.DaemonSet{}, &appsv1.DaemonSetList{}, func(o *Objects) *[]*appsv1.DaemonSet { return &o.DaemonSets }),
		listed(&appsv1.Deployment{}, &appsv1.DeploymentList{}, func(o *Objects) *[]*appsv1.Deployment { return &o.Deployments }).neededIf(someSurge),
		listed(&policyv1.PodDisruptionBudget{}, &policyv1.PodDisruptionBudgetList{}, func(o *Objects) *[]*policyv1.PodDisruptionBudget { return &o.Budgets }),
		listed(&corev1.PersistentVolume{}, &corev1.PersistentVolumeList{}, func(o *Objects) *[]*corev1.PersistentVolume { return &o.Volumes }),
		listed(&corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaimList{}, func(o *Objects) *[]*corev1.PersistentVolumeClaim { return &o.Claims }),
		listed(&storagev1.StorageClass{}, &storagev1.StorageClassList{}, func(o *Objects) *[]*storagev1.StorageClass { return &o.StorageClasses }),
		listed(&storagev1.CSINode{}, &storagev1.CSINodeList{}, func(o *Objects) *[]*storagev1.CSINode { return &o.CSINodes }),
		listed(&storagev1.CSIDriver{}, &storagev1.CSIDriverList{}, func(o *Objects) *[]*storagev1.CSIDriver { return &o.CSIDrivers }),
		listed(&schedulingv1.PriorityClass{}, &schedulingv1.PriorityClassList{}, func(o *Objects) *[]*schedulingv1.PriorityClass { return &o.PriorityClasses }),
		listed(&storagev1.CSIStorageCapacity{}, &storagev1.CSIStorageCapacityList{}, func(o *Objects) *[]*storagev1.CSIStorageCapacity { return &o.StorageCapacities }),
		listed(&storagev1.VolumeAttachment{}, &storagev1.VolumeAttachmentList{}, func(o *Objects) *[]*storagev1.VolumeAttachment { return &o.VolumeAttachments }),
	}
}

// Load reads everything a decision needs, once; NodeGroups and VPSieNodes of the given
// namespace only. What reads again and again takes Stores.
func Load(ctx context.Context, c client.Reader, namespace string) (*Objects, error) {
	o := &Objects{Live: true}
	kinds := objectKinds()
	// The others show whether some kinds are needed at all.
	err := o.list(ctx, c, namespace, slices.DeleteFunc(slices.Clone(kinds), func(k objectKind) bool { return k.needed != nil }))
	err = errors.Join(err, o.list(ctx, c, namespace, slices.DeleteFunc(kinds, func(k objectKind) bool { return k.needed == nil || !k.needed(o) })))
	o.setAside()
	return o, err
}

// list adds the objects of these kinds. It asks for all of them at once: one after another, each would take the way to a
// distant API server and back.
func (o *Objects) list(ctx context.Context, c client.Reader, namespace string, kinds []objectKind) error {
	errs := make([]error, len(kinds))
	var all sync.WaitGroup
	for i, k := range kinds {
		all.Go(func() {
			var opts []client.ListOption
			if k.ours {
				opts = append(opts, client.InNamespace(namespace))
			}
			errs[i] = c.List(ctx, k.list, opts...)
		})
	}
	all.Wait()
	for i, k := range kinds {
		if errs[i] != nil {
			errs[i] = fmt.Errorf("listing %T: %w", k.list, errs[i])
			continue
		}
		k.expect(o, meta.LenList(k.list))
		errs[i] = meta.EachListItem(k.list, func(object runtime.Object) error {
			k.add(o, object)
			return nil
		})
	}
	return errors.Join(errs...)
}

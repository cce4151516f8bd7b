package cluster

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/strict"
)

// kind is how objects of one kind are read.
type kind struct {
	// versions are those that are read, oldest first.
	versions []string
	scope    scope
	// decode reads an object and tests it against the kind's rules.
	decode func(data []byte) (client.Object, verdict)
	keep   func(*reader, client.Object)
}

// scope says which namespace an object is in that names none.
type scope int

const (
	clusterWide scope = iota
	// namespaced objects are in "default" like those that kubectl applies.
	namespaced
	// ours are in the autoscaler's namespace.
	ours
)

// kinds are those that a decision needs, or that say more about what it needs.
func kinds() (map[schema.GroupKind]kind, error) {
	groups, err := newCRDSchema("nodegroups")
	if err != nil {
		return nil, err
	}
	machines, err := newCRDSchema("vpsienodes")
	if err != nil {
		return nil, err
	}
	ourGroup := v1alpha1.GroupVersion.Group
	return map[schema.GroupKind]kind{
		{Group: ourGroup, Kind: "NodeGroup"}: ofAllVersions(groups, kindOf("", ours, checkNodeGroup,
			func(r *reader) *[]*v1alpha1.NodeGroup { return &r.objects.NodeGroups })),
		{Group: ourGroup, Kind: "VPSieNode"}: ofAllVersions(machines, kindOf("", ours, checkVPSieNode,
			func(r *reader) *[]*v1alpha1.VPSieNode { return &r.objects.VPSieNodes })),
		{Kind: "Node"}: kindOf("v1", clusterWide, checkNode,
			func(r *reader) *[]*corev1.Node { return &r.objects.Nodes }),
		{Kind: "Pod"}: kindOf("v1", namespaced, checkPod,
			func(r *reader) *[]*corev1.Pod { return &r.objects.Pods }),
		{Kind: "Namespace"}: kindOf("v1", clusterWide, nil,
			func(r *reader) *[]*corev1.Namespace { return &r.objects.Namespaces }),
		{Kind: "PersistentVolume"}: kindOf("v1", clusterWide, checkVolume,
			func(r *reader) *[]*corev1.PersistentVolume { return &r.objects.Volumes }),
		{Kind: "PersistentVolumeClaim"}: kindOf("v1", namespaced, checkClaim,
			func(r *reader) *[]*corev1.PersistentVolumeClaim { return &r.objects.Claims }),
		{Group: "apps", Kind: "DaemonSet"}: kindOf("v1", namespaced, checkDaemonSet,
			func(r *reader) *[]*appsv1.DaemonSet { return &r.objects.DaemonSets }),
		{Group: "apps", Kind: "Deployment"}: kindOf("v1", namespaced, checkTemplate("replicas", func(d *appsv1.Deployment) (*int32, *corev1.PodTemplateSpec) { return d.Spec.Replicas, &d.Spec.Template }),
			func(r *reader) *[]*appsv1.Deployment { return &r.work.deployments }),
		{Group: "apps", Kind: "ReplicaSet"}: kindOf("v1", namespaced, checkTemplate("replicas", func(s *appsv1.ReplicaSet) (*int32, *corev1.PodTemplateSpec) { return s.Spec.Replicas, &s.Spec.Template }),
			func(r *reader) *[]*appsv1.ReplicaSet { return &r.work.replicaSets }),
		{Group: "apps", Kind: "StatefulSet"}: kindOf("v1", namespaced, checkTemplate("replicas", func(s *appsv1.StatefulSet) (*int32, *corev1.PodTemplateSpec) {
			return s.Spec.Replicas, &s.Spec.Template
		}),
			func(r *reader) *[]*appsv1.StatefulSet { return &r.work.statefulSets }),
		{Group: "batch", Kind: "Job"}: kindOf("v1", namespaced, checkTemplate("parallelism", func(j *batchv1.Job) (*int32, *corev1.PodTemplateSpec) { return j.Spec.Parallelism, &j.Spec.Template }),
			func(r *reader) *[]*batchv1.Job { return &r.work.jobs }),
		{Kind: "LimitRange"}: kindOf("v1", namespaced, nil,
			func(r *reader) *[]*corev1.LimitRange { return &r.limitRanges }),
		{Group: "node.k8s.io", Kind: "RuntimeClass"}: kindOf("v1", clusterWide, nil,
			func(r *reader) *[]*nodev1.RuntimeClass { return &r.runtimeClasses }),
		{Group: "policy", Kind: "PodDisruptionBudget"}: kindOf("v1", namespaced, checkBudget,
			func(r *reader) *[]*policyv1.PodDisruptionBudget { return &r.objects.Budgets }),
		{Group: "scheduling.k8s.io", Kind: "PriorityClass"}: kindOf("v1", clusterWide, checkPriorityClass,
			func(r *reader) *[]*schedulingv1.PriorityClass { return &r.objects.PriorityClasses }),
		{Group: "storage.k8s.io", Kind: "StorageClass"}: kindOf("v1", clusterWide, checkStorageClass,
			func(r *reader) *[]*storagev1.StorageClass { return &r.objects.StorageClasses }),
		{Group: "storage.k8s.io", Kind: "CSINode"}: kindOf("v1", clusterWide, nil,
			func(r *reader) *[]*storagev1.CSINode { return &r.objects.CSINodes }),
		{Group: "storage.k8s.io", Kind: "CSIDriver"}: kindOf("v1", clusterWide, nil,
			func(r *reader) *[]*storagev1.CSIDriver { return &r.objects.CSIDrivers }),
		{Group: "storage.k8s.io", Kind: "CSIStorageCapacity"}: kindOf("v1", namespaced, nil,
			func(r *reader) *[]*storagev1.CSIStorageCapacity { return &r.objects.StorageCapacities }),
		{Group: "storage.k8s.io", Kind: "VolumeAttachment"}: kindOf("v1", clusterWide, nil,
			func(r *reader) *[]*storagev1.VolumeAttachment { return &r.objects.VolumeAttachments }),
	}, nil
}

// kindOf reads a kind into the list that into names; objects without a list are
// only checked.
func kindOf[T any, P interface {
	*T
	client.Object
}](version string, s scope, check func(P) field.ErrorList, into func(*reader) *[]P) kind {
	return kind{
		versions: []string{version},
		scope:    s,
		decode: func(data []byte) (client.Object, verdict) {
			object := P(new(T))
			var v verdict
			v.unknownFields(object, strict.Decode(data, object), fieldsOf(s))
			if len(v.faults) > 0 {
				return object, v
			}
			wrong := checkMeta(object)
			if check != nil {
				wrong = append(wrong, check(object)...)
			}
			v.invalid(object, wrong)
			return object, v
		},
		keep: func(r *reader, object client.Object) {
			if into != nil {
				list := into(r)
				*list = append(*list, object.(P))
			}
		},
	}
}

// fieldsOf names the fields that are known.
func fieldsOf(s scope) string {
	if s == ours {
		return v1alpha1.GroupVersion.Group
	}
	return "Kubernetes " + kubernetesVersion
}

// ofAllVersions reads one of our kinds in every version, with the schema of its
// CustomResourceDefinition beside the kind's rules.
func ofAllVersions(s *crdSchema, k kind) kind {
	k.versions = v1alpha1.Versions()
	decode := k.decode
	k.decode = func(data []byte) (client.Object, verdict) {
		object, v := decode(data)
		v.faults = append(s.faults(data), v.faults...)
		// The versions differ in name only: the same object is one in each.
		group := object.GetObjectKind()
		group.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(group.GroupVersionKind().Kind))
		return object, v
	}
	return k
}

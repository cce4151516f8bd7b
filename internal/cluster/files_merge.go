package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Merge is what to change about what a cluster or files hold, while it is read.
type Merge struct {
	// Files hold objects that are there as well, in place of those of the same kind,
	// namespace and name.
	Files []string
	// Replicas are the numbers of pods that workloads shall have.
	Replicas map[Workload]int32
}

// Workload names a Deployment or a StatefulSet.
type Workload struct{ Kind, Namespace, Name string }

func (w Workload) String() string { return w.Kind + " " + w.Namespace + "/" + w.Name }

// ReadMerged is ReadFiles with changes.
func ReadMerged(paths []string, stdin io.Reader, namespace string, m Merge) (*Files, error) {
	r, err := m.reader(namespace)
	if err != nil {
		return nil, err
	}
	if err := r.readPaths(m.Files, stdin); err != nil {
		return nil, err
	}
	r.replaced = len(r.seen) > 0
	if err := r.readPaths(paths, stdin); err != nil {
		return nil, err
	}
	return r.finish()
}

// Merged is what a cluster holds, with changes. Workloads whose pods are counted anew are
// read from live, which is nil where there is no cluster.
func (m Merge) Merged(ctx context.Context, live client.Reader, base *Objects, stdin io.Reader, namespace string) (*Files, error) {
	r, err := m.reader(namespace)
	if err != nil {
		return nil, err
	}
	if err := r.readPaths(m.Files, stdin); err != nil {
		return nil, err
	}
	if err := r.readScaled(ctx, live, m.Replicas); err != nil {
		return nil, err
	}
	r.objects.addBase(base, r.seen)
	return r.finish()
}

func (m Merge) reader(namespace string) (*reader, error) {
	known, err := kinds()
	if err != nil {
		return nil, err
	}
	r := newReader(known, namespace)
	r.replicas = m.Replicas
	return r, nil
}

// readScaled reads the workloads that no file gives.
func (r *reader) readScaled(ctx context.Context, live client.Reader, replicas map[Workload]int32) error {
	for w := range replicas {
		id := identity{kind: schema.GroupKind{Group: appsv1.GroupName, Kind: w.Kind}, namespace: w.Namespace, name: w.Name}
		if _, given := r.seen[id]; given {
			continue
		}
		var object client.Object = &appsv1.Deployment{}
		if w.Kind == "StatefulSet" {
			object = &appsv1.StatefulSet{}
		}
		if live == nil {
			return fmt.Errorf("%s: workloads are not recorded, only their pods; --add FILE brings one", w)
		}
		if err := live.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: w.Name}, object); err != nil {
			if apierrors.IsNotFound(err) {
				return fmt.Errorf("there is no %s", w)
			}
			return fmt.Errorf("reading %s: %w", w, err)
		}
		object.GetObjectKind().SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind(w.Kind))
		data, err := json.Marshal(object)
		if err != nil {
			return fmt.Errorf("reading %s: %w", w, err)
		}
		r.add(r.decode(element{where: "the cluster", data: data}))
	}
	return nil
}

// scale sets the workloads' replicas; one that is nowhere is a fault.
func (r *reader) scale() {
	left := maps.Clone(r.replicas)
	set := func(kind string, o client.Object, replicas **int32) {
		w := Workload{kind, o.GetNamespace(), o.GetName()}
		if n, wanted := left[w]; wanted {
			*replicas = &n
			delete(left, w)
		}
	}
	for _, d := range r.work.deployments {
		set("Deployment", d, &d.Spec.Replicas)
	}
	for _, s := range r.work.statefulSets {
		set("StatefulSet", s, &s.Spec.Replicas)
	}
	for w := range left {
		r.faults = append(r.faults, fmt.Errorf("there is no %s", w))
	}
}

// addBase adds the objects that are not given otherwise. The lists are new, the objects
// are shared.
func (o *Objects) addBase(base *Objects, given map[identity]seen) {
	o.Live = base.Live
	keepBase(&o.NodeGroups, base.NodeGroups, "autoscaler.vpsie.com", "NodeGroup", given)
	keepBase(&o.VPSieNodes, base.VPSieNodes, "autoscaler.vpsie.com", "VPSieNode", given)
	keepBase(&o.VPSieNodes, base.Aside, "autoscaler.vpsie.com", "VPSieNode", given)
	keepBase(&o.Nodes, base.Nodes, "", "Node", given)
	keepBase(&o.Pods, base.Pods, "", "Pod", given)
	keepBase(&o.Namespaces, base.Namespaces, "", "Namespace", given)
	keepBase(&o.DaemonSets, base.DaemonSets, "apps", "DaemonSet", given)
	keepBase(&o.Deployments, base.Deployments, "apps", "Deployment", given)
	keepBase(&o.Budgets, base.Budgets, "policy", "PodDisruptionBudget", given)
	keepBase(&o.Volumes, base.Volumes, "", "PersistentVolume", given)
	keepBase(&o.Claims, base.Claims, "", "PersistentVolumeClaim", given)
	keepBase(&o.StorageClasses, base.StorageClasses, "storage.k8s.io", "StorageClass", given)
	keepBase(&o.CSINodes, base.CSINodes, "storage.k8s.io", "CSINode", given)
	keepBase(&o.CSIDrivers, base.CSIDrivers, "storage.k8s.io", "CSIDriver", given)
	keepBase(&o.PriorityClasses, base.PriorityClasses, "scheduling.k8s.io", "PriorityClass", given)
	keepBase(&o.StorageCapacities, base.StorageCapacities, "storage.k8s.io", "CSIStorageCapacity", given)
	keepBase(&o.VolumeAttachments, base.VolumeAttachments, "storage.k8s.io", "VolumeAttachment", given)
}

func keepBase[P client.Object](into *[]P, base []P, group, kind string, given map[identity]seen) {
	for _, object := range base {
		id := identity{kind: schema.GroupKind{Group: group, Kind: kind}, namespace: object.GetNamespace(), name: object.GetName()}
		if group == "autoscaler.vpsie.com" {
			id.namespace = "" // there is one namespace of them
		}
		if _, replaced := given[id]; replaced {
			continue
		}
		given[id] = seen{what: kind + " " + title(object.GetNamespace(), object.GetName()) + " of the cluster", object: object}
		*into = append(*into, object)
	}
}

// WithoutNode takes a node away, with the machine that it is of. Its pods that a
// controller would make anew wait for another node; the names of the others, which are
// gone, are returned. Nothing that o shares is changed.
func (o *Objects) WithoutNode(name string, endsWithNode func(*corev1.Pod) bool) (lost []string, found bool) {
	node := name
	for _, m := range o.VPSieNodes {
		if m.Name == name {
			node = NodeNameOf(m)
		}
	}
	machines, nodes := len(o.VPSieNodes), len(o.Nodes)
	o.VPSieNodes = without(o.VPSieNodes, func(m client.Object) bool { return m.GetName() == name })
	for _, m := range o.VPSieNodes {
		if NodeNameOf(m) == node {
			o.VPSieNodes = without(o.VPSieNodes, func(other client.Object) bool { return other.GetName() == m.Name })
			break
		}
	}
	o.Nodes = without(o.Nodes, func(n client.Object) bool { return n.GetName() == node })
	if machines == len(o.VPSieNodes) && nodes == len(o.Nodes) {
		return nil, false
	}
	pods := make([]*corev1.Pod, 0, len(o.Pods))
	for _, p := range o.Pods {
		switch {
		case p.Spec.NodeName != node:
			pods = append(pods, p)
		case endsWithNode(p) || p.DeletionTimestamp != nil:
		case len(p.OwnerReferences) == 0:
			lost = append(lost, p.Namespace+"/"+p.Name)
		default:
			pods = append(pods, unbound(p))
		}
	}
	o.Pods = pods
	return lost, true
}

// unbound is the pod that a controller makes in place of one whose node goes.
func unbound(p *corev1.Pod) *corev1.Pod {
	again := *p
	again.ResourceVersion = "" // it is another object than the one of that UID
	again.UID = ""
	again.Spec.NodeName = ""
	again.Status = corev1.PodStatus{Phase: corev1.PodPending}
	return &again
}

func without[P client.Object](list []P, is func(client.Object) bool) []P {
	left := make([]P, 0, len(list))
	for _, object := range list {
		if !is(object) {
			left = append(left, object)
		}
	}
	return left
}

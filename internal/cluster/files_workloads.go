package cluster

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// workloads are the objects whose controllers make pods. In a cluster the controllers
// have done so; files can hold a workload whose pods do not exist yet.
type workloads struct {
	deployments  []*appsv1.Deployment
	replicaSets  []*appsv1.ReplicaSet
	statefulSets []*appsv1.StatefulSet
	jobs         []*batchv1.Job
}

// workload is one of them, as the pods that it should have now.
type workload struct {
	kind     string
	object   client.Object
	template *corev1.PodTemplateSpec
	// missing is how many pods are still to be made.
	missing int
}

// addMissingPods adds the pods that the workloads' controllers would still make, as
// pending ones. ReplicaSets come before the Deployments that own them.
func (r *reader) addMissingPods() {
	owned := podsByOwner(r.objects.Pods)
	for _, s := range r.work.replicaSets {
		w := workload{kind: "ReplicaSet", object: s, template: &s.Spec.Template}
		w.missing = replicas(s.Spec.Replicas) - len(active(owned.of(w, s.Spec.Selector)))
		r.addPods(w)
	}
	r.addDeployments()
	for _, s := range r.work.statefulSets {
		r.addStatefulSet(s)
	}
	for _, j := range r.work.jobs {
		w := workload{kind: "Job", object: j, template: &j.Spec.Template}
		w.missing = missingOf(j, owned.of(w, nil))
		r.addPods(w)
	}
	r.addEphemeralClaims()
}

// addDeployments counts a Deployment's pods by its selector, because its ReplicaSets may
// be missing in the files, and those that its ReplicaSets still lack are there by now.
func (r *reader) addDeployments() {
	owned := podsByOwner(r.objects.Pods)
	for _, d := range r.work.deployments {
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err != nil || selector.Empty() {
			selector = labels.SelectorFromSet(d.Spec.Template.Labels)
		}
		have := 0
		for _, p := range active(owned.namespaces[d.Namespace]) {
			owner := metav1.GetControllerOfNoCopy(p)
			if (owner == nil || owner.Kind == "ReplicaSet") && selector.Matches(labels.Set(p.Labels)) {
				have++
			}
		}
		w := workload{kind: "Deployment", object: d, template: d.Spec.Template.DeepCopy(), missing: replicas(d.Spec.Replicas) - have}
		setLabel(&w.template.ObjectMeta, appsv1.DefaultDeploymentUniqueLabelKey, "planned")
		r.addPods(w)
	}
}

func replicas(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

// missingOf is how many pods a Job lacks that are to run now.
func missingOf(j *batchv1.Job, pods []*corev1.Pod) int {
	if j.Spec.Suspend != nil && *j.Spec.Suspend || j.Spec.ManagedBy != nil && *j.Spec.ManagedBy != batchv1.JobControllerName {
		return 0
	}
	for _, c := range j.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			return 0
		}
	}
	succeeded := 0
	for _, p := range pods {
		if p.Status.Phase == corev1.PodSucceeded {
			succeeded++
		}
	}
	succeeded = max(succeeded, int(j.Status.Succeeded))
	want := replicas(j.Spec.Parallelism)
	switch {
	case j.Spec.Completions != nil:
		want = min(want, int(*j.Spec.Completions)-succeeded)
	case succeeded > 0:
		want = 0 // a work queue that one pod has finished
	}
	return want - len(active(pods))
}

// active are the pods that count as there: neither finished nor being deleted.
func active(pods []*corev1.Pod) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p *corev1.Pod) bool {
		return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed || p.DeletionTimestamp != nil
	})
}

// ownedPods finds pods by what controls them, and by namespace.
type ownedPods struct {
	owners     map[identity][]*corev1.Pod
	namespaces map[string][]*corev1.Pod
}

func podsByOwner(pods []*corev1.Pod) ownedPods {
	o := ownedPods{map[identity][]*corev1.Pod{}, map[string][]*corev1.Pod{}}
	for _, p := range pods {
		o.namespaces[p.Namespace] = append(o.namespaces[p.Namespace], p)
		if owner := metav1.GetControllerOfNoCopy(p); owner != nil {
			id := identity{kind: schema.GroupKind{Kind: owner.Kind}, namespace: p.Namespace, name: owner.Name}
			o.owners[id] = append(o.owners[id], p)
		}
	}
	return o
}

// of are the workload's pods, with those of nobody that its selector picks: it adopts
// them.
func (o ownedPods) of(w workload, adopts *metav1.LabelSelector) []*corev1.Pod {
	namespace := w.object.GetNamespace()
	pods := slices.Clone(o.owners[identity{kind: schema.GroupKind{Kind: w.kind}, namespace: namespace, name: w.object.GetName()}])
	selector, err := metav1.LabelSelectorAsSelector(adopts)
	if err != nil || selector.Empty() {
		return pods
	}
	for _, p := range o.namespaces[namespace] {
		if metav1.GetControllerOfNoCopy(p) == nil && selector.Matches(labels.Set(p.Labels)) {
			pods = append(pods, p)
		}
	}
	return pods
}

// addPods adds the missing pods under the first free names <workload>-1, <workload>-2, …
func (r *reader) addPods(w workload) {
	if !r.countable(&w) {
		return
	}
	added := 0
	for n := 1; added < w.missing; n++ {
		if r.addPod(w, fmt.Sprintf("%s-%d", w.object.GetName(), n), nil) {
			added++
		}
	}
}

// addStatefulSet adds the pods whose ordinals are missing, with their claims.
func (r *reader) addStatefulSet(s *appsv1.StatefulSet) {
	want, start := replicas(s.Spec.Replicas), 0
	if s.Spec.Ordinals != nil {
		start = int(s.Spec.Ordinals.Start)
	}
	w := workload{kind: "StatefulSet", object: s, template: &s.Spec.Template}
	for i := start; i < start+want; i++ {
		if _, there := r.seen[podID(s.Namespace, fmt.Sprintf("%s-%d", s.Name, i))]; !there {
			w.missing++
		}
	}
	if !r.countable(&w) {
		return
	}
	for i := start; i < start+want; i++ {
		name := fmt.Sprintf("%s-%d", s.Name, i)
		r.addPod(w, name, func(p *corev1.Pod) {
			setLabel(&p.ObjectMeta, appsv1.StatefulSetPodNameLabel, name)
			setLabel(&p.ObjectMeta, appsv1.PodIndexLabel, fmt.Sprint(i))
			for _, t := range s.Spec.VolumeClaimTemplates {
				r.mountClaim(p, &t, t.Name+"-"+name)
			}
		})
	}
}

// countable says whether the workload lacks pods that can be made, and notes them.
func (r *reader) countable(w *workload) bool {
	if w.missing <= 0 || w.object.GetDeletionTimestamp() != nil {
		return false
	}
	name := w.kind + " " + title(w.object.GetNamespace(), w.object.GetName())
	if len(w.template.Spec.Containers) == 0 {
		r.bare = append(r.bare, name)
		return false
	}
	if r.replicasLeft -= w.missing; r.replicasLeft < 0 {
		r.faults = append(r.faults, fmt.Errorf("%s: asks for %d pods; the workloads of the files together may lack %d at most", name, w.missing, mostReplicas))
		return false
	}
	r.made = append(r.made, fmt.Sprintf("%d of %s", w.missing, name))
	return true
}

// mostReplicas bounds the pods that are added, so that a typing error cannot take all
// memory: it is what Kubernetes supports in one cluster.
const mostReplicas = 150_000

// addPod adds a pending pod of the workload, unless the name is taken.
func (r *reader) addPod(w workload, name string, change func(*corev1.Pod)) bool {
	id := podID(w.object.GetNamespace(), name)
	if _, taken := r.seen[id]; taken {
		return false
	}
	t := w.template
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: w.object.GetNamespace(), Labels: maps.Clone(t.Labels), Annotations: maps.Clone(t.Annotations),
			OwnerReferences: []metav1.OwnerReference{{Kind: w.kind, Name: w.object.GetName(), UID: w.object.GetUID(), Controller: new(true)}},
		},
		Spec: *t.Spec.DeepCopy(),
	}
	if change != nil {
		change(p)
	}
	r.seen[id] = seen{what: r.whereIs(w), object: p}
	r.objects.Pods = append(r.objects.Pods, p)
	return true
}

// whereIs says where the workload was found.
func (r *reader) whereIs(w workload) string {
	group := "apps"
	if w.kind == "Job" {
		group = "batch"
	}
	return r.seen[identity{schema.GroupKind{Group: group, Kind: w.kind}, w.object.GetNamespace(), w.object.GetName()}].what
}

func podID(namespace, name string) identity {
	return identity{kind: schema.GroupKind{Kind: "Pod"}, namespace: namespace, name: name}
}

func setLabel(meta *metav1.ObjectMeta, key, value string) {
	if _, set := meta.Labels[key]; set {
		return
	}
	if meta.Labels == nil {
		meta.Labels = map[string]string{}
	}
	meta.Labels[key] = value
}

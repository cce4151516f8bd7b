package cluster

import (
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// slimmer takes from objects, before the cache keeps them, what nothing reads, and
// makes StoredPods of pods, so that those of one controller share what is the same in all. It takes the bulk by name
// and keeps the rest: a field that Kubernetes adds is kept until it is named here.
//
// What the cache holds must never be written back whole; writes are patches, or start
// from a live read.
type slimmer struct {
	mu sync.Mutex
	// texts and siblings start anew when they are full: what is shared then stays so, and
	// what comes later shares among itself.
	texts    map[string]string
	siblings map[types.UID]*template
}

// Bounds on what is remembered for sharing, so that what has gone does not pile up.
const (
	mostTexts    = 1 << 16
	mostSiblings = 1 << 13
)

// template is what the pods of one controller have from its pod template.
type template struct {
	labels, annotations, nodeSelector map[string]string
	owners                            []metav1.OwnerReference
	affinity                          *corev1.Affinity
	tolerations                       []corev1.Toleration
	spread                            []corev1.TopologySpreadConstraint
	initContainers, containers        []corev1.Container
	volumes                           []corev1.Volume
	spec                              *corev1.PodSpec
	status                            *corev1.PodStatus
}

func newSlimmer() *slimmer {
	return &slimmer{texts: map[string]string{}, siblings: map[types.UID]*template{}}
}

// meta takes the parts of an object's metadata that serve its writers only.
func (s *slimmer) meta(object any) (any, error) {
	if m, err := meta.Accessor(object); err == nil {
		slimMeta(m)
	}
	return object, nil // what has no metadata is a tombstone
}

func slimMeta(m metav1.Object) {
	m.SetManagedFields(nil)
	if annotations := m.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
		delete(annotations, corev1.LastAppliedConfigAnnotation)
		m.SetAnnotations(annotations)
	}
}

func (s *slimmer) node(object any) (any, error) {
	n, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	slimMeta(n)
	n.Status.Images = nil
	n.Status.VolumesInUse, n.Status.VolumesAttached = nil, nil
	n.Status.NodeInfo = corev1.NodeSystemInfo{KubeletVersion: n.Status.NodeInfo.KubeletVersion}
	return n, nil
}

// deployment keeps how a Deployment rolls out. What its pods are like they say themselves.
func (s *slimmer) deployment(object any) (any, error) {
	d, ok := object.(*appsv1.Deployment)
	if !ok {
		return object, nil
	}
	slimMeta(d)
	d.Spec.Template, d.Status.Conditions = corev1.PodTemplateSpec{}, nil
	return d, nil
}

// pod makes a StoredPod of a Pod; what is one already stays it.
func (s *slimmer) pod(object any) (any, error) {
	p, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	slimMeta(p)
	slimPodSpec(&p.Spec)
	slimPodStatus(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range []*string{&p.Namespace, &p.GenerateName, &p.Spec.NodeName, &p.Spec.SchedulerName, &p.Spec.PriorityClassName} {
		*text = s.shared(*text)
	}
	return s.store(p), nil
}

func slimPodSpec(spec *corev1.PodSpec) {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			slimContainer(&containers[i])
		}
	}
	for i := range spec.EphemeralContainers {
		c := corev1.Container(spec.EphemeralContainers[i].EphemeralContainerCommon)
		slimContainer(&c)
		spec.EphemeralContainers[i].EphemeralContainerCommon = corev1.EphemeralContainerCommon(c)
	}
	spec.SecurityContext, spec.ImagePullSecrets, spec.ReadinessGates = nil, nil, nil
	spec.ServiceAccountName, spec.DeprecatedServiceAccount, spec.Subdomain, spec.Hostname = "", "", "", ""
	spec.DNSConfig, spec.HostAliases = nil, nil
	var volumes []corev1.Volume
	for _, v := range spec.Volumes {
		// These hold what the API server gives, and no node is chosen for it.
		if v.ConfigMap == nil && v.Secret == nil && v.Projected == nil && v.DownwardAPI == nil {
			volumes = append(volumes, v)
		}
	}
	spec.Volumes = volumes
}

func slimContainer(c *corev1.Container) {
	c.Image, c.ImagePullPolicy, c.WorkingDir = "", "", ""
	c.Command, c.Args, c.Env, c.EnvFrom = nil, nil, nil, nil
	c.VolumeDevices = nil
	// A node must declare that it knows these options.
	c.VolumeMounts = slices.DeleteFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return len(m.BindMountOptions) == 0 })
	if len(c.VolumeMounts) == 0 {
		c.VolumeMounts = nil
	}
	c.LivenessProbe, c.ReadinessProbe, c.StartupProbe, c.Lifecycle = nil, nil, nil, nil
	c.TerminationMessagePath, c.TerminationMessagePolicy = "", ""
	c.SecurityContext = nil
}

func slimPodStatus(p *corev1.Pod) {
	status := &p.Status
	status.Message, status.HostIP, status.PodIP = "", "", ""
	status.HostIPs, status.PodIPs, status.EphemeralContainerStatuses = nil, nil, nil
	var conditions []corev1.PodCondition
	for _, c := range status.Conditions {
		switch c.Type {
		case corev1.PodInitialized, corev1.ContainersReady, corev1.PodReadyToStartContainers:
		default:
			c.LastProbeTime = metav1.Time{}
			conditions = append(conditions, c)
		}
	}
	status.Conditions = conditions
	status.InitContainerStatuses = slimStatuses(status.InitContainerStatuses, p.Spec.InitContainers)
	status.ContainerStatuses = slimStatuses(status.ContainerStatuses, p.Spec.Containers)
}

// slimStatuses keeps what a container really holds, where that is not what its spec
// asks for: while it is being resized in place.
func slimStatuses(statuses []corev1.ContainerStatus, containers []corev1.Container) []corev1.ContainerStatus {
	asked := make(map[string]corev1.ResourceList, len(containers))
	for i := range containers {
		asked[containers[i].Name] = containers[i].Resources.Requests
	}
	var out []corev1.ContainerStatus
	same := true
	for i := range statuses {
		s := &statuses[i]
		if s.Resources == nil && s.AllocatedResources == nil {
			continue
		}
		out = append(out, corev1.ContainerStatus{Name: s.Name, Resources: s.Resources, AllocatedResources: s.AllocatedResources})
		want := asked[s.Name]
		same = same && (s.Resources == nil || equality.Semantic.DeepEqual(s.Resources.Requests, want)) &&
			(s.AllocatedResources == nil || equality.Semantic.DeepEqual(s.AllocatedResources, want))
	}
	if same {
		return nil
	}
	return out
}

// shared is one copy of equal texts.
func (s *slimmer) shared(text string) string {
	if have, known := s.texts[text]; known {
		return have
	}
	if len(s.texts) >= mostTexts {
		clear(s.texts)
	}
	s.texts[text] = text
	return text
}

// store has the pod point to what another of its controller has, wherever that is the same.
func (s *slimmer) store(p *corev1.Pod) *StoredPod {
	node, scheduled := p.Spec.NodeName, withoutTimes(&p.Status)
	p.Spec.NodeName = ""
	owner := metav1.GetControllerOfNoCopy(p)
	if owner == nil {
		return &StoredPod{ObjectMeta: p.ObjectMeta, node: node, scheduled: scheduled, spec: new(p.Spec), status: new(p.Status)}
	}
	like := s.siblings[owner.UID]
	if like == nil {
		if len(s.siblings) >= mostSiblings {
			clear(s.siblings)
		}
		like = &template{}
		s.siblings[owner.UID] = like
	}
	share(&p.Labels, &like.labels)
	share(&p.Annotations, &like.annotations)
	share(&p.OwnerReferences, &like.owners)
	share(&p.Spec.NodeSelector, &like.nodeSelector)
	share(&p.Spec.Affinity, &like.affinity)
	share(&p.Spec.Tolerations, &like.tolerations)
	share(&p.Spec.TopologySpreadConstraints, &like.spread)
	share(&p.Spec.InitContainers, &like.initContainers)
	share(&p.Spec.Containers, &like.containers)
	share(&p.Spec.Volumes, &like.volumes)
	spec, status := &p.Spec, &p.Status
	return &StoredPod{ObjectMeta: p.ObjectMeta, node: node, scheduled: scheduled, spec: sharedWhole(spec, &like.spec), status: sharedWhole(status, &like.status)}
}

// withoutTimes takes the times out of a status, which differ between pods that are alike in all else, and
// returns that of the condition PodScheduled.
func withoutTimes(status *corev1.PodStatus) (scheduled metav1.Time) {
	status.StartTime = nil
	for i := range status.Conditions {
		c := &status.Conditions[i]
		if c.Type == corev1.PodScheduled {
			scheduled = c.LastTransitionTime
		}
		c.LastTransitionTime = metav1.Time{}
	}
	return scheduled
}

// sharedWhole is like's value where it is equal, else a copy of the new one, which others can share.
// It never points into the object that was read, which would keep all of that.
func sharedWhole[T any](have *T, like **T) *T {
	if *like == nil || !equality.Semantic.DeepEqual(*have, **like) {
		*like = new(*have)
	}
	return *like
}

// share keeps one of two equal values. Where they differ, the newer is what coming
// pods are more likely to have.
func share[T any](have, like *T) {
	if equality.Semantic.DeepEqual(*have, *like) {
		*have = *like
	} else {
		*like = *have
	}
}

package plan

import (
	"iter"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Surge answers which pods a drain does not evict, because it restarts their Deployment instead
// and waits for another replica (Disruption.DrainSurge). The plan, the drain and the plugin ask it.
type Surge struct {
	deployments map[types.NamespacedName]*appsv1.Deployment
	// pods are those of the Deployments that are not ending.
	pods   map[types.NamespacedName][]replica
	claims map[types.NamespacedName]*corev1.PersistentVolumeClaim
}

// replica is what of a pod shows whether it stands in for another.
type replica struct {
	meta   *metav1.ObjectMeta
	status *corev1.PodStatus
}

// NewSurge works out which Deployment each pod is of. All pods of a Deployment must be among pods.
func NewSurge(deployments []*appsv1.Deployment, pods iter.Seq2[*metav1.ObjectMeta, *corev1.PodStatus], claims []*corev1.PersistentVolumeClaim) *Surge {
	s := &Surge{
		deployments: make(map[types.NamespacedName]*appsv1.Deployment, len(deployments)),
		pods:        map[types.NamespacedName][]replica{},
		claims:      make(map[types.NamespacedName]*corev1.PersistentVolumeClaim, len(claims)),
	}
	for _, d := range deployments {
		s.deployments[types.NamespacedName{Namespace: d.Namespace, Name: d.Name}] = d
	}
	for _, c := range claims {
		s.claims[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}] = c
	}
	for meta, status := range pods {
		of := deploymentOf(meta)
		if s.deployments[of] != nil && meta.DeletionTimestamp == nil && !hasFinished(status) {
			s.pods[of] = append(s.pods[of], replica{meta, status})
		}
	}
	return s
}

// Parts are what NewSurge needs to know of the pods.
func Parts(pods []*corev1.Pod) iter.Seq2[*metav1.ObjectMeta, *corev1.PodStatus] {
	return func(yield func(*metav1.ObjectMeta, *corev1.PodStatus) bool) {
		for _, p := range pods {
			if !yield(&p.ObjectMeta, &p.Status) {
				return
			}
		}
	}
}

// DeploymentOf names the Deployment that the pod is of; empty when it is of none. A Deployment
// calls its ReplicaSets by its own name and their label pod-template-hash.
func DeploymentOf(pod metav1.Object) string {
	owner, hash := metav1.GetControllerOfNoCopy(pod), pod.GetLabels()[appsv1.DefaultDeploymentUniqueLabelKey]
	if owner == nil || owner.Kind != "ReplicaSet" || hash == "" {
		return ""
	}
	name, cut := strings.CutSuffix(owner.Name, "-"+hash)
	if !cut {
		return ""
	}
	return name
}

func deploymentOf(pod metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.GetNamespace(), Name: DeploymentOf(pod)}
}

// Restarts says that the pod's Deployment is restarted before the pod may be evicted: the pod is
// its only ready replica, and a restart makes another one ready before this one ends.
func (s *Surge) Restarts(pod *corev1.Pod) bool {
	return s.restarts(replica{&pod.ObjectMeta, &pod.Status}, &pod.Spec)
}

func (s *Surge) restarts(pod replica, spec *corev1.PodSpec) bool {
	of := deploymentOf(pod.meta)
	d := s.deployments[of]
	if d == nil || !d.DeletionTimestamp.IsZero() || d.Spec.Paused || !makesOneMoreFirst(d) || s.boundToNode(pod.meta.Namespace, spec) {
		return false
	}
	return pod.runsReady() && !slices.ContainsFunc(s.pods[of], func(p replica) bool {
		return p.meta.Name != pod.meta.Name && p.runsReady()
	})
}

// superseded says that a restart has made as many other pods of the pod's Deployment as that
// wants, so that this one needs no place when its node goes.
func (s *Surge) superseded(pod *metav1.ObjectMeta) bool {
	of := deploymentOf(pod)
	d := s.deployments[of]
	if d == nil || !makesOneMoreFirst(d) {
		return false
	}
	newer := 0
	for _, p := range s.pods[of] {
		if templateOf(p.meta) != templateOf(pod) && pod.CreationTimestamp.Before(&p.meta.CreationTimestamp) {
			newer++
		}
	}
	return newer >= max(wanted(d), 1)
}

func templateOf(pod *metav1.ObjectMeta) string {
	return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
}

func (r replica) runsReady() bool {
	return r.meta.DeletionTimestamp == nil && r.status.Phase != corev1.PodPending && !hasFinished(r.status) && countsAsReady(r.status)
}

func wanted(d *appsv1.Deployment) int {
	if d.Spec.Replicas == nil {
		return 1
	}
	return int(*d.Spec.Replicas)
}

// makesOneMoreFirst says that a roll-out of the Deployment ends no ready pod before another one is
// ready. Its numbers are read as the Deployment controller does: maxSurge is rounded up and
// maxUnavailable down, and where both are 0, one may be unavailable.
func makesOneMoreFirst(d *appsv1.Deployment) bool {
	if d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return false
	}
	surge, unavailable := intstr.FromString("25%"), intstr.FromString("25%")
	if r := d.Spec.Strategy.RollingUpdate; r != nil {
		if r.MaxSurge != nil {
			surge = *r.MaxSurge
		}
		if r.MaxUnavailable != nil {
			unavailable = *r.MaxUnavailable
		}
	}
	more, err := intstr.GetScaledValueFromIntOrPercent(&surge, wanted(d), true)
	fewer, errFewer := intstr.GetScaledValueFromIntOrPercent(&unavailable, wanted(d), false)
	return err == nil && errFewer == nil && more > 0 && fewer == 0
}

// boundToNode says that another replica cannot run beside the pod on another node, because one of its volumes is
// attached to one node at a time.
func (s *Surge) boundToNode(namespace string, spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool {
		if v.PersistentVolumeClaim == nil {
			return false
		}
		c := s.claims[types.NamespacedName{Namespace: namespace, Name: v.PersistentVolumeClaim.ClaimName}]
		return c == nil || !slices.ContainsFunc(c.Spec.AccessModes, func(m corev1.PersistentVolumeAccessMode) bool {
			return m == corev1.ReadWriteMany || m == corev1.ReadOnlyMany
		})
	})
}

// surge is the State's, if a group asks for it; else one that knows of no Deployment.
func (w *world) surge() *Surge {
	if w.surges != nil {
		return w.surges
	}
	var deployments []*appsv1.Deployment
	if slices.ContainsFunc(w.groups, func(g *group) bool { return g.Disruption.DrainSurge }) {
		deployments = w.state.Deployments
	}
	if len(deployments) == 0 {
		w.surges = NewSurge(nil, func(func(*metav1.ObjectMeta, *corev1.PodStatus) bool) {}, nil)
		return w.surges
	}
	w.surges = NewSurge(deployments, func(yield func(*metav1.ObjectMeta, *corev1.PodStatus) bool) {
		for p := range w.state.AllPods() {
			if !yield(p.meta, p.status) {
				return
			}
		}
	}, w.state.Claims)
	return w.surges
}

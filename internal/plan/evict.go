package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations of other autoscalers that are honoured, so that workloads need not
// be changed.
const (
	safeToEvict             = "cluster-autoscaler.kubernetes.io/safe-to-evict"
	safeToEvictLocalVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
	daemonSetPod            = "cluster-autoscaler.kubernetes.io/daemonset-pod"
	enableDaemonSetEviction = "cluster-autoscaler.kubernetes.io/enable-ds-eviction"
	scaleDownDisabled       = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
	doNotDisrupt            = "karpenter.sh/do-not-disrupt"

	delayDeletionPrefix = "delay-deletion.cluster-autoscaler.kubernetes.io/"
)

// EndsWithNode says that a pod belongs to its node, or has finished: it holds no node,
// is not moved, and a drain does not evict it.
func EndsWithNode(pod *corev1.Pod) bool { return staysOnNode(pod) || hasFinished(&pod.Status) }

// staysOnNode says that a pod is of a DaemonSet, of a controller that says its pods
// work like one, or a static pod's mirror.
func staysOnNode(pod metav1.Object) bool { return isDaemonPod(pod) || isMirrorPod(pod) }

func hasFinished(status *corev1.PodStatus) bool {
	return status.Phase == corev1.PodSucceeded || status.Phase == corev1.PodFailed
}

// EvictsFromNode says that a running pod of a DaemonSet is annotated to be evicted before its node goes.
func EvictsFromNode(pod *corev1.Pod) bool {
	return pod.Annotations[enableDaemonSetEviction] == "true" && isDaemonPod(pod) && !isMirrorPod(pod) && !hasFinished(&pod.Status)
}

// DeletionDelays are the annotations of a Node by which others have its deletion wait, in order.
func DeletionDelays(node metav1.Object) []string {
	var delays []string
	for key := range node.GetAnnotations() {
		if strings.HasPrefix(key, delayDeletionPrefix) {
			delays = append(delays, key)
		}
	}
	slices.Sort(delays)
	return delays
}

func isDaemonPod(pod metav1.Object) bool {
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == "DaemonSet" {
		return true
	}
	return pod.GetAnnotations()[daemonSetPod] == "true"
}

func isMirrorPod(pod metav1.Object) bool {
	_, ok := pod.GetAnnotations()[corev1.MirrorPodAnnotationKey]
	return ok
}

// AwaitsCompletion says that a pod is annotated to be left alone until it has finished,
// by whoever wants its node to go.
func AwaitsCompletion(pod metav1.Object) bool {
	return pod.GetAnnotations()[safeToEvict] == "on-completion"
}

// SafeToEvict says that a pod is annotated as one that may be evicted at any time.
func SafeToEvict(pod metav1.Object) bool { return pod.GetAnnotations()[safeToEvict] == "true" }

// Immovable says why a pod must not be moved off its node at a time by a decision of
// the autoscaler; empty when it may, as an expendable pod may always.
func (p *Pod) Immovable(o *Options, now time.Time) string { return p.immovable(o, now).message }

// immovable is Immovable with the time at which the reason ends by itself.
func (p *Pod) immovable(o *Options, now time.Time) keep {
	held := func(format string, args ...any) keep {
		return keep{reason: KeptPodNotEvictable, message: fmt.Sprintf("pod %s "+format, append([]any{p.name()}, args...)...)}
	}
	switch {
	case o.nothingHeld || p.expendable(o):
		return keep{}
	case p.meta.Annotations[safeToEvict] == "false":
		return held("is annotated %s=false", safeToEvict)
	case AwaitsCompletion(p.meta):
		return held("is annotated %s=on-completion and has not finished", safeToEvict)
	}
	if why, until := undisrupted(p.meta, now); why != "" {
		k := held("is %s", why)
		k.until = until
		return k
	}
	switch {
	case p.unsupported != "":
		return held("uses %s, which is not planned for", p.unsupported)
	case p.invalid.reason != "":
		return held("could not be scheduled again: %s", p.invalid.message)
	case SafeToEvict(p.meta):
		return keep{}
	case metav1.GetControllerOfNoCopy(p.meta) == nil:
		return held("has no controller that would make it anew")
	case o.SkipNodesWithLocalStorage:
		if name := p.localStorage(); name != "" {
			return held("has local storage in volume %s", name)
		}
	}
	return keep{}
}

// undisrupted says whether karpenter.sh/do-not-disrupt protects a pod or node at a
// time, and until when; a zero time is for ever. As with Karpenter a duration counts
// from the object's creation, and a value that is no positive duration protects for
// ever: a typing error must not end the protection. An object of a file that does not
// say when it was created counts as new.
func undisrupted(object metav1.Object, now time.Time) (why string, until time.Time) {
	value, set := object.GetAnnotations()[doNotDisrupt]
	if !set || value == "" || value == "false" {
		return "", time.Time{}
	}
	why = "annotated " + doNotDisrupt + "=" + value
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return why, time.Time{}
	}
	created := object.GetCreationTimestamp().Time
	if created.IsZero() {
		created = now
	}
	until = created.Add(d)
	if !now.Before(until) {
		return "", time.Time{}
	}
	return fmt.Sprintf("%s, which protects it until %s", why, clock(until)), until
}

// localStorage is the first volume whose data would be lost with the node.
func (p *Pod) localStorage() string {
	safe := strings.Split(p.meta.Annotations[safeToEvictLocalVolumes], ",")
	for _, v := range p.spec.Volumes {
		local := v.HostPath != nil || v.EmptyDir != nil && v.EmptyDir.Medium != corev1.StorageMediumMemory
		if local && !slices.Contains(safe, v.Name) {
			return v.Name
		}
	}
	return ""
}

package plan

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations of other autoscalers that are honoured, so that workloads need not
// be changed.
const (
	safeToEvict             = "cluster-autoscaler.kubernetes.io/safe-to-evict"
	safeToEvictLocalVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
	scaleDownDisabled       = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
	doNotDisrupt            = "karpenter.sh/do-not-disrupt"
)

// immovable says why a pod must not be moved off its node; empty when it may.
func (p *Pod) immovable(o *Options) string {
	safe := p.Object.Annotations[safeToEvict]
	switch {
	case safe == "false":
		return fmt.Sprintf("pod %s is annotated %s=false", p.name(), safeToEvict)
	case p.Object.Annotations[doNotDisrupt] == "true":
		return fmt.Sprintf("pod %s is annotated %s=true", p.name(), doNotDisrupt)
	case p.unsupported != "":
		return fmt.Sprintf("pod %s uses %s, which is not planned for", p.name(), p.unsupported)
	case p.invalid.reason != "":
		return fmt.Sprintf("pod %s could not be scheduled again: %s", p.name(), p.invalid.message)
	case safe == "true":
		return ""
	case metav1.GetControllerOfNoCopy(p.Object) == nil:
		return fmt.Sprintf("pod %s has no controller that would make it anew", p.name())
	case o.SkipNodesWithLocalStorage:
		if name := p.localStorage(); name != "" {
			return fmt.Sprintf("pod %s has local storage in volume %s", p.name(), name)
		}
	}
	return ""
}

// localStorage is the first volume whose data would be lost with the node.
func (p *Pod) localStorage() string {
	safe := strings.Split(p.Object.Annotations[safeToEvictLocalVolumes], ",")
	for _, v := range p.Object.Spec.Volumes {
		local := v.HostPath != nil || v.EmptyDir != nil && v.EmptyDir.Medium != corev1.StorageMediumMemory
		if local && !slices.Contains(safe, v.Name) {
			return v.Name
		}
	}
	return ""
}

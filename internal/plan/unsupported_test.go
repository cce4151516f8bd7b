package plan

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// What the planner would have to guess about buys nothing and is not moved.
func TestWhatIsNotUnderstoodIsRefusedByName(t *testing.T) {
	for want, change := range map[string]func(*corev1.PodSpec){
		"resourceClaims": func(s *corev1.PodSpec) {
			s.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu", ResourceClaimName: new("gpu")}}
		},
		"os windows": func(s *corev1.PodSpec) { s.OS = &corev1.PodOS{Name: corev1.Windows} },
		"node feature UserNamespacesHostNetworkSupport": func(s *corev1.PodSpec) { s.HostNetwork, s.HostUsers = true, new(false) },
		"node feature RestartAllContainersOnContainerExits": func(s *corev1.PodSpec) {
			s.Containers[0].RestartPolicyRules = []corev1.ContainerRestartRule{{Action: corev1.ContainerRestartRuleActionRestartAllContainers}}
		},
	} {
		s := emptyNodes(2)
		waits := benchPod("default", "waits", 100, 128, nil)
		change(&waits.Spec)
		runs := waits.DeepCopy()
		runs.Name, runs.Spec.NodeName = "runs", s.Nodes[0].Name
		s.Pods = []*Pod{NewPod(waits), NewPod(runs)}
		p := Decide(s)
		if len(p.Unplaced) != 1 || p.Unplaced[0].Refusals[0].Reason != NotSupported || !strings.Contains(p.Unplaced[0].Refusals[0].Message, want) {
			t.Errorf("%s: the pod that waits is judged %+v", want, p.Unplaced)
		}
		if len(p.Kept) != 1 || p.Kept[0].Reason != KeptPodNotEvictable || !strings.Contains(p.Kept[0].Message, want) {
			t.Errorf("%s: the nodes that stay are %+v", want, p.Kept)
		}
	}
}

func TestPodThatNamesLinuxIsLikeAnyOther(t *testing.T) {
	s := emptyNodes(1)
	waits := benchPod("default", "waits", 100, 128, nil)
	waits.Spec.OS = &corev1.PodOS{Name: corev1.Linux}
	s.Pods = []*Pod{NewPod(waits)}
	if p := Decide(s); len(p.Placements) != 1 {
		t.Errorf("it is put on %v, and judged %+v", p.Placements, p.Unplaced)
	}
}

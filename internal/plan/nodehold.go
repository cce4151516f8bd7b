package plan

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeHeld says why the autoscaler must not remove a node by a decision of its own, as
// far as the Node and the pods bound to it tell; empty when nothing does.
func NodeHeld(node *corev1.Node, bound []corev1.Pod, now time.Time) string {
	if why := ControlPlane(node, bound); why != "" {
		return why
	}
	return annotatedToStay(node, now).message
}

// ControlPlane says why a node is taken for one of the control plane, which must not
// be removed; empty when it is none.
func ControlPlane(node *corev1.Node, bound []corev1.Pod) string {
	if why := controlPlaneRole(node); why != "" {
		return why
	}
	for i := range bound {
		if why := controlPlanePod(&bound[i].ObjectMeta, &bound[i].Status); why != "" {
			return why
		}
	}
	return ""
}

// controlPlaneRole looks at the role labels of kubeadm, k3s and RKE2.
func controlPlaneRole(node *corev1.Node) string {
	for _, label := range []string{"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/etcd", "node-role.kubernetes.io/master"} {
		if value, ok := node.Labels[label]; ok && value != "false" {
			return "it bears the label " + label + ": nodes of the control plane are not removed"
		}
	}
	return ""
}

// controlPlanePod looks for a static pod of etcd or of the API server.
func controlPlanePod(pod *metav1.ObjectMeta, status *corev1.PodStatus) string {
	if !isMirrorPod(pod) || hasFinished(status) {
		return ""
	}
	for _, component := range []string{"etcd", "kube-apiserver"} {
		if pod.Labels["component"] == component || strings.HasPrefix(pod.Name, component+"-") {
			return fmt.Sprintf("it runs the static pod %s/%s: nodes of the control plane are not removed", pod.Namespace, pod.Name)
		}
	}
	return ""
}

// annotatedToStay looks at the annotations of other autoscalers on the Node.
func annotatedToStay(node *corev1.Node, now time.Time) keep {
	if node.Annotations[scaleDownDisabled] == "true" {
		return keep{reason: KeptDoNotDelete, message: "annotated " + scaleDownDisabled + "=true"}
	}
	if why, until := undisrupted(node, now); why != "" {
		return keep{reason: KeptDoNotDelete, message: why, until: until}
	}
	return keep{}
}

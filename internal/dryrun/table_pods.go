package dryrun

import (
	"fmt"
	"iter"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// podNames says what a pod, by namespace/name, is one of.
type podNames map[string]*corev1.Pod

func namePods(pods iter.Seq[*plan.Pod]) podNames {
	names := podNames{}
	for p := range pods {
		names[p.Meta().Namespace+"/"+p.Meta().Name] = p.Object()
	}
	return names
}

// of is the pod's controller, or its name without the number at its end.
func (n podNames) of(name string) string {
	pod := n[name]
	if pod == nil {
		return withoutNumber(name)
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return withoutNumber(name)
	}
	switch owner.Kind {
	case "ReplicaSet":
		if hash := pod.Labels["pod-template-hash"]; hash != "" {
			return "Deployment " + pod.Namespace + "/" + strings.TrimSuffix(owner.Name, "-"+hash)
		}
	case "Job": // a CronJob's bear the time
		return "Job " + withoutNumber(pod.Namespace+"/"+owner.Name)
	}
	return owner.Kind + " " + pod.Namespace + "/" + owner.Name
}

func withoutNumber(name string) string {
	if short := strings.TrimRight(name, "0123456789"); short != name {
		return short + "*"
	}
	return name
}

// label names pods that are alike by one of them.
func (n podNames) label(name string, alike int) string {
	if alike == 1 {
		return name
	}
	return n.of(name)
}

// summary counts pods by what they are one of.
func (n podNames) summary(pods []string) string {
	if len(pods) == 0 {
		return "-"
	}
	rows := bundle(pods, n.of)
	var parts []string
	told := 0
	for i, r := range rows {
		if i == mostNames && len(rows) > mostNames+1 {
			parts = append(parts, fmt.Sprintf("%d others", len(pods)-told))
			break
		}
		part := n.label(r.items[0], len(r.items))
		if len(r.items) > 1 && len(rows) > 1 {
			part = fmt.Sprintf("%d of %s", len(r.items), part)
		}
		parts = append(parts, part)
		told += len(r.items)
	}
	return strings.Join(parts, ", ")
}

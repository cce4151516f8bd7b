package plantest

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Classes are n pending pods in very many constraint classes or sizes, on the types of
// Company: what the number of classes costs.
//
//   - "lonely": n apps of one pod, each anti-affine to its own label by hostname, as many
//     Helm charts have it
//   - "threes": Deployments of three that spread by zone and by hostname
//   - "sizes": pods of n different sizes
//
// It panics for any other shape.
func Classes(shape string, n int) *plan.State {
	s := Company(0, 1, false)
	sizes := companySizes()
	for i := range n {
		app := i
		if shape == "threes" {
			app = i / 3
		}
		p := pod(fmt.Sprintf("pod-%06d", i), fmt.Sprintf("app-%06d", app), sizes[app*7%len(sizes)])
		switch shape {
		case "lonely":
			Apart(p)
		case "threes":
			Spread(p, corev1.LabelTopologyZone)
			Spread(p, corev1.LabelHostname)
		case "sizes":
			p = pod(p.Name, p.Labels["app"], size{50 + int64(i)*7919%2000, 64 + int64(i)*104729%4096})
		default:
			panic("no shape of that name: " + shape)
		}
		s.Pods = append(s.Pods, plan.NewPod(p))
	}
	return s
}

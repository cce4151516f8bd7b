package resources_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

func container(pairs ...string) corev1.Container {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return corev1.Container{Name: "c", Resources: corev1.ResourceRequirements{Requests: list}}
}

func TestRequestsOf(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	sidecar := container("cpu", "100m")
	sidecar.RestartPolicy = &always
	tests := map[string]struct {
		pod  corev1.Pod
		want resources.Requests
	}{
		"one container, rounded up": {
			pod:  corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{container("cpu", "0.1", "memory", "1500m")}}},
			want: resources.Requests{CPU: 100, Memory: 2},
		},
		"several containers, summed before rounding": {
			pod:  corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{container("memory", "500m"), container("memory", "500m", "cpu", "1")}}},
			want: resources.Requests{CPU: 1000, Memory: 1},
		},
		"the init container is larger than the rest, and the sidecar stays": {
			pod: corev1.Pod{Spec: corev1.PodSpec{
				InitContainers: []corev1.Container{sidecar, container("cpu", "2")}, Containers: []corev1.Container{container("cpu", "1")},
			}},
			want: resources.Requests{CPU: 2100},
		},
		"overhead and pod-level resources": {
			pod: corev1.Pod{Spec: corev1.PodSpec{
				Containers: []corev1.Container{container("cpu", "1")},
				Resources:  &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}},
				Overhead:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m")},
			}},
			want: resources.Requests{CPU: 3250},
		},
		"scalars by name, none that are zero": {
			pod: corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{
				container("example.com/b", "2", "example.com/a", "1", "example.com/z", "0", "pods", "5"), container("example.com/b", "1"),
			}}},
			want: resources.Requests{Scalars: []resources.Scalar{{"example.com/a", 1}, {"example.com/b", 3}}},
		},
		"a bound pod being resized holds the larger of wish and allocation": {
			pod: corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "p"},
				Spec:       corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{container("cpu", "1")}},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "c",
					AllocatedResources: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}}}},
			},
			want: resources.Requests{CPU: 2000},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, resources.Of(&tc.pod)); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

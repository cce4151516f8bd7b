package demo

import (
	"context"
	"fmt"
	"io/fs"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
)

// The windows of the sample are minutes; the demo waits seconds for the same decisions.
const (
	upWindow     = 1
	downWindow   = 3
	unneededTime = 3
)

// sampleGroup is the NodeGroup of config/samples with shorter windows.
func sampleGroup() (*v1alpha1.NodeGroup, error) {
	const file = "samples/nodegroup.yaml"
	content, err := fs.ReadFile(config.FS, file)
	if err != nil {
		return nil, fmt.Errorf("reading the sample NodeGroup: %w", err)
	}
	group := &v1alpha1.NodeGroup{}
	if err := yaml.UnmarshalStrict(content, group); err != nil {
		return nil, fmt.Errorf("reading config/%s: %w", file, err)
	}
	group.Status = v1alpha1.NodeGroupStatus{}
	group.Spec.ScaleUpPolicy.StabilizationWindowSeconds = new(int32(upWindow))
	group.Spec.ScaleDownPolicy.StabilizationWindowSeconds = new(int32(downWindow))
	group.Spec.ScaleDownPolicy.UnneededTime = new(int32(unneededTime))
	return group, nil
}

// deployment is one of the demo's workloads: its size while all is busy, and afterwards.
type deployment struct {
	name, cpu, memory    string
	replicas, afterwards int32
	// important pods get their places first: else kube-scheduler fills the large nodes that are bought for them with
	// whatever small pod it sees earlier.
	important bool
}

// importantClass is the PriorityClass of important pods.
const importantClass = "demo-important"

func priorityClass() *schedulingv1.PriorityClass {
	return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: importantClass}, Value: 1000}
}

// workload needs several nodes, and of different sizes: a pod of search fits only the largest type.
func workload() []deployment {
	return []deployment{
		{name: "web", cpu: "500m", memory: "512Mi", replicas: 20, afterwards: 3},
		{name: "api", cpu: "1", memory: "2Gi", replicas: 8, afterwards: 1},
		{name: "search", cpu: "5", memory: "10Gi", replicas: 2, afterwards: 0, important: true},
	}
}

func (d deployment) object() *appsv1.Deployment {
	labels := map[string]string{"app": d.name}
	class := ""
	if d.important {
		class = importantClass
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: d.name, Namespace: namespace},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(d.replicas),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{PriorityClassName: class, Containers: []corev1.Container{{
					Name: d.name, Image: d.name,
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
						corev1.ResourceCPU: resource.MustParse(d.cpu), corev1.ResourceMemory: resource.MustParse(d.memory),
					}},
				}}},
			},
		},
	}
}

func (s *Story) scale(ctx context.Context, name string, replicas int32) error {
	object := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	if err := s.client.Patch(ctx, object, patch); err != nil {
		return fmt.Errorf("scaling the Deployment %s: %w", name, err)
	}
	return nil
}

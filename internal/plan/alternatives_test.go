package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// TestAlternatives: a launch names up to three other types that would hold its pods, the
// cheapest first, and what speaks against those that are cheaper.
func TestAlternatives(t *testing.T) {
	offer := func(name string, cores int64, price plan.Money) *plan.Offer {
		return &plan.Offer{
			InstanceType: name, DatacenterID: "dc1", Price: price, Available: true, Stock: -1,
			Allocatable: corev1.ResourceList{
				corev1.ResourceCPU: *resource.NewQuantity(cores, resource.DecimalSI), corev1.ResourceMemory: resource.MustParse("64Gi"),
				corev1.ResourcePods: *resource.NewQuantity(110, resource.DecimalSI),
			},
		}
	}
	want := func(name string, price plan.Money, why string) plan.Alternative {
		return plan.Alternative{Group: "web", InstanceType: name, DatacenterID: "dc1", Price: plan.Hourly(price), Why: why}
	}
	for name, c := range map[string]struct {
		alter  func(s *plan.State)
		bought string
		want   []plan.Alternative
	}{
		"the next three": {
			alter: func(*plan.State) {}, bought: "two",
			want: []plan.Alternative{want("four", 40, ""), want("six", 60, ""), want("eight", 80, "")},
		},
		"a preferred type is dearer": {
			alter: func(s *plan.State) { s.Groups[0].Preferred = "eight" }, bought: "eight",
			want: []plan.Alternative{
				want("two", 20, "the NodeGroup prefers the type that is bought"),
				want("four", 40, "the NodeGroup prefers the type that is bought"),
				want("six", 60, "the NodeGroup prefers the type that is bought"),
			},
		},
		"the cloud has none of the cheapest": {
			alter: func(s *plan.State) { s.Offers[1].Available = false }, bought: "four",
			want: []plan.Alternative{want("six", 60, ""), want("eight", 80, ""), want("ten", 100, "")},
		},
		"the cloud had one of the cheapest": {
			alter: func(s *plan.State) {
				s.Offers[1].Stock = 1
				second := s.Pods[0].Object().DeepCopy()
				second.Name, second.UID = "q", "q"
				s.Pods = append(s.Pods, plan.NewPod(second))
			}, bought: "four",
			want: []plan.Alternative{
				want("two", 20, "no more of it can be bought: a maximum is reached, or the cloud has none"),
				want("six", 60, ""), want("eight", 80, ""),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "p"},
				Spec: corev1.PodSpec{
					SchedulerName: corev1.DefaultSchedulerName,
					Containers: []corev1.Container{{
						Name: "c", Ports: []corev1.ContainerPort{{HostPort: 80, ContainerPort: 80}}, // so each needs a node
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")}},
					}},
				},
				Status: corev1.PodStatus{
					Phase:      corev1.PodPending,
					Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}},
				},
			}
			s := &plan.State{
				Pods: []*plan.Pod{plan.NewPod(pod)},
				Offers: []*plan.Offer{
					offer("one", 1, 10), offer("two", 2, 20), offer("four", 4, 40), offer("six", 6, 60), offer("eight", 8, 80), offer("ten", 10, 100),
				},
				Groups: []*plan.Group{{
					Name: "web", Max: 9, DatacenterID: "dc1", AllowMixed: true, Offers: []string{"one", "two", "four", "six", "eight", "ten"},
					ScaleUp: plan.ScaleUp{Enabled: true, CPU: 100, Memory: 100},
				}},
			}
			c.alter(s)
			p := plan.Decide(s)
			i := slices.IndexFunc(p.Launches, func(l plan.Launch) bool { return l.InstanceType == c.bought })
			if i < 0 {
				t.Fatalf("bought %+v, want %s", p.Launches, c.bought)
			}
			if diff := cmp.Diff(c.want, p.Launches[i].Alternatives); diff != "" {
				t.Errorf("alternatives (-want +got):\n%s", diff)
			}
		})
	}
}

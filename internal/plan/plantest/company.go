// Package plantest makes the workloads on which tests and benchmarks measure plans.
package plantest

import (
	"fmt"
	"math"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const moneyUnit = 1_000_000

// Company is the reference workload: n pending pods of a company's Deployments, whose
// replica counts follow a Pareto distribution with α = 1.1, in 57 sizes, most of them
// round numbers; 24 VPS types in two datacenters, of which the second is 5 % dearer; and
// a group with a taint, into which every twentieth Deployment goes. With constrained,
// 30 % of the Deployments spread by hostname, 10 % by zone, and 5 % are anti-affine to
// themselves by hostname; without, and for the same seed, the pods are the same in all
// else. The same arguments give the same State.
func Company(n int, seed uint64, constrained bool) *plan.State {
	s := &plan.State{Options: plan.Options{ExpendablePriorityCutoff: -10, IgnoreTimers: true}}
	for i, dc := range []string{"dc1", "dc2"} {
		s.Offers = append(s.Offers, companyOffers(dc, 100+5*plan.Money(i))...)
		s.Groups = append(s.Groups, group("general-"+dc, dc))
	}
	dedicated := group("dedicated", "dc1")
	dedicated.Labels = map[string]string{"dedicated": "batch"}
	dedicated.Taints = []corev1.Taint{{Key: "dedicated", Value: "batch", Effect: corev1.TaintEffectNoSchedule}}
	s.Groups = append(s.Groups, dedicated)
	for _, pod := range CompanyPods(n, seed, constrained) {
		s.Pods = append(s.Pods, plan.NewPod(pod))
	}
	return s
}

func group(name, datacenter string) *plan.Group {
	g := &plan.Group{
		Name: name, Max: 1 << 20, DatacenterID: datacenter, AllowMixed: true,
		ScaleUp:   plan.ScaleUp{Enabled: true, CPU: 100, Memory: 100},
		ScaleDown: plan.ScaleDown{Enabled: true, CPU: 50, Memory: 50},
	}
	for _, o := range companyOffers(datacenter, 100) {
		g.Offers = append(g.Offers, o.InstanceType)
	}
	return g
}

// companyOffers are types of 1 to 48 cores with 1 to 8 GiB a core. The price of a core
// or a GiB differs from type to type, as it does in price lists.
func companyOffers(datacenter string, percent plan.Money) []*plan.Offer {
	var offers []*plan.Offer
	for _, t := range []struct{ cpu, gib, price int }{ // price in hundredths a month
		{1, 1, 500}, {1, 2, 900}, {1, 4, 1500}, {2, 2, 1100}, {2, 4, 1700}, {2, 8, 2800}, {2, 16, 5200},
		{4, 4, 2300}, {4, 8, 3300}, {4, 16, 5400}, {4, 32, 10400}, {6, 16, 7000}, {8, 8, 4700}, {8, 16, 6900},
		{8, 32, 11000}, {8, 64, 20800}, {12, 24, 10900}, {16, 32, 14400}, {16, 64, 22600}, {16, 128, 42000},
		{24, 96, 35000}, {32, 64, 30500}, {32, 128, 46800}, {48, 192, 72000},
	} {
		offers = append(offers, &plan.Offer{
			InstanceType: fmt.Sprintf("vps-%dcpu-%dgb", t.cpu, t.gib), DatacenterID: datacenter,
			Price:       plan.Money(t.price) * moneyUnit / 100 * percent / 100,
			Allocatable: reserved(t.cpu, t.gib), Available: true, Stock: -1,
			Labels: map[string]string{corev1.LabelTopologyZone: datacenter},
		})
	}
	return offers
}

// reserved is what managed clouds leave to pods: they keep 25 % of the first 4 GiB, 20 %
// of the next 4, 10 % of the next 8, 6 % of the next 112 and 2 % of what is above, and 6 %
// of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of the others.
func reserved(cpu, gib int) corev1.ResourceList {
	kept := func(amount float64, steps [][2]float64) float64 {
		sum := 0.0
		for _, s := range steps {
			part := min(amount, s[0])
			sum, amount = sum+part*s[1], amount-part
		}
		return sum
	}
	memory := float64(gib) - kept(float64(gib), [][2]float64{{4, 0.25}, {4, 0.2}, {8, 0.1}, {112, 0.06}, {math.Inf(1), 0.02}})
	cores := float64(cpu) - kept(float64(cpu), [][2]float64{{1, 0.06}, {1, 0.01}, {2, 0.005}, {math.Inf(1), 0.0025}})
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(int64(cores*1000), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(int64(memory*1024-100)<<20, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(int64(20*cpu+20)<<30, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(110, resource.DecimalSI),
	}
}

type size struct{ milliCPU, mebi int64 }

// companySizes are 57 sizes of pods, from 50m and 128Mi to 4 cores and 16Gi: 51 round
// ones, and six as a vertical autoscaler recommends them.
func companySizes() []size {
	var sizes []size
	for _, cpu := range []int64{50, 100, 200, 250, 300, 500, 750, 1000, 1500, 2000, 3000, 4000} {
		for _, mebi := range []int64{128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384} {
			// Half a MiB to eight MiB a milli-core, thinned out.
			if mebi*2 >= cpu && mebi <= cpu*8 && (cpu/50+mebi/128)%2 == 0 && len(sizes) < 51 {
				sizes = append(sizes, size{cpu, mebi})
			}
		}
	}
	sizes = append(sizes, size{4000, 16384}, size{15, 105}, size{137, 483}, size{410, 1291}, size{763, 2310}, size{1190, 3700})
	return sizes
}

// CompanyPods are the pods of Company.
func CompanyPods(n int, seed uint64, constrained bool) []*corev1.Pod {
	r := rand.New(rand.NewPCG(seed, 1))
	sizes := companySizes()
	var pods []*corev1.Pod
	for app := 0; len(pods) < n; app++ {
		replicas := int(math.Pow(1-r.Float64(), -1/1.1))
		replicas = min(replicas, max(n/10, 1), n-len(pods))
		// Small sizes are more common than large ones.
		drawn := sizes[min(r.IntN(len(sizes)), r.IntN(len(sizes)))]
		if r.IntN(3) == 0 {
			drawn = sizes[r.IntN(len(sizes))]
		}
		kind, dedicated := r.IntN(100), r.IntN(20) == 0
		for i := range replicas {
			p := pod(fmt.Sprintf("app-%05d-%05d", app, i), fmt.Sprintf("app-%05d", app), drawn)
			if dedicated {
				p.Spec.NodeSelector = map[string]string{"dedicated": "batch"}
				p.Spec.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
			}
			if constrained {
				constrain(p, kind, dedicated)
			}
			pods = append(pods, p)
		}
	}
	return pods
}

// constrain gives the pod of a Deployment the constraint of its kind, drawn from 0 to 99.
func constrain(p *corev1.Pod, kind int, dedicated bool) {
	switch {
	case kind < 30:
		Spread(p, corev1.LabelHostname)
	case kind < 40 && !dedicated: // the group with the taint is in one zone
		Spread(p, corev1.LabelTopologyZone)
	case kind >= 40 && kind < 45:
		Apart(p)
	}
}

// Spread makes the pod spread over the values of a label with those of its app, with a
// skew of one at most.
func Spread(p *corev1.Pod, key string) { spreadBy(p, key, "app", p.Labels["app"]) }

// Apart makes the pod keep away from the nodes of its app's other pods.
func Apart(p *corev1.Pod) { apart(p, corev1.LabelHostname, "app", p.Labels["app"]) }

// pod is one that kube-scheduler found no node for.
func pod(name, app string, s size) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: name, UID: types.UID(name), Labels: map[string]string{"app": app},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app, Controller: new(true)}},
		},
		Spec: corev1.PodSpec{
			SchedulerName: corev1.DefaultSchedulerName,
			Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewMilliQuantity(s.milliCPU, resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(s.mebi<<20, resource.BinarySI),
			}}}},
		},
		Status: corev1.PodStatus{
			Phase:      corev1.PodPending,
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}},
		},
	}
}

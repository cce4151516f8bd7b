package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// vpsOffers is a price list that is not linear, as a VPS provider's is.
func vpsOffers() []*Offer {
	var offers []*Offer
	for _, o := range []struct {
		name    string
		cpu, gb int
		disk    int
		price   Money
	}{
		{"nano-1cpu-1gb", 1, 1, 25, 5}, {"small-1cpu-2gb", 1, 2, 50, 10}, {"small-2cpu-4gb", 2, 4, 80, 18},
		{"medium-4cpu-8gb", 4, 8, 160, 34}, {"large-8cpu-16gb", 8, 16, 320, 76}, {"huge-16cpu-32gb", 16, 32, 640, 168},
	} {
		offers = append(offers, &Offer{
			InstanceType: o.name, DatacenterID: "dc1", Price: o.price * moneyUnit, Allocatable: EstimateAllocatable(o.cpu, o.gb*1024, o.disk),
			Available: true, Stock: -1,
		})
	}
	return offers
}

func mixedGroup(name string, offers []*Offer) *Group {
	g := &Group{Name: name, Max: 1 << 20, DatacenterID: "dc1", AllowMixed: true,
		ScaleUp: ScaleUp{Enabled: true, CPU: 100, Memory: 100}, ScaleDown: ScaleDown{Enabled: true, CPU: 50, Memory: 50}}
	for _, o := range offers {
		g.Offers = append(g.Offers, o.InstanceType)
	}
	return g
}

func benchPod(namespace, name string, cpu, memory int64, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels, OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "x", Controller: new(true)}}},
		Spec: corev1.PodSpec{SchedulerName: corev1.DefaultSchedulerName, Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: *resource.NewMilliQuantity(cpu, resource.DecimalSI), corev1.ResourceMemory: *resource.NewQuantity(memory<<20, resource.BinarySI),
		}}}}},
	}
}

// deployments draws pods of Deployments whose sizes and replica counts are like
// those of a real cluster.
func deployments(n int) []*corev1.Pod {
	r := rand.New(rand.NewPCG(1, 2))
	cpus := []int64{50, 100, 100, 200, 250, 500, 500, 1000, 2000}
	ratios := []int64{1, 2, 2, 4, 8}
	var pods []*corev1.Pod
	for d := 0; len(pods) < n; d++ {
		cpu := cpus[r.IntN(len(cpus))]
		memory := cpu * ratios[r.IntN(len(ratios))]
		labels := map[string]string{"app": fmt.Sprintf("app-%d", d), "pod-template-hash": fmt.Sprint(d)}
		for i := range 1 + r.IntN(30) {
			pods = append(pods, benchPod("default", fmt.Sprintf("app-%d-%d", d, i), cpu, memory, labels))
		}
	}
	return pods[:n]
}

// diverse is Karpenter's own mix: a seventh each of pods with a spread by zone, a
// spread by hostname, an affinity by hostname and by zone, an anti-affinity by
// hostname, and two of plain ones.
func diverse(n int) []*corev1.Pod {
	r := rand.New(rand.NewPCG(3, 4))
	cpus, memories := []int64{100, 250, 500, 1000, 1500}, []int64{100, 256, 512, 1024, 2048, 4096}
	letter := func() string { return string(rune('a' + r.IntN(7))) }
	var pods []*corev1.Pod
	for i := range n {
		labels := map[string]string{"my-label": letter()}
		pod := benchPod("default", fmt.Sprintf("pod-%d", i), cpus[r.IntN(5)], memories[r.IntN(6)], labels)
		spread := func(key string) {
			pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: labelSelector("my-label=" + letter()),
			}}
		}
		near := func(key string) {
			value := letter()
			pod.Labels = map[string]string{"my-affinity": value}
			pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				TopologyKey: key, LabelSelector: labelSelector("my-affinity=" + value),
			}}}}
		}
		switch i % 6 {
		case 0:
			spread(corev1.LabelTopologyZone)
		case 1:
			spread(corev1.LabelHostname)
		case 2:
			near(corev1.LabelTopologyZone)
		case 3:
			pod.Labels = map[string]string{"app": "nginx"}
			pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				TopologyKey: corev1.LabelHostname, LabelSelector: labelSelector("app=nginx"),
			}}}}
		}
		pods = append(pods, pod)
	}
	return pods
}

// cloudOffers are 400 types in three zones with prices close to linear.
func cloudOffers() []*Offer {
	var offers []*Offer
	for i := range 400 {
		cpu := 1 << (i % 6)
		gb := cpu * []int{1, 2, 4, 8}[i/6%4]
		zone := fmt.Sprintf("z%d", i%3)
		offers = append(offers, &Offer{
			InstanceType: fmt.Sprintf("t%03d-%dcpu-%dgb", i, cpu, gb), DatacenterID: "dc1", Price: Money(cpu*10+gb*2)*moneyUnit + Money(i)*1000,
			Allocatable: EstimateAllocatable(cpu, gb*1024, 100), Labels: map[string]string{corev1.LabelTopologyZone: zone}, Available: true, Stock: -1,
		})
	}
	return offers
}

func newPods(objects []*corev1.Pod) []*Pod {
	pods := make([]*Pod, len(objects))
	for i, o := range objects {
		pods[i] = NewPod(o)
	}
	return pods
}

// report runs the decision and adds what it comes to.
func report(b *testing.B, state func() *State) {
	var p *Plan
	b.ReportAllocs()
	for b.Loop() {
		p = Decide(state())
	}
	b.ReportMetric(float64(len(p.Launches)), "nodes")
	b.ReportMetric(float64(len(p.Unplaced)), "unplaced")
	if p.Cost.LowerBound > 0 {
		b.ReportMetric(float64(p.Cost.After)/float64(p.Cost.LowerBound), "price/bound")
	}
	b.ReportMetric(float64(p.Cost.After)/moneyUnit, "price")
}

func BenchmarkDeployments(b *testing.B) {
	for _, n := range []int{1000, 2000, 10000, 50000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			objects, offers := deployments(n), vpsOffers()
			report(b, func() *State {
				return &State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(objects)}
			})
		})
	}
}

// BenchmarkSingles has no two pods of a size.
func BenchmarkSingles(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(9, 9))
			offers := vpsOffers()
			var objects []*corev1.Pod
			for i := range n {
				objects = append(objects, benchPod("default", fmt.Sprintf("p-%05d", i), 20+r.Int64N(2000), 30+r.Int64N(5000), nil))
			}
			report(b, func() *State {
				return &State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(objects)}
			})
		})
	}
}

func BenchmarkDiverse(b *testing.B) {
	for _, n := range []int{1000, 5000, 10000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			objects, offers := diverse(n), cloudOffers()
			report(b, func() *State {
				return &State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(objects)}
			})
		})
	}
}

func BenchmarkEqualPods(b *testing.B) {
	for _, n := range []int{5000, 50000} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			offer := &Offer{InstanceType: "big", DatacenterID: "dc1", Price: 10 * moneyUnit, Allocatable: EstimateAllocatable(52, 52*1024, 100), Available: true, Stock: -1}
			var objects []*corev1.Pod
			for i := range n {
				objects = append(objects, benchPod("default", fmt.Sprintf("p-%05d", i), 1000, 900, map[string]string{"app": "p"}))
			}
			report(b, func() *State {
				return &State{Offers: []*Offer{offer}, Groups: []*Group{mixedGroup("web", []*Offer{offer})}, Pods: newPods(objects)}
			})
		})
	}
}

// removalState is a cluster whose nodes are a third full.
func removalState(nodes, podsPerNode int) *State {
	offer := &Offer{InstanceType: "large", DatacenterID: "dc1", Price: 10 * moneyUnit, Allocatable: EstimateAllocatable(16, 32*1024, 100), Available: true, Stock: -1}
	g := mixedGroup("web", []*Offer{offer})
	s := &State{Offers: []*Offer{offer}, Groups: []*Group{g}, Options: Options{IgnoreTimers: true}}
	r := rand.New(rand.NewPCG(5, 6))
	for n := range nodes {
		name := fmt.Sprintf("node-%05d", n)
		labels := NodeLabels(g, offer)
		labels[corev1.LabelHostname] = name
		s.Nodes = append(s.Nodes, &Node{Name: name, Group: "web", InstanceType: "large", DatacenterID: "dc1", State: Ready,
			Object: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Status: corev1.NodeStatus{Allocatable: offer.Allocatable}}})
		for i := range podsPerNode {
			app := r.IntN(500)
			object := benchPod("default", fmt.Sprintf("app-%d-%d-%d", app, n, i), int64(50+50*(app%6)), int64(64+64*(app%8)), map[string]string{"app": fmt.Sprintf("app-%d", app)})
			object.Spec.NodeName = name
			s.Pods = append(s.Pods, NewPod(object))
		}
	}
	return s
}

func BenchmarkRemoval(b *testing.B) {
	for _, n := range []int{500, 1000, 5000} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			s := removalState(n, 30)
			var p *Plan
			b.ReportAllocs()
			for b.Loop() {
				p = Decide(s)
			}
			b.ReportMetric(float64(len(p.Removals)), "removed")
		})
	}
}

// medley draws four Deployments of one size each, pods that keep apart from each other
// by hostname, and bare pods of which no two are alike.
func medley(n int) []*corev1.Pod {
	r := rand.New(rand.NewPCG(7, 8))
	var pods []*corev1.Pod
	for d, size := range [][2]int64{{100, 128}, {250, 512}, {500, 1024}, {1000, 4096}} {
		for i := range n * 21 / 100 {
			pods = append(pods, benchPod("default", fmt.Sprintf("app-%d-%d", d, i), size[0], size[1], map[string]string{"app": fmt.Sprint("app-", d)}))
		}
	}
	for i := range n / 95 {
		pod := benchPod("default", fmt.Sprintf("apart-%d", i), 500, 512, map[string]string{"app": "apart"})
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			TopologyKey: corev1.LabelHostname, LabelSelector: labelSelector("app=apart"),
		}}}}
		pods = append(pods, pod)
	}
	for i := 0; len(pods) < n; i++ {
		pods = append(pods, benchPod("default", fmt.Sprintf("bare-%d", i), 50+10*r.Int64N(200), 64+r.Int64N(4000), nil))
	}
	return pods
}

func BenchmarkMedley(b *testing.B) {
	for _, n := range []int{1000, 3800} {
		b.Run(fmt.Sprintf("pods=%d", n), func(b *testing.B) {
			objects, offers := medley(n), vpsOffers()
			report(b, func() *State {
				return &State{Offers: offers, Groups: []*Group{mixedGroup("web", offers)}, Pods: newPods(objects)}
			})
		})
	}
}

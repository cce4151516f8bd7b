package conformance

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// pod draws one pod; many are twins of others, as pods of one Deployment are.
func (d *drawing) pod(i int) *corev1.Pod {
	name := fmt.Sprintf("p%d", i)
	pods := d.cluster.pods
	var p *corev1.Pod
	if i > 0 && d.chance(30) {
		p = pods[d.IntN(len(pods))].DeepCopy()
		if p.Spec.Priority != nil && *p.Spec.Priority < 0 {
			p.Spec.Priority = nil
		}
		p.Spec.NodeName, p.Status, p.DeletionTimestamp, p.DeletionGracePeriodSeconds = "", corev1.PodStatus{}, nil, nil
	} else {
		p = d.freshPod()
	}
	p.Name, p.UID = name, types.UID(name)
	if d.chance(40) {
		d.bind(p)
	} else if d.chance(5) {
		p.Spec.Priority = new(int32(-20)) // it may use room and buy none
	}
	d.ephemeralClaims(p)
	return p
}

func (d *drawing) freshPod() *corev1.Pod {
	yes := true
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: pick(d, "default", "default", "default", "other", "bare"), Labels: map[string]string{"app": pick(d, "p", "q", "r")},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "rs", UID: "rs", Controller: &yes}},
	}}
	if d.chance(60) {
		p.Labels["v"] = pick(d, "1", "2")
	}
	if d.chance(10) {
		p.Labels["w"] = ""
	}
	s := &p.Spec
	s.SchedulerName = corev1.DefaultSchedulerName
	d.requests(s)
	if d.chance(15) {
		s.Priority = new(int32(pick(d, 5, 10)))
	}
	if d.chance(3) {
		s.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/gate"}}
	}
	if d.chance(2) {
		s.SchedulerName = "another"
	}
	if d.chance(20) {
		s.Tolerations = d.tolerations()
	}
	for _, draw := range []func(*corev1.Pod){d.selector, d.nodeAffinity, d.ports, d.volumeMounts} {
		if d.chance(d.mixed) {
			draw(p)
		}
	}
	for _, draw := range []func(*corev1.Pod){d.podAffinity, d.podAntiAffinity, d.spreads} {
		if d.chance(d.sociable) {
			draw(p)
		}
	}
	if d.chance(d.mixed) {
		d.preferences(p)
	}
	return p
}

// bind puts the pod on a node, whether or not it fits there: that is what clusters
// look like after labels and taints have changed.
func (d *drawing) bind(p *corev1.Pod) {
	n := pick(d, d.cluster.nodes...)
	if n.State == plan.Ordered {
		return
	}
	p.Spec.NodeName = n.Name
	p.Spec.SchedulingGates = nil
	p.Status.Phase = pick(d, corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodRunning, corev1.PodPending, corev1.PodSucceeded, corev1.PodFailed)
	if d.chance(12) {
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &metav1.Time{Time: epoch}, new(int64(30))
	}
	if d.chance(12) {
		status := corev1.ContainerStatus{Name: p.Spec.Containers[0].Name, AllocatedResources: d.amounts(100)}
		if d.chance(60) {
			status.Resources = &corev1.ResourceRequirements{Requests: d.amounts(100)}
		}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{status}
	}
}

// amounts draws requests; each resource is asked for with the chance.
func (d *drawing) amounts(chance int) corev1.ResourceList {
	list := corev1.ResourceList{}
	if d.chance(chance) {
		list[corev1.ResourceCPU] = *resource.NewMilliQuantity(int64(d.between(0, 12))*100, resource.DecimalSI)
	}
	if d.chance(chance) {
		list[corev1.ResourceMemory] = *resource.NewQuantity(int64(d.between(0, 12))<<27, resource.BinarySI)
	}
	if d.chance(chance / 8) {
		list[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(int64(d.between(0, 3))<<30, resource.BinarySI)
	}
	if d.chance(chance / 3) {
		list[corev1.ResourceCPU] = resource.MustParse(pick(d, "1m", "0.5", "0.0001", "250m", "1"))
	}
	return list
}

func (d *drawing) requests(s *corev1.PodSpec) {
	container := func(name string, chance int) corev1.Container {
		c := corev1.Container{Name: name, Image: "example.com/image", Resources: corev1.ResourceRequirements{Requests: d.amounts(chance)}}
		if d.chance(6) {
			n := *resource.NewQuantity(int64(d.between(0, 2)), resource.DecimalSI)
			c.Resources.Requests[gpu] = n
			c.Resources.Limits = corev1.ResourceList{gpu: n}
		}
		return c
	}
	s.Containers = append(s.Containers, container("main", 75))
	if d.chance(15) {
		s.Containers = append(s.Containers, container("second", 50))
	}
	for i := range d.between(0, 2) {
		if !d.chance(15) {
			continue
		}
		c := container(fmt.Sprintf("init-%d", i), 60)
		if d.chance(50) {
			always := corev1.ContainerRestartPolicyAlways
			c.RestartPolicy = &always
		}
		s.InitContainers = append(s.InitContainers, c)
	}
	if d.chance(8) {
		s.Overhead = d.amounts(60)
	}
	if d.chance(8) {
		// No less than any containers together can ask for, or it would not be valid.
		s.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(pick(d, "5", "6")), corev1.ResourceMemory: resource.MustParse(pick(d, "7Gi", "8Gi")),
		}}
		if d.chance(50) {
			delete(s.Resources.Requests, pick(d, corev1.ResourceCPU, corev1.ResourceMemory))
		}
		if d.chance(70) { // else hardly any node would do
			for i := range s.Containers {
				s.Containers[i].Resources = corev1.ResourceRequirements{}
			}
			s.InitContainers = nil
			s.Resources.Requests = d.amounts(90)
			delete(s.Resources.Requests, corev1.ResourceEphemeralStorage)
		}
	}
}

func (d *drawing) tolerations() []corev1.Toleration {
	var all []corev1.Toleration
	for range d.between(1, 2) {
		t := corev1.Toleration{
			Key: pick(d, "t", "u", "t", "u", corev1.TaintNodeUnschedulable), Operator: pick(d, "", corev1.TolerationOpEqual, corev1.TolerationOpExists),
			Effect: pick(d, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute),
		}
		if t.Operator != corev1.TolerationOpExists {
			t.Value = pick(d, "", "", "v")
		} else if d.chance(20) {
			t.Key = ""
		}
		if t.Effect == corev1.TaintEffectNoExecute && d.chance(30) {
			t.TolerationSeconds = new(int64(60))
		}
		all = append(all, t)
	}
	return all
}

// ports draws host ports, those of the node's own network among them.
func (d *drawing) ports(p *corev1.Pod) {
	p.Spec.HostNetwork = d.chance(25)
	for _, number := range some[int32](d, 1, 2, 80, 443) {
		port := corev1.ContainerPort{
			ContainerPort: 80, HostPort: number, HostIP: pick(d, "", "", "0.0.0.0", "10.0.0.1", "10.0.0.2", "::"),
			Protocol: pick(d, "", corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP),
		}
		if p.Spec.HostNetwork {
			port.ContainerPort = number
		}
		all := []*corev1.Container{&p.Spec.Containers[0]}
		for i := range p.Spec.InitContainers {
			all = append(all, &p.Spec.InitContainers[i])
		}
		c := pick(d, all...)
		c.Ports = append(c.Ports, port)
	}
}

// daemon draws a DaemonSet, small enough to leave room on most nodes.
// daemonPods draws pods that DaemonSets have on nodes already, often larger than their
// template.
func (d *drawing) daemonPods() {
	for _, ds := range d.cluster.daemons {
		for _, n := range d.cluster.nodes {
			if n.State == plan.Ordered || !d.chance(30) {
				continue
			}
			p := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{
					Namespace: ds.Namespace, Name: ds.Name + "-on-" + n.Name, UID: types.UID(ds.Name + n.Name), Labels: ds.Spec.Template.Labels,
					OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: ds.Name, UID: ds.UID, Controller: new(true)}},
				},
				Spec:   *ds.Spec.Template.Spec.DeepCopy(),
				Status: corev1.PodStatus{Phase: corev1.PodRunning},
			}
			p.Spec.NodeName = n.Name
			if d.chance(60) {
				p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = *resource.NewMilliQuantity(int64(d.between(0, 8))*100, resource.DecimalSI)
			}
			d.cluster.pods = append(d.cluster.pods, p)
		}
	}
}

func (d *drawing) daemon(name string) *appsv1.DaemonSet {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": pick(d, "p", "q", "r")}}}
	p.Spec.Containers = []corev1.Container{{Name: "main", Image: "example.com/image", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: *resource.NewMilliQuantity(int64(d.between(0, 4))*50, resource.DecimalSI),
	}}}}
	if d.chance(50) {
		p.Spec.Tolerations = d.tolerations()
	}
	if d.chance(20) {
		d.selector(p)
	}
	if d.chance(20) {
		d.ports(p)
	}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)},
		Spec:       appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: p.Labels}, Spec: p.Spec}},
	}
}

package main

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// draw makes pods from a seed.
type draw struct {
	*rand.Rand
	prefix string
	pods   []*corev1.Pod
}

func newDraw(prefix string, seed uint64) *draw {
	return &draw{Rand: rand.New(rand.NewPCG(seed, seed)), prefix: prefix}
}

// pod adds a pod that kube-scheduler found no node for.
func (d *draw) pod(milliCPU, mebi int64, labels map[string]string) *corev1.Pod {
	name := fmt.Sprintf("%s-%06d", d.prefix, len(d.pods))
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: name, UID: types.UID(name), Labels: labels,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: d.prefix, Controller: new(true)}},
		},
		Spec: corev1.PodSpec{
			SchedulerName: corev1.DefaultSchedulerName,
			Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(mebi<<20, resource.BinarySI),
			}}}},
		},
		Status: corev1.PodStatus{
			Phase:      corev1.PodPending,
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}},
		},
	}
	d.pods = append(d.pods, p)
	return p
}

func (d *draw) one(of []int64) int64 { return of[d.IntN(len(of))] }

// letter is one of seven.
func (d *draw) letter() string { return string(rune('a' + d.IntN(7))) }

// equal pods, as one large Deployment has them.
func equal(n int) []*corev1.Pod {
	d := newDraw("equal", 1)
	for range n {
		d.pod(1000, 900, map[string]string{"app": "equal"})
	}
	return d.pods
}

// deployments draws pods of Deployments whose sizes and replica counts are like
// those of a real cluster.
func deployments(n int, seed uint64) []*corev1.Pod {
	d := newDraw(fmt.Sprintf("deployed-%d", seed), seed)
	for app := 0; len(d.pods) < n; app++ {
		cpu := d.one([]int64{50, 100, 100, 200, 250, 500, 500, 1000, 2000})
		memory := cpu * d.one([]int64{1, 2, 2, 4, 8})
		labels := map[string]string{"app": fmt.Sprintf("app-%d-%d", seed, app), "pod-template-hash": fmt.Sprint(app)}
		for range 1 + d.IntN(30) {
			d.pod(cpu, memory, labels)
		}
	}
	return d.pods[:n]
}

// deployed are the pods of Deployments that are pending, others than those that run.
func deployed(n int) []*corev1.Pod { return deployments(n, 1) }

// mixed is the case of four Deployments, a set that keeps apart by hostname, and
// pods without an owner, no two of a size.
func mixed() []*corev1.Pod {
	d := newDraw("mixed", 7)
	for i, t := range []struct {
		n           int
		cpu, memory int64
	}{{1200, 100, 256}, {1000, 250, 512}, {760, 500, 1024}, {300, 1000, 2048}} {
		for range t.n {
			d.pod(t.cpu, t.memory, map[string]string{"app": fmt.Sprintf("web-%d", i)})
		}
	}
	for range 40 {
		apart(d.pod(500, 1024, map[string]string{"app": "apart"}))
	}
	for range 500 {
		d.pod(50+d.Int64N(1000), 64+d.Int64N(2000), nil).OwnerReferences = nil
	}
	return d.pods
}

// apart keeps pods of the same app off each other's node.
func apart(p *corev1.Pod) {
	p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}},
		}},
	}}
}

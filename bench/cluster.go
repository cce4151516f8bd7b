package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// nodes are n of a machine, one zone after another.
func nodes(n int, m *machine, zones []string) []node {
	list := make([]node, n)
	for i := range list {
		list[i] = node{name: fmt.Sprintf("node-%05d", i), zone: zones[i%len(zones)], machine: m}
	}
	return list
}

// fill binds pods to the nodes until each is as good as full: the next ten pods do
// not fit any more. Pods that are too large for an empty node are left out.
func fill(list []node, pods []*corev1.Pod) []*corev1.Pod {
	rand.New(rand.NewPCG(8, 8)).Shuffle(len(pods), func(i, j int) { pods[i], pods[j] = pods[j], pods[i] })
	if len(list) > 0 {
		pods = slices.DeleteFunc(pods, func(p *corev1.Pod) bool { return !take(list[0].machine.allocatable.DeepCopy(), p) })
	}
	var bound []*corev1.Pod
	for i := range list {
		free := list[i].machine.allocatable.DeepCopy()
		for missed := 0; missed < 10 && len(pods) > 0; pods = pods[1:] {
			if !take(free, pods[0]) {
				missed++
				continue
			}
			bind(pods[0], &list[i])
			bound = append(bound, pods[0])
		}
	}
	return bound
}

// take takes what the pod asks for out of what is free, if there is enough.
func take(free corev1.ResourceList, p *corev1.Pod) bool {
	asks := p.Spec.Containers[0].Resources.Requests.DeepCopy()
	asks[corev1.ResourcePods] = resource.MustParse("1")
	for name, q := range asks {
		if left := free[name]; left.Cmp(q) < 0 {
			return false
		}
	}
	for name, q := range asks {
		left := free[name]
		left.Sub(q)
		free[name] = left
	}
	return true
}

// bind makes the pod run on the node.
func bind(p *corev1.Pod, n *node) {
	p.Spec.NodeName = n.name
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}}
}

// sparse binds the same number of small pods of many apps to every node.
func sparse(list []node, each int) []*corev1.Pod {
	d := newDraw("sparse", 5)
	for i := range list {
		for range each {
			app := d.Int64N(500)
			bind(d.pod(50+50*(app%6), 64+64*(app%8), map[string]string{"app": fmt.Sprintf("app-%d", app)}), &list[i])
		}
	}
	return d.pods
}

func find(machines []machine, name string) *machine {
	for i := range machines {
		if machines[i].name == name {
			return &machines[i]
		}
	}
	panic("no machine is called " + name)
}

package main

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// machine is an instance type as both sides are told of it. It is sold in every
// zone at one price.
type machine struct {
	name        string
	allocatable corev1.ResourceList
	price       plan.Money // a month
}

// node is one that is there already.
type node struct {
	name, zone string
	machine    *machine
}

// input is what both sides are given.
type input struct {
	machines []machine
	zones    []string
	nodes    []node
	// pods are pending, or bound to one of the nodes.
	pods []*corev1.Pod
	// groups and offers take the place of machines and zones where these cannot say what is
	// on sale: NodeGroups with taints, types at other prices in another zone.
	groups []*plan.Group
	offers []*plan.Offer
}

// fresh copies the pods, so that no run finds anything that an earlier one left on them.
func (in *input) fresh() *input {
	c := *in
	c.pods = make([]*corev1.Pod, len(in.pods))
	for i, p := range in.pods {
		c.pods[i] = p.DeepCopy()
	}
	return &c
}

// pending are the pods that want a node.
func (in *input) pending() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, p := range in.pods {
		if p.Spec.NodeName == "" {
			pods = append(pods, p)
		}
	}
	return pods
}

// outcome is what one side made of an input.
type outcome struct {
	// bought is how many nodes are new, gone how many go.
	bought, gone int
	// price is what the new nodes cost less what goes saves, a month.
	price plan.Money
	// bound is the least that the new nodes must cost; the planner alone tells it.
	bound    plan.Money
	unplaced int
}

package main

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// scenario is one line of the table.
type scenario struct {
	name  string
	build func() *input
	// removal asks Karpenter to consolidate instead of to provision.
	removal bool
	// alone leaves Karpenter out, which would take many minutes.
	alone bool
	// seconds is about how long all runs take on two cores.
	seconds int
}

var (
	oneZone    = []string{"zone-1"}
	threeZones = []string{"zone-1", "zone-2", "zone-3"}
)

func scenarios() []scenario {
	return []scenario{
		{name: "diverse-1000", build: onKarpenterMachines(of(diverse, 1000), 0), seconds: 10},
		{name: "diverse-1000-nodes-1000", build: onKarpenterMachines(of(diverse, 1000), 1000), seconds: 30},
		{name: "diverse-5000", build: onKarpenterMachines(of(diverse, 5000), 0), seconds: 60},
		{name: "diverse-10000", build: onKarpenterMachines(of(diverse, 10000), 0), seconds: 150},
		{name: "deployments-1000", build: onVPSMachines(of(deployed, 1000), 0), seconds: 5},
		{name: "deployments-1000-nodes-1000", build: onVPSMachines(of(deployed, 1000), 1000), seconds: 30},
		{name: "deployments-2000", build: onVPSMachines(of(deployed, 2000), 0), seconds: 5},
		{name: "deployments-10000", build: onVPSMachines(of(deployed, 10000), 0), seconds: 90},
		{name: "catalogue-2000", build: onCatalogueMachines(of(deployed, 2000)), seconds: 10},
		{name: "mixed-3800", build: onVPSMachines(mixed, 0), seconds: 10},
		{name: "company-1000", build: company(1000), alone: true, seconds: 5},
		{name: "company-2000", build: company(2000), alone: true, seconds: 5},
		{name: "company-10000", build: company(10000), alone: true, seconds: 10},
		{name: "equal-50000", build: onVPSMachines(of(equal, 50000), 0), alone: true, seconds: 5},
		{name: "onto-50000-nodes-1000", build: ontoEmptyNodes(of(equal, 50000), 1000), alone: true, seconds: 5},
		{name: "removal-1000", build: sparseNodes(1000), removal: true, seconds: 20},
		{name: "removal-5000", build: sparseNodes(5000), removal: true, seconds: 90},
	}
}

// chosen are the scenarios of that name or that begin with it and a dash; all when
// it is empty.
func chosen(all []scenario, name string) []scenario {
	return slices.DeleteFunc(all, func(s scenario) bool {
		return name != "" && s.name != name && !strings.HasPrefix(s.name, name+"-")
	})
}

func of(generate func(int) []*corev1.Pod, n int) func() []*corev1.Pod {
	return func() []*corev1.Pod { return generate(n) }
}

// onKarpenterMachines has the pods pend, beside as many nodes as are asked for that
// are as good as full.
func onKarpenterMachines(pods func() []*corev1.Pod, there int) func() *input {
	return func() *input {
		in := &input{machines: karpenterMachines(), zones: threeZones}
		in.nodes = nodes(there, find(in.machines, "fake-it-15"), in.zones)
		in.pods = append(fill(in.nodes, plain(60*there)), pods()...)
		return in
	}
}

func onVPSMachines(pods func() []*corev1.Pod, there int) func() *input {
	return func() *input {
		in := &input{machines: vpsMachines(), zones: oneZone}
		in.nodes = nodes(there, find(in.machines, "large-8cpu-16gb"), in.zones)
		in.pods = append(fill(in.nodes, deployments(40*there, 2)), pods()...)
		return in
	}
}

func onCatalogueMachines(pods func() []*corev1.Pod) func() *input {
	return func() *input { return &input{machines: catalogueMachines(), zones: oneZone, pods: pods()} }
}

// company is the reference workload, with its own groups and offers.
func company(n int) func() *input {
	return func() *input {
		s := plantest.Company(n, 1, true)
		in := &input{groups: s.Groups, offers: s.Offers}
		for _, p := range s.Pods {
			in.pods = append(in.pods, p.Object())
		}
		return in
	}
}

// ontoEmptyNodes has room for every pod on nodes that are there.
func ontoEmptyNodes(pods func() []*corev1.Pod, there int) func() *input {
	return func() *input {
		in := &input{machines: karpenterMachines(), zones: oneZone}
		in.nodes = nodes(there, find(in.machines, "fake-it-51"), in.zones)
		in.pods = pods()
		return in
	}
}

// sparseNodes are a third full, with 30 pods each.
func sparseNodes(n int) func() *input {
	return func() *input {
		in := &input{machines: vpsMachines(), zones: oneZone}
		in.nodes = nodes(n, find(in.machines, "huge-16cpu-32gb"), in.zones)
		in.pods = sparse(in.nodes, 30)
		return in
	}
}

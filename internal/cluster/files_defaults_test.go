package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
)

func list(pairs ...string) corev1.ResourceList {
	l := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		l[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return l
}

func onePod(t *testing.T, text string) *corev1.Pod {
	t.Helper()
	read := readText(t, text)
	if len(read.Pods) != 1 {
		t.Fatalf("%d pods", len(read.Pods))
	}
	return read.Pods[0]
}

// What the API server would have filled in, by the field it fills.
func TestPodDefaults(t *testing.T) {
	read := func(spec string) *corev1.PodSpec {
		return &onePod(t, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {"+spec+"}}").Spec
	}
	limited := "resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}"
	tests := map[string]struct{ got, want any }{
		"requests of a container":       {read("containers: [{" + limited + "}]").Containers[0].Resources.Requests, list("cpu", "500m", "memory", "1Gi")},
		"requests without any":          {read("containers: [{resources: {limits: {cpu: 1}}}]").Containers[0].Resources.Requests, list("cpu", "1")},
		"requests of an init container": {read("containers: [{}], initContainers: [{" + limited + "}]").InitContainers[0].Resources.Requests, list("cpu", "500m", "memory", "1Gi")},
		"no limits, no requests":        {read("containers: [{}]").Containers[0].Resources.Requests, corev1.ResourceList(nil)},
		"requests of the pod, from its containers": {
			read("resources: {limits: {cpu: 4, memory: 4Gi, hugepages-2Mi: 2Mi}}, containers: [{resources: {requests: {cpu: 1, ephemeral-storage: 1Gi}}}, {resources: {requests: {cpu: 1}}}]").Resources.Requests,
			list("cpu", "2", "memory", "4Gi", "hugepages-2Mi", "2Mi"),
		},
		"requests of the pod, as given": {read("resources: {requests: {cpu: 3}}, containers: [{resources: {requests: {cpu: 1}}}]").Resources.Requests, list("cpu", "3")},
		"protocol":                      {read("containers: [{ports: [{containerPort: 1}, {containerPort: 2, protocol: UDP}]}]").Containers[0].Ports, []corev1.ContainerPort{{ContainerPort: 1, Protocol: "TCP"}, {ContainerPort: 2, Protocol: "UDP"}}},
		"host network":                  {read("hostNetwork: true, containers: [{ports: [{containerPort: 1}, {containerPort: 2, hostPort: 3}]}]").Containers[0].Ports, []corev1.ContainerPort{{ContainerPort: 1, HostPort: 1, Protocol: "TCP"}, {ContainerPort: 2, HostPort: 3, Protocol: "TCP"}}},
		"scheduler":                     {read("containers: [{}]").SchedulerName, "default-scheduler"},
		"another scheduler":             {read("containers: [{}], schedulerName: mine").SchedulerName, "mine"},
		"restart policy":                {read("containers: [{}]").RestartPolicy, corev1.RestartPolicyAlways},
		"another restart policy":        {read("containers: [{}], restartPolicy: Never").RestartPolicy, corev1.RestartPolicyNever},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPriorities(t *testing.T) {
	const classes = `
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000, preemptionPolicy: Never}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: usual}, value: 7, globalDefault: true}
---
`
	tests := map[string]struct {
		spec, before string
		priority     int32
		set          bool
		policy       corev1.PreemptionPolicy
	}{
		"none":                 {"", "", 0, false, ""},
		"the cluster's usual":  {"", classes, 7, true, ""},
		"a class":              {"priorityClassName: high, ", classes, 1000, true, corev1.PreemptNever},
		"a class, own policy":  {"priorityClassName: high, preemptionPolicy: PreemptLowerPriority, ", classes, 1000, true, corev1.PreemptLowerPriority},
		"as admitted":          {"priorityClassName: high, priority: 3, ", classes, 3, true, ""},
		"admitted, no classes": {"priorityClassName: high, priority: 3, ", "", 3, true, ""},
		"the cluster's own":    {"priorityClassName: system-cluster-critical, ", "", 2_000_000_000, true, ""},
		"the nodes' own":       {"priorityClassName: system-node-critical, ", "", 2_000_001_000, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := onePod(t, test.before+strings.Replace(pod("p"), "spec: {", "spec: {"+test.spec, 1)).Spec
			if (got.Priority != nil) != test.set || test.set && *got.Priority != test.priority {
				t.Errorf("priority %v, want %d", got.Priority, test.priority)
			}
			if test.policy == "" && got.PreemptionPolicy != nil || test.policy != "" && *got.PreemptionPolicy != test.policy {
				t.Errorf("preemption policy %v, want %q", got.PreemptionPolicy, test.policy)
			}
		})
	}
}

func TestNodeAndGroupDefaults(t *testing.T) {
	read := readText(t, aGroup+"---\n{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {capacity: {cpu: 2}}}\n---\n"+
		"{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {capacity: {cpu: 2}, allocatable: {cpu: 1}}}\n")
	for i, want := range []string{"2", "1"} {
		if got := read.Nodes[i].Status.Allocatable.Cpu(); got.Cmp(resource.MustParse(want)) != 0 {
			t.Errorf("node %d has %s cpu allocatable, want %s", i+1, got, want)
		}
	}
	up, down := read.NodeGroups[0].Spec.ScaleUpPolicy, read.NodeGroups[0].Spec.ScaleDownPolicy
	if !*up.Enabled || *up.StabilizationWindowSeconds != 60 || *down.CPUThreshold != 50 || *down.UnneededTime != 600 {
		t.Errorf("policies %+v %+v, want the reference's defaults", up, down)
	}
}

// New nodes hold a DaemonSet's pods, not its template: these ask for their limits.
func TestDaemonSetsAsPods(t *testing.T) {
	read := readText(t, "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {}, template: {spec: {hostNetwork: true, containers: [{resources: {limits: {cpu: 1}}, ports: [{containerPort: 9}]}]}}}}")
	set := asPods(read.DaemonSets, nil)[0]
	c := set.Spec.Template.Spec.Containers[0]
	if diff := cmp.Diff(list("cpu", "1"), c.Resources.Requests); diff != "" {
		t.Errorf("requests -want +got:\n%s", diff)
	}
	if c.Ports[0].HostPort != 9 {
		t.Errorf("host port %d, want 9", c.Ports[0].HostPort)
	}
	if before := read.DaemonSets[0].Spec.Template.Spec.Containers[0]; before.Resources.Requests != nil || before.Ports[0].HostPort != 0 {
		t.Error("the object that was read was changed")
	}
}

// Pods of a DaemonSet get the priority of its class, whether it has pods already or not.
func TestDaemonSetsHaveThePriorityOfTheirClass(t *testing.T) {
	for class, want := range map[string]int32{"spare": -20, "system-node-critical": 2_000_001_000, "unknown": 0, "": 0} {
		read := readText(t, "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: spare}, value: -20}\n---\n"+
			"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {}, template: {spec: {priorityClassName: '"+class+"', containers: [{name: main}]}}}}")
		spec := asPods(read.DaemonSets, read.PriorityClasses)[0].Spec.Template.Spec
		if got := corev1helpers.PodPriority(&corev1.Pod{Spec: spec}); got != want {
			t.Errorf("class %q: priority %d, want %d", class, got, want)
		}
	}
}

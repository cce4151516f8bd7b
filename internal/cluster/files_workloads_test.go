package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A workload counts as the pods that its controller would make, less those that are there.
func TestWorkloadsCountAsTheirPods(t *testing.T) {
	const template = "template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}"
	workload := func(kind, meta, spec string) string {
		group := "apps/v1"
		if kind == "Job" {
			group = "batch/v1"
		}
		return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: web%s}, spec: {selector: {matchLabels: {app: web}}, %s%s}}", group, kind, meta, template, spec)
	}
	owned := func(name, owner, spec string) string {
		kind, by, _ := strings.Cut(owner, " ")
		return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: web}, ownerReferences: [{apiVersion: x, kind: %s, name: %s, uid: u, controller: true}]}, spec: {containers: [{name: c}]}%s}", name, kind, by, spec)
	}
	const succeeded, running, gone = ", status: {phase: Succeeded}", ", status: {phase: Running}", ", status: {phase: Failed}"
	const ofDeployment = ", ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]"
	tests := map[string]struct {
		objects []string
		want    []string // the pods that are made
	}{
		"a Deployment":                       {[]string{workload("Deployment", "", ", replicas: 2")}, []string{"web-1", "web-2"}},
		"without replicas":                   {[]string{workload("Deployment", "", "")}, []string{"web-1"}},
		"of none":                            {[]string{workload("Deployment", "", ", replicas: 0")}, nil},
		"of which one is there":              {[]string{workload("Deployment", "", ", replicas: 2"), owned("web-1", "ReplicaSet web-7f", running)}, []string{"web-2"}},
		"of which one has finished":          {[]string{workload("Deployment", "", ", replicas: 1"), owned("a", "ReplicaSet web-7f", gone)}, []string{"web-1"}},
		"whose pods are another's":           {[]string{workload("Deployment", "", ", replicas: 1"), owned("a", "Job x", running)}, []string{"web-1"}},
		"that is being deleted":              {[]string{workload("Deployment", ", deletionTimestamp: '2025-10-12T10:00:00Z'", ", replicas: 1")}, nil},
		"with its ReplicaSet":                {[]string{workload("Deployment", "", ", replicas: 2"), strings.Replace(workload("ReplicaSet", ofDeployment, ", replicas: 2"), "name: web,", "name: web-7f,", 1)}, []string{"web-7f-1", "web-7f-2"}},
		"that has grown":                     {[]string{workload("Deployment", "", ", replicas: 3"), strings.Replace(workload("ReplicaSet", ofDeployment, ", replicas: 2"), "name: web,", "name: web-7f,", 1)}, []string{"web-7f-1", "web-7f-2", "web-1"}},
		"a ReplicaSet":                       {[]string{workload("ReplicaSet", "", ", replicas: 2"), owned("a", "ReplicaSet web", running)}, []string{"web-1"}},
		"a StatefulSet":                      {[]string{workload("StatefulSet", "", ", replicas: 3"), owned("web-1", "StatefulSet web", running)}, []string{"web-0", "web-2"}},
		"with a first ordinal":               {[]string{workload("StatefulSet", "", ", replicas: 2, ordinals: {start: 5}")}, []string{"web-5", "web-6"}},
		"a Job":                              {[]string{workload("Job", "", "")}, []string{"web-1"}},
		"with parallelism":                   {[]string{workload("Job", "", ", parallelism: 3, completions: 10"), owned("a", "Job web", running), owned("b", "Job web", succeeded)}, []string{"web-1", "web-2"}},
		"nearly complete":                    {[]string{workload("Job", "", ", parallelism: 3, completions: 2"), owned("b", "Job web", succeeded)}, []string{"web-1"}},
		"a work queue that one has finished": {[]string{workload("Job", "", ", parallelism: 3"), owned("b", "Job web", succeeded)}, nil},
		"suspended":                          {[]string{workload("Job", "", ", suspend: true")}, nil},
		"complete":                           {[]string{strings.TrimSuffix(workload("Job", "", ""), "}") + ", status: {conditions: [{type: Complete, status: 'True'}]}}"}, nil},
		"of another controller":              {[]string{workload("Job", "", ", managedBy: kueue.x-k8s.io/multikueue")}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			read := readText(t, strings.Join(test.objects, "\n---\n"))
			var made []string
			for _, p := range read.Pods[strings.Count(strings.Join(test.objects, ""), "kind: Pod,"):] {
				made = append(made, p.Name)
				if owner := metav1.GetControllerOf(p); owner == nil || p.Labels["app"] != "web" || p.Spec.SchedulerName == "" {
					t.Errorf("%s: %+v", p.Name, p)
				}
			}
			if diff := cmp.Diff(test.want, made); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			told := slices.ContainsFunc(read.Notes, func(n string) bool { return strings.HasPrefix(n, "pods that are not there yet are planned for: ") })
			if told != (len(test.want) > 0) {
				t.Errorf("notes %q", read.Notes)
			}
		})
	}
}

// A StatefulSet's pods bring the claims that they will have.
func TestStatefulSetsBringTheirClaims(t *testing.T) {
	read := readText(t, `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {replicas: 2, selector: {matchLabels: {app: db}},
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-1, namespace: shop}, spec: {volumeName: v}}`)
	var names []string
	for _, c := range read.Claims {
		names = append(names, c.Namespace+"/"+c.Name)
	}
	for _, p := range read.Pods {
		names = append(names, p.Name+" uses "+p.Spec.Volumes[0].PersistentVolumeClaim.ClaimName)
	}
	if diff := cmp.Diff([]string{"shop/data-db-1", "shop/data-db-0", "db-0 uses data-db-0", "db-1 uses data-db-1"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Waiting pods bring the claims of their generic ephemeral volumes, which a controller makes as soon as they are there.
func TestWaitingPodsBringTheirEphemeralClaims(t *testing.T) {
	const volumes = "containers: [{name: c}], volumes: [{name: scratch, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {storageClassName: fast}}}}]"
	read := readText(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {`+volumes+`}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: waits}, spec: {`+volumes+`}}
---
{apiVersion: v1, kind: Pod, metadata: {name: runs}, spec: {nodeName: n1, `+volumes+`}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web-1-scratch, namespace: default}, spec: {volumeName: v}}`)
	var names []string
	for _, c := range read.Claims {
		names = append(names, c.Name)
		owner := metav1.GetControllerOf(c)
		made := owner != nil && owner.Kind == "Pod" && c.Name == owner.Name+"-scratch" && *c.Spec.StorageClassName == "fast" && c.Labels["a"] == "b"
		if there := c.Spec.VolumeName == "v"; made == there {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	if diff := cmp.Diff([]string{"web-1-scratch", "waits-scratch", "web-2-scratch"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Pods that have seen no API server get what admission adds.
func TestAdmissionOfPods(t *testing.T) {
	const more = `
---
{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, default: {memory: 1Gi}, defaultRequest: {cpu: 100m}, min: {ephemeral-storage: 1Gi}}]}}
---
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: kata}, handler: kata, overhead: {podFixed: {cpu: 250m}}, scheduling: {nodeSelector: {kata: "yes"}, tolerations: [{key: kata, operator: Exists}]}}
`
	made := onePod(t, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {runtimeClassName: kata, containers: [{name: c, resources: {requests: {cpu: 1}}}]}}"+more)
	if diff := cmp.Diff(list("cpu", "1", "memory", "1Gi", "ephemeral-storage", "1Gi"), made.Spec.Containers[0].Resources.Requests); diff != "" {
		t.Errorf("requests -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(list("cpu", "250m"), made.Spec.Overhead); diff != "" || made.Spec.NodeSelector["kata"] != "yes" || len(made.Spec.Tolerations) != 1 {
		t.Errorf("overhead -want +got:\n%s%v %v", diff, made.Spec.NodeSelector, made.Spec.Tolerations)
	}
	runs := onePod(t, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: n1, runtimeClassName: kata, containers: [{name: c, resources: {requests: {cpu: 1}}}]}}"+more)
	if len(runs.Spec.Containers[0].Resources.Requests) != 1 || runs.Spec.Overhead != nil {
		t.Errorf("a pod that runs has got %+v", runs.Spec)
	}
	daemons := readText(t, `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d, namespace: default, uid: u, resourceVersion: "1"}, spec: {template: {spec: {runtimeClassName: kata, containers: [{name: c, resources: {limits: {cpu: 2}}}]}}}}`+more)
	spec := daemons.DaemonSets[0].Spec.Template.Spec
	if diff := cmp.Diff(list("cpu", "2", "memory", "1Gi", "ephemeral-storage", "1Gi"), spec.Containers[0].Resources.Requests); diff != "" || spec.Overhead.Cpu().String() != "250m" {
		t.Errorf("the pods of a DaemonSet: overhead %v, requests -want +got:\n%s", spec.Overhead, diff)
	}
	lacks := readText(t, "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {runtimeClassName: gvisor, containers: [{name: c}]}}"+more)
	if !slices.Contains(lacks.Notes, `stdin: document 1: Pod p: spec.runtimeClassName: there is no RuntimeClass "gvisor" in the files; planned without what it adds`) {
		t.Errorf("notes: %q", lacks.Notes)
	}
}

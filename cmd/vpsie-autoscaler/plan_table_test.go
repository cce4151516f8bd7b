package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Ten thousand pods of a hundred Deployments and as many pods by themselves, on two
// hundred nodes, some too big and some repelled, are told on one screen.
func TestTenThousandPodsFitAScreen(t *testing.T) {
	const lines, columns = 60, 220
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: List\nitems:\n")
	for i := range 200 {
		fmt.Fprintf(&b, "- {apiVersion: v1, kind: Node, metadata: {name: n%03d, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small}}, status: {allocatable: {cpu: '4', memory: 8Gi, pods: '110'}, conditions: [{type: Ready, status: 'True'}]}}\n", i)
	}
	for i := range 10_000 {
		owner := fmt.Sprintf("ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: app%d-5d8f, uid: u, controller: true}], labels: {pod-template-hash: 5d8f}, ", i%100)
		cpu := "200m"
		switch {
		case i%100 > 96: // too big
			cpu = "900"
		case i%100 > 90: // by themselves, each of its own size
			owner, cpu = "", fmt.Sprintf("%dm", 100+i/100)
		}
		fmt.Fprintf(&b, "- {apiVersion: v1, kind: Pod, metadata: {%sname: app%d-5d8f-%d}, spec: {containers: [{resources: {requests: {cpu: '%s'}}}]}}\n", owner, i%100, i, cpu)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pods.yaml":      b.String(),
		"group.yaml":     "{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: NodeGroup, metadata: {name: web}, spec: {minNodes: 0, maxNodes: 300, datacenterID: dc, offeringIDs: [small], osImageID: u}}",
		"offerings.yaml": "offerings: [{id: small, datacenterID: dc, cpu: 4, memoryMB: 8192, pricePerMonth: '20.00'}]",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := planIn(t, dir, []string{"-f", "pods.yaml", "-f", "group.yaml", "--offerings", "offerings.yaml"})
	got := strings.Split(out, "\n")
	if len(got) > lines {
		t.Errorf("%d lines, want at most %d:\n%s", len(got), lines, out)
	}
	for _, line := range got {
		if len(line) > columns {
			t.Errorf("%d columns, want at most %d:\n%s", len(line), columns, line)
		}
	}
	for _, want := range []string{"BUY 100 machines", "PLACE ", "WAIT ", "InsufficientResource", "MaxNodesReached", "Deployment default/app0", "more in"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table does not say %q:\n%s", want, out)
		}
	}
}

func TestPodsByWhatTheyAreOneOf(t *testing.T) {
	owned := func(kind, name string, labels map[string]string) *plan.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: kind + "-pod", Labels: labels}}
		if kind != "" {
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: new(true)}}
		}
		return &plan.Pod{Object: pod}
	}
	for name, test := range map[string]struct {
		pod  *plan.Pod
		want string
	}{
		"of a Deployment":       {owned("ReplicaSet", "web-5d8f", map[string]string{"pod-template-hash": "5d8f"}), "Deployment ns/web"},
		"of a ReplicaSet alone": {owned("ReplicaSet", "web-5d8f", nil), "ReplicaSet ns/web-5d8f"},
		"of a StatefulSet":      {owned("StatefulSet", "db1", nil), "StatefulSet ns/db1"},
		"of a CronJob":          {owned("Job", "backup-29001234", nil), "Job ns/backup-*"},
		"by itself":             {owned("", "", nil), "ns/-pod"},
	} {
		names := namePods([]*plan.Pod{test.pod})
		if got := names.of("ns/" + test.pod.Object.Name); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	none := podNames{}
	for name, want := range map[string]string{"ns/worker-17": "ns/worker-*", "ns/worker17": "ns/worker*", "ns/worker": "ns/worker"} {
		if got := none.of(name); got != want {
			t.Errorf("%s is one of %q, want %q", name, got, want)
		}
	}
	summary := none.summary([]string{"n/a-1", "n/b-1", "n/a-2", "n/c", "n/d", "n/e"})
	if diff := cmp.Diff("2 of n/a-*, n/b-1, n/c, 2 others", summary); diff != "" {
		t.Errorf("summary -want +got:\n%s", diff)
	}
	if got := none.summary([]string{"n/a", "n/b", "n/c", "n/d"}); got != "n/a, n/b, n/c, n/d" {
		t.Errorf("summary %q leaves out one that has room", got)
	}
}

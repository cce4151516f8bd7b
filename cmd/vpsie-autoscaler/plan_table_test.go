package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

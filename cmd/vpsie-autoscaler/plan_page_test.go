package main

import (
	"os"
	"strings"
	"testing"
)

// The page of a plan shows what is there, what is bought and removed, what waits and why.
func TestPlanAsAPage(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	objects := `apiVersion: v1
kind: List
items:
- {apiVersion: autoscaler.vpsie.com/v1beta1, kind: NodeGroup, metadata: {name: web}, spec: {minNodes: 0, maxNodes: 3, datacenterID: dc, offeringIDs: [small], osImageID: u}}
- {apiVersion: v1, kind: Node, metadata: {name: old-1, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small}}, status: {allocatable: {cpu: '2', memory: 4Gi, pods: '110'}, conditions: [{type: Ready, status: 'True'}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: api-1, namespace: shop}, spec: {nodeName: old-1, containers: [{name: c, resources: {requests: {cpu: 1500m}}}]}, status: {phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: new-1, namespace: shop}, spec: {containers: [{name: c, resources: {requests: {cpu: '1'}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: huge-1, namespace: shop}, spec: {containers: [{name: c, resources: {requests: {cpu: '64'}}}]}}
`
	for name, text := range map[string]string{
		"all.yaml": objects, "offerings.yaml": "offerings: [{id: small, datacenterID: dc, cpu: 2, memoryMB: 4096, pricePerMonth: '7.20'}]",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := planIn(t, dir, []string{"-f", "all.yaml", "--offerings", "offerings.yaml", "-o", "html"})
	for _, want := range []string{
		"<!doctype html>", "1 node there, 1 to be bought, 0 to go", "old-1", "web-new-1", "to be bought", "cpu 75%", "shop/api-1", "shop/new-1",
		"InsufficientResource", "PendingPods, for 1 pod", "the present pods need at least",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(out, "<script") || strings.Contains(out, "http:") || strings.Contains(out, "https:") {
		t.Error("the page has a script, or needs the network")
	}
}
